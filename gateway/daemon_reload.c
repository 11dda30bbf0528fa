/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_reload.c -- Another configuration while running: read and checked
 * beside the one in force, taken over whole or refused whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/site_compare.h"
#include "gateway/daemon_state.h"
#include "gateway/service_manager.h"

enum { COPY_BYTES = 4096, PATH_BYTES_MAX = 4096 };

#define COPY_NAME "configuration.yaml"

void daemon_log_diagnostics(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *found = &diagnostics->items[i];
		enum log_level level =
			found->severity == DIAGNOSTIC_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
		if (found->at.line > 0)
			log_line(level, "%s:%d:%d: %s", found->file, found->at.line,
				found->at.column, found->message);
		else
			log_line(level, "%s: %s", found->file, found->message);
	}
}

/* ---- the copy ---- */

static bool copy_bytes(int from, int to)
{
	char bytes[COPY_BYTES];
	ssize_t got;
	while ((got = read(from, bytes, sizeof bytes)) > 0)
		if (write(to, bytes, (size_t)got) != got)
			return false;
	return got == 0 && fsync(to) == 0;
}

/* Written beside and renamed, so that there is always a whole one. */
static bool copy_file(const char *path, const char *copy)
{
	char temporary[PATH_BYTES_MAX];
	int length = snprintf(temporary, sizeof temporary, "%s.new", copy);
	if (length < 0 || (size_t)length >= sizeof temporary)
		return false;
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = from >= 0 ? open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640) : -1;
	bool copied = to >= 0 && copy_bytes(from, to);
	if (from >= 0)
		close(from);
	if (to >= 0 && close(to) != 0)
		copied = false;
	if (copied)
		return rename(temporary, copy) == 0;
	if (to >= 0)
		unlink(temporary);
	return false;
}

void daemon_keep_configuration(const struct daemon *daemon)
{
	char copy[PATH_BYTES_MAX];
	int length = snprintf(copy, sizeof copy, "%s/" COPY_NAME, daemon->data_directory);
	if (length < 0 || (size_t)length >= sizeof copy)
		return;
	if (!copy_file(daemon->path, copy))
		log_line(LOG_LEVEL_WARNING, "cannot leave a copy of the configuration at %s: %s",
			copy, strerror(errno));
}

void daemon_compare_with_last(const struct daemon *daemon)
{
	char copy[PATH_BYTES_MAX];
	struct diagnostics of_the_past = {0}, warnings = {0};
	struct site_config *before = NULL;
	int length = snprintf(copy, sizeof copy, "%s/" COPY_NAME, daemon->data_directory);
	if (length < 0 || (size_t)length >= sizeof copy || access(copy, R_OK) != 0)
		return;
	if (site_config_read(copy, &of_the_past, &before))
		site_warn_changed_ids(before, daemon->loaded->config, &warnings);
	daemon_log_diagnostics(&warnings);
	site_config_free(before);
	diagnostics_clear(&of_the_past);
	diagnostics_clear(&warnings);
}

/* ---- taking over ---- */

static const char *first_error(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		if (diagnostics->items[i].severity == DIAGNOSTIC_ERROR)
			return diagnostics->items[i].message;
	return "out of memory";
}

static char *refuse(struct daemon *daemon, const char *by, const char *error,
	const struct diagnostics *diagnostics)
{
	log_line(LOG_LEVEL_ERROR, "configuration refused (asked by %s): %s; the one in force stays",
		by, error);
	pipeline_event(daemon->pipeline, EVENT_CONFIGURATION,
		"A new configuration was refused (asked by %s): %s", by, error);
	return control_answer_refused(error, diagnostics);
}

/* The new site runs from here on; nothing that stayed the same is touched. */
static bool take_over(struct daemon *daemon, struct loaded_site *loaded)
{
	if (!pipeline_take_site(daemon->pipeline, loaded->site, &daemon->now, loaded->slots))
		return false;
	struct loaded_site *before = daemon->loaded;
	daemon->loaded = loaded;
	if (!daemon_buses_take(daemon->buses, loaded))
		log_line(LOG_LEVEL_ERROR, "out of memory: not every bus is read; restart byport");
	daemon->buses_busy = true;
	/* A certificate or password renewed in place counts as another one. */
	if (!reload_broker_unchanged(&before->config->broker, &loaded->config->broker) ||
		(daemon->link != NULL && mqtt_link_files_changed(daemon->link))) {
		daemon_link_stop(daemon, DAEMON_LINK_STOP_MS);
		daemon_link_start(daemon);
	}
	loaded_site_release(before);
	return true;
}

static char *try_to_take(struct daemon *daemon, const char *by, struct loaded_site *loaded,
	struct diagnostics *diagnostics)
{
	char error[200];
	const char *fixed = reload_needs_restart(daemon->loaded->config, loaded->config);
	if (fixed != NULL) {
		snprintf(error, sizeof error,
			"`%s` cannot change while the gateway runs; restart it for that", fixed);
		loaded_site_release(loaded);
		return refuse(daemon, by, error, diagnostics);
	}
	const char *link = daemon_link_refuses(daemon, &loaded->config->broker);
	if (link != NULL) {
		snprintf(error, sizeof error, "broker: %s", link);
		loaded_site_release(loaded);
		return refuse(daemon, by, error, diagnostics);
	}
	pipeline_check_site(daemon->pipeline, loaded->site, &daemon->now, diagnostics);
	if (diagnostics->errors > 0) {
		loaded_site_release(loaded);
		return refuse(daemon, by, first_error(diagnostics), diagnostics);
	}
	site_warn_changed_ids(daemon->loaded->config, loaded->config, diagnostics);
	if (!take_over(daemon, loaded)) {
		loaded_site_release(loaded);
		return refuse(daemon, by, "out of memory", diagnostics);
	}
	log_line(LOG_LEVEL_NOTICE, "configuration taken over (asked by %s)", by);
	pipeline_event(daemon->pipeline, EVENT_CONFIGURATION,
		"A new configuration was taken over (asked by %s).", by);
	daemon_keep_configuration(daemon);
	return control_answer_reloaded(diagnostics);
}

char *daemon_reload(void *context, const char *by)
{
	struct daemon *daemon = context;
	struct diagnostics diagnostics = {0};
	struct loaded_site *loaded = NULL;
	service_manager_tell(
		"RELOADING=1\nMONOTONIC_USEC=%lld", (long long)daemon->now.mono_ms * 1000);
	bool good = loaded_site_read(daemon->path, &diagnostics, &loaded);
	char *answer;
	if (good) {
		answer = try_to_take(daemon, by, loaded, &diagnostics);
		daemon_log_diagnostics(&diagnostics);
	} else {
		daemon_log_diagnostics(&diagnostics);
		answer = refuse(daemon, by, first_error(&diagnostics), &diagnostics);
	}
	diagnostics_clear(&diagnostics);
	service_manager_tell("READY=1");
	return answer;
}
