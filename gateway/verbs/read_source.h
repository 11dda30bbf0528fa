/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_source.h -- Where verbs read: a meter or a bus of a configuration, or a
 * device named by the options; on a bus of the running daemon where it has that
 * line, else on a line opened for it.
 */
#ifndef GATEWAY_VERBS_READ_SOURCE_H
#define GATEWAY_VERBS_READ_SOURCE_H

#include "gateway/reload.h"
#include "gateway/verbs/ask_daemon.h"
#include "gateway/verbs/verb.h"

/* What the options said; NULL and negative: nothing. */
struct read_options {
	const char *verb; /* stands in messages */
	struct daemon_place place;
	const char *bus;   /* by id: the line itself, no meter of it */
	const char *meter; /* by id */
	const char *model;
	const char *setting; /* "energy_unit=MWh": the model's own option */
	const char *models_directory;
	const char *port;
	const char *tcp;
	const char *rtu_over_tcp;
	const char *baud;
	const char *parity;
	const char *stop_bits;
	const char *address;
};

enum { READ_BUS_ID_MAX = 33 };

struct read_source {
	struct loaded_site *loaded;     /* NULL: raw registers of a device without a model */
	const struct site_meter *meter; /* in it */
	struct bus_line line;
	struct device device;
	struct control_client *client; /* NULL: the line is our own */
	char bus_id[READ_BUS_ID_MAX];  /* the daemon's */
	struct bus *bus;               /* open */
};

/* Where the text of an option goes, by its name; NULL: it is none of these. */
const char **read_options_place(struct read_options *options, const char *name);

/* How many lines they name. */
int read_options_lines(const struct read_options *options);

/* What --baud, --parity and --stop-bits may be; -1, or what verb_misused() returned. */
int read_options_check_line(const struct read_options *options, const struct verb_usage *usage);

/* A verb_exit; with VERB_OK *ret_source is to be closed. What is wrong was printed. */
int read_source_open(const struct read_options *options, struct read_source *ret_source);
void read_source_close(struct read_source *source);

/* Ask once more after a failure, up to three times. *ret_reason: why, in words. */
enum bus_status read_source_ask(struct read_source *source, const struct bus_request *request,
	struct bus_answer *ret_answer, const char **ret_reason);

#endif
