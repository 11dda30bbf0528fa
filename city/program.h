/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h -- What verbs need of the system: clocks, who runs them, signals to end.
 */
#ifndef CITY_PROGRAM_H
#define CITY_PROGRAM_H

#include <stdint.h>

int64_t program_mono_ms(void);
int64_t program_wall_ms(void);

/* Of the user who runs it; "unknown" where the system has no name. */
const char *program_user_name(void);

/* SIGINT and SIGTERM as a descriptor; below 0: there is none, and why was said. To be called before
 * there is another thread. */
int program_catch_signals(void);

#endif
