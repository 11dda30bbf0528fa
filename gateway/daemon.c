/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.c -- The loop: waits for reports, the link, clients, signals or the
 * next thing that is due, and gives each its turn; and the end, within a second.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/daemon_state.h"
#include "gateway/service_manager.h"

enum { WAIT_SIGNAL, WAIT_REPORTS, WAIT_CONTROL, WAIT_LOANS, WAIT_LINK, WAIT_COUNT };

/* ---- turns ---- */

static void turn_of_signals(struct daemon *daemon)
{
	struct signalfd_siginfo signal;
	while (read(daemon->signal_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
		if (signal.ssi_signo == SIGHUP)
			daemon->reload_wanted = true;
		else
			daemon->ending = true;
	}
}

/* True while more wait. */
static bool turn_of_reports(struct daemon *daemon)
{
	struct worker_report report;
	uint32_t source;
	for (int i = 0; i < DAEMON_REPORTS_A_TURN; i++) {
		if (!report_queue_take(daemon->queue, &source, &report))
			return false;
		const struct daemon_bus *bus = daemon_buses_of_source(daemon->buses, source);
		if (bus == NULL)
			continue;
		struct pipeline_source from = {
			.site = bus->loaded->site, .bus = bus->bus, .slots = bus->loaded->slots};
		pipeline_report(daemon->pipeline, &from, &report, &daemon->now);
	}
	return true;
}

static void turn_of_link(struct daemon *daemon)
{
	struct link_event event;
	for (int i = 0; i < DAEMON_EVENTS_A_TURN && daemon->link != NULL; i++) {
		if (!mqtt_link_next(daemon->link, &event))
			return;
		if (event.kind == LINK_CONNECTED) /* with the files as they are now */
			daemon_link_know_certificate(daemon);
		pipeline_link(daemon->pipeline, &event, &daemon->now);
		if (event.kind == LINK_DISCONNECTED)
			daemon_link_learn(daemon);
		link_event_clear(&event);
	}
}

static void turn_of_buses(struct daemon *daemon)
{
	const char *failed = NULL;
	if (!daemon->buses_busy)
		return;
	daemon->buses_busy = daemon_buses_step(daemon->buses, &failed);
	if (failed != NULL)
		log_line(LOG_LEVEL_ERROR, "bus %s: its thread cannot be started; tried again",
			failed);
}

static void tell_of_drops(struct daemon *daemon)
{
	uint64_t dropped = report_queue_dropped(daemon->queue);
	if (daemon->dropped_told == 0 && dropped > 0)
		log_line(LOG_LEVEL_WARNING, "reports come faster than they can be stored; samples "
					    "are left out, counters "
					    "lose nothing by that");
	daemon->dropped_told = dropped;
}

static void turn_of_the_second(struct daemon *daemon)
{
	if (daemon->now.mono_ms < daemon->second_due_mono_ms)
		return;
	daemon->second_due_mono_ms = daemon->now.mono_ms + DAEMON_SECOND_MS;
	daemon_ask_kernel(daemon);
	control_server_step(daemon->server, daemon->now.mono_ms);
	tell_of_drops(daemon);
	daemon_look_at_flash(daemon);
	service_manager_tell("WATCHDOG=1");
	if (daemon->link == NULL && daemon->now.mono_ms >= daemon->link_retry_mono_ms)
		daemon_link_start(daemon);
}

/* ---- the loop ---- */

static int wait_ms(const struct daemon *daemon, int64_t due_mono_ms)
{
	int64_t wait = due_mono_ms - daemon->now.mono_ms;
	if (daemon->second_due_mono_ms < due_mono_ms)
		wait = daemon->second_due_mono_ms - daemon->now.mono_ms;
	if (daemon->buses_busy && wait > DAEMON_BUSY_POLL_MS)
		wait = DAEMON_BUSY_POLL_MS;
	return wait < 0 ? 0 : (int)wait;
}

static void wait_for_something(
	const struct daemon *daemon, int64_t due_mono_ms, struct pollfd ready[static WAIT_COUNT])
{
	const int fds[WAIT_COUNT] = {
		[WAIT_SIGNAL] = daemon->signal_fd,
		[WAIT_REPORTS] = report_queue_fd(daemon->queue),
		[WAIT_CONTROL] = control_server_fd(daemon->server),
		[WAIT_LOANS] = daemon_loans_fd(daemon->loans),
		[WAIT_LINK] = daemon->link != NULL ? mqtt_link_fd(daemon->link) : -1,
	};
	for (int i = 0; i < WAIT_COUNT; i++)
		ready[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	if (poll(ready, WAIT_COUNT, wait_ms(daemon, due_mono_ms)) <= 0)
		for (int i = 0; i < WAIT_COUNT; i++)
			ready[i].revents = 0;
}

static void loop(struct daemon *daemon)
{
	int64_t due_mono_ms = daemon->now.mono_ms;
	struct pollfd ready[WAIT_COUNT];
	while (!daemon->ending) {
		wait_for_something(daemon, due_mono_ms, ready);
		daemon_look_at_clock(daemon);
		if (ready[WAIT_SIGNAL].revents != 0)
			turn_of_signals(daemon);
		if (ready[WAIT_REPORTS].revents != 0)
			turn_of_reports(daemon);
		if (ready[WAIT_LINK].revents != 0)
			turn_of_link(daemon);
		if (ready[WAIT_LOANS].revents != 0)
			control_requests_loans(&daemon->requests);
		if (ready[WAIT_CONTROL].revents != 0)
			control_server_step(daemon->server, daemon->now.mono_ms);
		if (daemon->reload_wanted)
			free(daemon_reload(daemon, "a signal"));
		daemon->reload_wanted = false;
		turn_of_buses(daemon);
		turn_of_the_second(daemon);
		due_mono_ms = pipeline_step(daemon->pipeline, &daemon->now);
	}
}

/* ---- the end ---- */

/* Until the broker has acknowledged what it was given, or the time is over. */
static void say_goodbye(struct daemon *daemon)
{
	int64_t end_mono_ms = daemon->now.mono_ms + DAEMON_GOODBYE_MS;
	while (daemon->link != NULL && daemon->now.mono_ms < end_mono_ms &&
		pipeline_waits_for_broker(daemon->pipeline)) {
		struct pollfd pollfd = {.fd = mqtt_link_fd(daemon->link), .events = POLLIN};
		poll(&pollfd, 1, (int)(end_mono_ms - daemon->now.mono_ms));
		daemon_look_at_clock(daemon);
		turn_of_link(daemon);
	}
}

/* All that was read is stored before anything is waited for. */
static bool end(struct daemon *daemon)
{
	service_manager_tell("STOPPING=1");
	log_line(LOG_LEVEL_NOTICE, "ending");
	daemon_buses_stop(daemon->buses);
	for (int turns = 0; turns < DAEMON_LAST_TURNS && turn_of_reports(daemon); turns++)
		;
	pipeline_stop(daemon->pipeline, &daemon->now);
	say_goodbye(daemon);
	daemon_link_stop(daemon, DAEMON_LINK_STOP_MS);
	daemon->pipeline = pipeline_close(daemon->pipeline);
	bool buses_ended = daemon_buses_end(daemon->buses, DAEMON_BUS_STOP_MS);
	bool loans_ended = daemon_loans_end(daemon->loans);
	daemon->server = control_server_close(daemon->server);
	return buses_ended && loans_ended;
}

enum daemon_result daemon_run(const char *path)
{
	struct daemon daemon;
	log_open();
	enum daemon_result result = daemon_start(&daemon, path);
	if (result == DAEMON_ENDED) {
		log_line(LOG_LEVEL_NOTICE, "byport %s: %zu meters on %zu buses, broker %s",
			BYPORT_VERSION, daemon.loaded->site->meters_count,
			daemon.loaded->site->buses_count, daemon.loaded->config->broker.host);
		service_manager_tell("READY=1");
		loop(&daemon);
		if (!end(&daemon))
			return DAEMON_LEFT;
	} else {
		daemon_buses_end(daemon.buses, DAEMON_BUS_STOP_MS);
		daemon_loans_end(daemon.loans);
	}
	daemon_free(&daemon);
	return result;
}
