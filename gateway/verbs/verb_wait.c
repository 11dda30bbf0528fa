/* SPDX-License-Identifier: Apache-2.0 */
/* verb_wait.c -- Verbs that go on until Ctrl-C. */
#include <signal.h>
#include <time.h>

#include "gateway/verbs/verb.h"

static sigset_t ends_of(void)
{
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	return ends;
}

void verb_catch_ends(void)
{
	sigset_t ends = ends_of();
	sigprocmask(SIG_BLOCK, &ends, NULL);
}

bool verb_wait_ms(long milliseconds)
{
	sigset_t ends = ends_of();
	struct timespec time = {
		.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
	return sigtimedwait(&ends, NULL, &time) < 0;
}
