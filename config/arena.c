/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c -- arena.h as a chain of blocks; what is larger than a block gets one of its own. */
#include "config/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES = 4096 }; /* a small site's strings fit into two */

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

struct config_arena {
	struct arena_block *blocks; /* the first is the one in use */
};

struct config_arena *arena_new(void)
{
	return calloc(1, sizeof(struct config_arena));
}

struct config_arena *arena_free(struct config_arena *arena)
{
	if (!arena) {
		return NULL;
	}
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;
		free(arena->blocks);
		arena->blocks = next;
	}
	free(arena);
	return NULL;
}

static struct arena_block *add_block(struct config_arena *arena, size_t bytes)
{
	size_t size = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		return NULL;
	}
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_take(struct config_arena *arena, size_t bytes)
{
	struct arena_block *block = arena->blocks;
	const size_t align = alignof(max_align_t);

	if (bytes > SIZE_MAX / 2) {
		return NULL;
	}
	bytes = (bytes + align - 1) / align * align;
	if (!block || block->size - block->used < bytes) {
		block = add_block(arena, bytes);
	}
	if (!block) {
		return NULL;
	}
	void *taken = block->bytes + block->used;
	block->used += bytes;
	return taken;
}

char *arena_text(struct config_arena *arena, const char *text, size_t length)
{
	char *copy = arena_take(arena, length + 1);

	if (copy && length > 0) {
		memcpy(copy, text, length);
	}
	return copy;
}
