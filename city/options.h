/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h -- What the verbs of `byport-city` are told on their command lines: a
 * table of rows is a verb's parser and its --help. The options of the broker are
 * the same for all that have one.
 */
#ifndef CITY_OPTIONS_H
#define CITY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/mqtt_link.h"

/* Exit status, the same as byport's; `gateways` has its own (archive.h). */
enum city_exit {
	CITY_OK = 0,
	CITY_NO = 1,
	CITY_USAGE = 2,       /* not understood */
	CITY_UNAVAILABLE = 3, /* no broker took us; no archive there */
};

enum { BROKER_HOST_MAX = 256, OPTION_ROWS_MAX = 24 };

/* What --broker, --plain ... say. Plain text is never a default. */
struct broker_options {
	char host[BROKER_HOST_MAX];
	uint16_t port; /* 0 in the text: 8883, with --plain 1883 */
	bool plain;    /* no TLS */
	const char *ca_file;
	const char *certificate_file;
	const char *key_file;
	const char *user;
	const char *password_file;
};

enum option_type {
	OPTION_TEXT,    /* const char * */
	OPTION_SWITCH,  /* bool */
	OPTION_SECONDS, /* int64_t, 1 to 31 days */
	OPTION_DAYS,    /* int64_t, 1 to 3650 */
	OPTION_PERCENT, /* int64_t, 1 to 100 */
	OPTION_BROKER,  /* struct broker_options: host and port */
};

struct option_row {
	const char *name;
	enum option_type type;
	size_t offset; /* in the verb's struct */
	const char *argument;
	const char *help;
};

/* A verb's command line. */
struct option_table {
	const char *verb;
	const char *operands; /* in the usage line; NULL: none are allowed */
	size_t operands_max;
	const char *about;
	const struct option_row *rows;
	size_t rows_count;
	bool has_broker; /* then the verb's struct begins with a struct broker_options */
};

/*
 * Read a command line into `options`, which holds the defaults. True when the verb
 * shall run: operands then stand from argv[*ret_operand] on. Else *ret_exit is what
 * to end with, and all is said.
 */
__attribute__((warn_unused_result)) bool options_read(const struct option_table *table, int argc,
	char **argv, void *options, int *ret_operand, int *ret_exit);

/* Say what is wrong with an argument; returns false. */
bool options_misused(
	const struct option_table *table, const char *name, const char *text, const char *allowed);

/* What a link needs of them; client_id, subscriptions and seed are the caller's to set. */
struct mqtt_link_settings broker_options_settings(const struct broker_options *options);

#endif
