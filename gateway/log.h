/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h -- The text log: one line to stderr for what a person should know.
 * Only the stages that decide log; lower layers return errors.
 *
 * When stderr is the journal, a line begins with its level ("<3>"), else with
 * the word ("error: "). Any thread may log; a line is one write().
 */
#ifndef GATEWAY_LOG_H
#define GATEWAY_LOG_H

#include <stdbool.h>

/* Numbers as in syslog(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,   /* something does not work and stays so until someone acts */
	LOG_LEVEL_WARNING = 4, /* something does not work now; it is tried again */
	LOG_LEVEL_NOTICE = 5,  /* a change worth knowing */
	LOG_LEVEL_INFO = 6,
};

enum { LOG_LINE_MAX = 1024 }; /* bytes; longer lines are cut */

/* Once, before threads: looks whether stderr is the journal. */
void log_open(void);

__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#endif
