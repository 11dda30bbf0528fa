/* SPDX-License-Identifier: Apache-2.0 */
/* program.c -- Clocks, the user, signals. */
#include "city/program.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ms(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t program_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t program_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

const char *program_user_name(void)
{
	const struct passwd *user = getpwuid(getuid());
	return user ? user->pw_name : "unknown";
}

int program_catch_signals(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	int fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		fprintf(stderr, "byport-city: no signals can be taken: %s\n", strerror(errno));
	else
		sigprocmask(SIG_BLOCK, &signals, NULL);
	return fd;
}
