/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrong_clock.c -- For LD_PRELOAD: a board whose wall clock begins at WRONG_CLOCK_S
 * (seconds since 1970) and that no time server has ever set.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int64_t shift_s;
static int known;

static void look(void)
{
	struct timespec now;
	const char *text = getenv("WRONG_CLOCK_S");
	if (known)
		return;
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	shift_s = text ? strtoll(text, NULL, 10) - now.tv_sec : 0;
	known = 1;
}

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, ret_now);
	look();
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		ret_now->tv_sec += shift_s;
	return result;
}

time_t time(time_t *ret_now)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (ret_now)
		*ret_now = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret_now, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*ret_now = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}

static int unsynchronised(struct timex *ret_state)
{
	*ret_state = (struct timex){.status = STA_UNSYNC};
	return TIME_ERROR;
}

int adjtimex(struct timex *ret_state)
{
	return unsynchronised(ret_state);
}

int ntp_adjtime(struct timex *ret_state)
{
	return unsynchronised(ret_state);
}
