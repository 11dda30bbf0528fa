/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_start.c -- The daemon's parts, made in order and taken down in the
 * opposite one.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "gateway/daemon_state.h"
#include "gateway/flash_look.h"

enum {
	QUEUE_POLLS = 8, /* of every device fit in the queue while the disk is slow */
	/* A block this large (a file being read, `about` of a large site) is given back as soon as
	 * it is free; by default the first such one raises the bound, and the rest stay. */
	LARGE_BYTES = 64 * 1024,
};

/* 2026-01-01T00:00:00Z: no byport has run before; a clock that says so is wrong. */
static const int64_t EARLIEST_WALL_MS = 1767225600000;

/* ---- clocks ---- */

static int64_t milliseconds_of(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void daemon_look_at_clock(struct daemon *daemon)
{
	daemon->now.mono_ms = milliseconds_of(CLOCK_MONOTONIC);
	daemon->now.wall_ms = milliseconds_of(CLOCK_REALTIME);
}

void daemon_ask_kernel(struct daemon *daemon)
{
	struct timex state = {.modes = 0};
	daemon->now.synchronised =
		adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

/* ---- configuration ---- */

/* The path from the root, links not followed: a link may point elsewhere at the next reload. */
static char *absolute_path(const char *path)
{
	char *here = path[0] != '/' ? getcwd(NULL, 0) : NULL;
	char *absolute = NULL;
	if (path[0] == '/')
		return strdup(path);
	if (here != NULL && asprintf(&absolute, "%s/%s", here, path) < 0)
		absolute = NULL;
	free(here);
	return absolute;
}

static enum daemon_result read_configuration(struct daemon *daemon, const char *path)
{
	struct diagnostics diagnostics = {0};
	daemon->path = absolute_path(path);
	bool good = daemon->path != NULL && loaded_site_read(path, &diagnostics, &daemon->loaded);
	daemon_log_diagnostics(&diagnostics);
	diagnostics_clear(&diagnostics);
	if (!good)
		return DAEMON_REFUSED;
	daemon->data_directory = strdup(daemon->loaded->config->data_directory);
	return daemon->data_directory != NULL ? DAEMON_ENDED : DAEMON_UNAVAILABLE;
}

/* ---- data directory ---- */

static bool lock_data_directory(struct daemon *daemon)
{
	char path[4096];
	if (mkdir(daemon->data_directory, 0750) != 0 && errno != EEXIST) {
		log_line(LOG_LEVEL_ERROR, "cannot make the data directory %s: %s",
			daemon->data_directory, strerror(errno));
		return false;
	}
	snprintf(path, sizeof path, "%s/lock", daemon->data_directory);
	daemon->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (daemon->lock_fd < 0) {
		log_line(LOG_LEVEL_ERROR, "cannot write to the data directory %s: %s",
			daemon->data_directory, strerror(errno));
		return false;
	}
	if (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	log_line(LOG_LEVEL_ERROR, "another byport uses the data directory %s",
		daemon->data_directory);
	return false;
}

/* ---- the card ---- */

void daemon_look_at_flash(struct daemon *daemon)
{
	if (daemon->now.mono_ms < daemon->flash_due_mono_ms)
		return;
	daemon->flash_due_mono_ms = daemon->now.mono_ms + DAEMON_FLASH_LOOK_MS;
	const struct flash_look look =
		flash_look_at("", flash_device_under(daemon->data_directory));
	pipeline_take_flash(daemon->pipeline, &look, &daemon->now);
}

/* ---- pipeline ---- */

static enum link_status publish(void *context, const struct mqtt_publication *publication)
{
	struct daemon *daemon = context;
	return daemon->link != NULL ? mqtt_link_publish(daemon->link, publication)
				    : LINK_NOT_CONNECTED;
}

static void say(void *context, enum log_level level, const char *text)
{
	(void)context;
	log_line(level, "%s", text);
}

static const struct pipeline_ops pipeline_ops = {.publish = publish, .say = say};

/* A service that sees only its own processes in /proc does not see it. */
static void read_boot(struct daemon *daemon)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (file == NULL)
		return;
	if (fgets(daemon->boot, sizeof daemon->boot, file) != NULL)
		daemon->boot[strcspn(daemon->boot, "\n")] = '\0';
	fclose(file);
}

static void make_run(struct daemon *daemon)
{
	uint64_t number;
	if (getrandom(&number, sizeof number, GRND_NONBLOCK) == (ssize_t)sizeof number)
		snprintf(daemon->run, sizeof daemon->run, "%016llx", (unsigned long long)number);
}

static bool open_pipeline(struct daemon *daemon)
{
	read_boot(daemon);
	make_run(daemon);
	const struct site_config *config = daemon->loaded->config;
	struct store_opening opening;
	struct pipeline_settings settings = {
		.ops = &pipeline_ops,
		.context = daemon,
		.store = {.directory = daemon->data_directory,
			  .bytes_max = config->store_bytes_max,
			  .now_wall_ms = daemon->now.wall_ms},
		.boot = daemon->boot[0] != '\0' ? daemon->boot : NULL,
		.run = daemon->run[0] != '\0' ? daemon->run : NULL,
		.trust_clock = config->clock == CONFIG_CLOCK_TRUST,
		.earliest_wall_ms = EARLIEST_WALL_MS
        };
	enum store_status status =
		pipeline_open(&settings, &daemon->now, &daemon->pipeline, &opening);
	if (status != STORE_OK) {
		log_line(LOG_LEVEL_ERROR, "store: %s: %s (%s)", opening.path,
			store_status_text(status), opening.reason);
		return false;
	}
	daemon_look_at_flash(daemon);
	return pipeline_take_site(
		daemon->pipeline, daemon->loaded->site, &daemon->now, daemon->loaded->slots);
}

/* ---- buses ---- */

/* Room for some polls of everything. */
static size_t queue_bytes(const struct site *site)
{
	size_t bytes = 0;
	for (size_t i = 0; i < site->buses_count; i++)
		for (size_t j = 0; j < site->buses[i].devices_count; j++)
			bytes += QUEUE_POLLS * (512 + site->buses[i].devices[j].points_count *
							       sizeof(struct sample));
	return bytes;
}

static bool open_buses(struct daemon *daemon)
{
	daemon->queue = report_queue_new(queue_bytes(daemon->loaded->site));
	daemon->buses = daemon->queue != NULL ? daemon_buses_new(daemon->queue) : NULL;
	daemon->loans = daemon_loans_new();
	daemon->buses_busy = true;
	return daemon->buses != NULL && daemon->loans != NULL &&
	       daemon_buses_take(daemon->buses, daemon->loaded);
}

/* ---- control ---- */

static void on_call(void *context, const struct control_call *call)
{
	struct daemon *daemon = context;
	daemon->requests.view.reports_dropped = report_queue_dropped(daemon->queue);
	control_requests_call(&daemon->requests, call);
}

static bool open_control(struct daemon *daemon)
{
	char reason[CONTROL_REASON_MAX];
	struct control_server_settings settings = {
		.path = daemon->loaded->config->control_socket, .call = on_call, .context = daemon};
	if (!control_server_open(&settings, &daemon->server, reason)) {
		log_line(LOG_LEVEL_ERROR, "%s", reason);
		return false;
	}
	daemon->requests = (struct control_requests){
		.server = daemon->server,
		.pipeline = daemon->pipeline,
		.buses = daemon->buses,
		.loans = daemon->loans,
		.view = {.pipeline = daemon->pipeline,
			 .buses = daemon->buses,
			 .configuration = daemon->path},
		.reload = daemon_reload,
		.context = daemon
        };
	return true;
}

/* ---- all ---- */

/* Before any thread, so that all of them inherit it. */
static bool open_signals(struct daemon *daemon)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a write that fails */
	daemon->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (daemon->signal_fd < 0)
		log_line(LOG_LEVEL_ERROR, "no signals can be taken: %s", strerror(errno));
	return daemon->signal_fd >= 0;
}

enum daemon_result daemon_start(struct daemon *daemon, const char *path)
{
	*daemon = (struct daemon){.lock_fd = -1, .signal_fd = -1};
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	daemon_look_at_clock(daemon);
	daemon_ask_kernel(daemon);
	enum daemon_result result = read_configuration(daemon, path);
	if (result != DAEMON_ENDED)
		return result;
	if (!open_signals(daemon) || !lock_data_directory(daemon) || !open_pipeline(daemon) ||
		!open_buses(daemon) || !open_control(daemon))
		return DAEMON_UNAVAILABLE;
	daemon_compare_with_last(daemon);
	daemon_keep_configuration(daemon);
	daemon_link_start(daemon);
	return DAEMON_ENDED;
}

void daemon_free(struct daemon *daemon)
{
	control_server_close(daemon->server);
	daemon_link_stop(daemon, DAEMON_LINK_STOP_MS);
	pipeline_close(daemon->pipeline);
	report_queue_free(daemon->queue);
	loaded_site_release(daemon->loaded);
	free(daemon->data_directory);
	free(daemon->path);
	if (daemon->lock_fd >= 0)
		close(daemon->lock_fd);
	if (daemon->signal_fd >= 0)
		close(daemon->signal_fd);
}
