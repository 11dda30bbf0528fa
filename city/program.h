/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h -- What a verb that runs until it is told to end needs of the system.
 */
#ifndef CITY_PROGRAM_H
#define CITY_PROGRAM_H

#include <stdint.h>

int64_t program_mono_ms(void);
int64_t program_wall_ms(void);

/* SIGINT and SIGTERM as a descriptor. To be called before there is another thread. */
int program_catch_signals(void);

#endif
