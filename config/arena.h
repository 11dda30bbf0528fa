/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h -- Memory that is taken piece by piece and given back all at once:
 * the strings and arrays of one file.
 */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include <stddef.h>

struct config_arena;

/* NULL when memory is out. */
struct config_arena *arena_new(void);

/* NULL is fine. Always returns NULL. */
struct config_arena *arena_free(struct config_arena *arena);

/* Zeroed, aligned for anything. NULL when memory is out; never NULL for 0 bytes otherwise. */
void *arena_take(struct config_arena *arena, size_t bytes);

/* A copy with a NUL behind it. NULL when memory is out. */
char *arena_text(struct config_arena *arena, const char *text, size_t length);

#endif
