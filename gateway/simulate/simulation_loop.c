/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_loop.c -- A line is moved when one of its descriptors is readable or
 * its time has come; the others are left alone.
 */
#include "gateway/simulate/simulation_loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "gateway/control_server.h"
#include "gateway/simulate/simulation_commands.h"
#include "gateway/simulate/simulation_report.h"

enum {
	COMMAND_LINE_MAX = 1024,
	WAKE_MS_MAX = 500,  /* the control socket's time-outs */
	TIMER_SLACK_NS = 1, /* answers leave when they should, not 50 µs later */
};

enum { FD_SIGNALS, FD_STDIN, FD_CONTROL, FD_LINES };

struct loop {
	struct simulation *simulation;
	const struct simulation_loop_settings *settings;
	struct control_server *control;
	int signals;
	bool stdin_open;
	char command[COMMAND_LINE_MAX];
	size_t command_length;
	struct pollfd *fds;
	size_t *line_fds; /* where each line's descriptors begin; one more for the end */
	int64_t end_mono_us;
};

static void signals_of_interest(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGTERM);
}

void simulation_loop_hold_signals(void)
{
	sigset_t set;
	signals_of_interest(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* --- commands ----------------------------------------------------------------- */

static void answer_control(void *context, const struct control_call *call)
{
	struct loop *loop = context;
	const char *text = json_string_value(json_object_get(call->request, "command"));
	char *answer = NULL;
	if (text == NULL)
		answer = control_error("`command` is missing");
	else if (!call->may_act)
		answer = control_error("only the acting socket takes commands");
	else
		answer = simulation_command(loop->simulation, text);
	control_server_answer(loop->control, call->client, answer);
}

static void run_stdin_line(struct loop *loop)
{
	loop->command[loop->command_length] = '\0';
	if (loop->command_length > 0) {
		char *answer = simulation_command(loop->simulation, loop->command);
		printf("%s\n", answer != NULL ? answer : "{\"error\": \"out of memory\"}");
		fflush(stdout);
		free(answer);
	}
	loop->command_length = 0;
}

static void read_stdin(struct loop *loop)
{
	char bytes[COMMAND_LINE_MAX];
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
		loop->stdin_open = false;
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n')
			run_stdin_line(loop);
		else if (loop->command_length < COMMAND_LINE_MAX - 1)
			loop->command[loop->command_length++] = bytes[i];
	}
}

/* --- the loop ----------------------------------------------------------------- */

static size_t collect_fds(struct loop *loop)
{
	size_t count = FD_LINES;
	loop->fds[FD_SIGNALS] = (struct pollfd){.fd = loop->signals, .events = POLLIN};
	loop->fds[FD_STDIN] =
		(struct pollfd){.fd = loop->stdin_open ? STDIN_FILENO : -1, .events = POLLIN};
	loop->fds[FD_CONTROL] =
		(struct pollfd){.fd = loop->control != NULL ? control_server_fd(loop->control) : -1,
			.events = POLLIN};
	for (size_t i = 0; i < loop->simulation->lines_count; i++) {
		loop->line_fds[i] = count;
		count += simulated_line_fds(loop->simulation->lines[i], loop->fds + count);
	}
	loop->line_fds[loop->simulation->lines_count] = count;
	return count;
}

static struct timespec time_to_wait(const struct loop *loop)
{
	int64_t now_us = simulation_now(loop->simulation).mono_us;
	int64_t due_us = now_us + (int64_t)WAKE_MS_MAX * 1000;
	for (size_t i = 0; i < loop->simulation->lines_count; i++) {
		int64_t line_due_us = simulated_line_due(loop->simulation->lines[i]);
		due_us = line_due_us < due_us ? line_due_us : due_us;
	}
	if (loop->end_mono_us < due_us)
		due_us = loop->end_mono_us;
	int64_t wait_us = due_us > now_us ? due_us - now_us : 0;
	return (struct timespec){.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
}

static bool is_ready(const struct loop *loop, size_t line)
{
	for (size_t i = loop->line_fds[line]; i < loop->line_fds[line + 1]; i++)
		if (loop->fds[i].revents != 0)
			return true;
	return false;
}

static void move_lines(struct loop *loop)
{
	struct simulation *simulation = loop->simulation;
	struct line_context context = {.scenario = simulation->scenario};
	if (simulation->log != NULL)
		context.hook = (struct served_hook){simulation_log_served, simulation};
	for (size_t i = 0; i < simulation->lines_count; i++) {
		struct simulated_instant now = simulation_now(simulation);
		if (is_ready(loop, i) || simulated_line_due(simulation->lines[i]) <= now.mono_us)
			simulated_line_move(simulation->lines[i], &now, &context);
	}
}

static bool step(struct loop *loop)
{
	size_t count = collect_fds(loop);
	struct timespec wait = time_to_wait(loop);
	if (ppoll(loop->fds, count, &wait, NULL) < 0 && errno != EINTR)
		return false;
	if (loop->fds[FD_SIGNALS].revents != 0)
		loop->simulation->ended = true;
	if (loop->fds[FD_STDIN].revents != 0)
		read_stdin(loop);
	move_lines(loop);
	struct simulated_instant now = simulation_now(loop->simulation);
	if (loop->control != NULL)
		control_server_step(loop->control, now.mono_us / 1000);
	return !loop->simulation->ended && now.mono_us < loop->end_mono_us;
}

static bool begin(struct loop *loop, char *ret_reason)
{
	sigset_t set;
	size_t lines = loop->simulation->lines_count;
	char why[CONTROL_REASON_MAX];
	signals_of_interest(&set);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	loop->fds = calloc(FD_LINES + lines * LINE_FDS_MAX, sizeof(*loop->fds));
	loop->line_fds = calloc(lines + 1, sizeof(*loop->line_fds));
	if (loop->signals < 0 || loop->fds == NULL || loop->line_fds == NULL) {
		snprintf(ret_reason, SPEC_REASON_MAX, "cannot begin: %s", strerror(errno));
		return false;
	}
	if (loop->settings->control_path != NULL) {
		struct control_server_settings control = {.path = loop->settings->control_path,
			.call = answer_control,
			.context = loop};
		if (!control_server_open(&control, &loop->control, why)) {
			snprintf(ret_reason, SPEC_REASON_MAX, "%s", why);
			return false;
		}
	}
	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	return true;
}

bool simulation_loop(struct simulation *simulation, const struct simulation_loop_settings *settings,
	char ret_reason[static SPEC_REASON_MAX])
{
	struct loop loop = {.simulation = simulation,
		.settings = settings,
		.signals = -1,
		.stdin_open = settings->commands,
		.end_mono_us = INT64_MAX};
	if (settings->for_ms > 0)
		loop.end_mono_us = simulation_now(simulation).mono_us + settings->for_ms * 1000;
	bool begun = begin(&loop, ret_reason);
	while (begun && step(&loop))
		continue;
	control_server_close(loop.control);
	if (loop.signals >= 0)
		close(loop.signals);
	free(loop.fds);
	free(loop.line_fds);
	return begun;
}
