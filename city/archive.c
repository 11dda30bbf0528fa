/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive.c -- The verb `byport-city archive`: subscribes, commits, gives receipts,
 * until told to end. One thread beside the link's own.
 */
#include "city/archive.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "city/archive_worker.h"
#include "city/options.h"
#include "city/program.h"

enum {
	STOP_WAIT_MS = 1000,  /* the link may take so long to say goodbye */
	EVENTS_AT_ONCE = 128, /* then what has come is committed */
	FILTERS_MAX = 8,
	FILTER_BYTES_MAX = TOPIC_BYTES_MAX + 64,
};

struct archive_options {
	struct broker_options broker;
	const char *id;
	const char *store;
	const char *city; /* NULL: any */
};

#define AT(member) offsetof(struct archive_options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{"store", OPTION_TEXT, AT(store), "WHERE", ARCHIVE_STORE_HELP},
	{"id",    OPTION_TEXT, AT(id),    "ID",    "this archive's id in its receipts (archive)"},
	{"city",  OPTION_TEXT, AT(city),  "ID",    "only this city"},
};

/* What is subscribed to. Rows are shared among the workers of an archive; each needs the rest. */
static const struct {
	enum message_kind kind;
	bool is_shared;
} subscribed[] = {
	{MESSAGE_INTERVALS, true},
	{MESSAGE_EVENTS,    true},
	{MESSAGE_TRENDS,    true},
	{MESSAGE_STATUS,    false},
	{MESSAGE_ABOUT,     false},
	{MESSAGE_HEALTH,    false},
	{MESSAGE_RECEIPT,   false},
};
/* clang-format on */

enum { SUBSCRIBED = sizeof(subscribed) / sizeof(subscribed[0]) };

static const struct option_table table = {
	.verb = "archive",
	.about = "Keeps all that gateways send, in SQLite or PostgreSQL, and tells them what is\n"
		 "committed. Several may run at once on the same --store with the same --id.\n",
	.rows = rows,
	.rows_count = sizeof(rows) / sizeof(rows[0]),
	.has_broker = true,
};

struct archive {
	struct archive_options options;
	struct archive_worker worker;
	struct mqtt_link *link;
	bool ever_connected;
};

/* A level of a topic: [a-z0-9-]{1,32}. */
static bool is_slug(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return length > 0 && length < METER_ID_MAX && text[length] == '\0';
}

static bool make_filters(
	const struct archive_options *options, char filters[static FILTERS_MAX][FILTER_BYTES_MAX])
{
	const struct message_sender any = {
		.city = options->city ? options->city : "+", .site = "+", .gateway = "+"};
	for (size_t i = 0; i < SUBSCRIBED; i++) {
		char topic[TOPIC_BYTES_MAX], share[METER_ID_MAX + 16] = "";
		bool of_archive = subscribed[i].kind == MESSAGE_RECEIPT;
		if (message_topic(topic, &any, message_kind_info(subscribed[i].kind)->topic,
			    of_archive ? options->id : NULL) == 0)
			return false;
		if (subscribed[i].is_shared)
			snprintf(share, sizeof(share), "$share/%s/", options->id);
		snprintf(filters[i], FILTER_BYTES_MAX, "%s%s", share, topic);
	}
	return true;
}

static enum link_status connect_to(struct archive *archive, const char **ret_reason)
{
	const struct archive_options *options = &archive->options;
	char texts[FILTERS_MAX][FILTER_BYTES_MAX], client_id[96];
	const char *filters[FILTERS_MAX];
	if (!make_filters(options, texts)) {
		*ret_reason = "the ids are too long for a topic";
		return LINK_FAILED;
	}
	for (size_t i = 0; i < SUBSCRIBED; i++)
		filters[i] = texts[i];
	snprintf(client_id, sizeof(client_id), "byport-city-archive-%s-%ld-%lld", options->id,
		(long)getpid(), (long long)program_wall_ms() % 1000000);
	struct mqtt_link_settings settings = broker_options_settings(&options->broker);
	settings.client_id = client_id;
	settings.subscriptions = filters;
	settings.subscriptions_count = SUBSCRIBED;
	settings.seed = (uint32_t)program_mono_ms() ^ (uint32_t)getpid();
	return mqtt_link_start(&settings, &archive->link, ret_reason);
}

static void take_event(struct archive *archive, struct link_event *event)
{
	struct archive_desk *desk = &archive->worker.desk;
	switch (event->kind) {
	case LINK_CONNECTED:
		archive->ever_connected = true;
		fprintf(stderr, "byport-city archive: broker %s:%u, connected\n",
			archive->options.broker.host, archive->options.broker.port);
		archive_desk_connected(desk, true);
		break;
	case LINK_DISCONNECTED:
	case LINK_REFUSED:
		fprintf(stderr, "byport-city archive: %s\n", event->text);
		archive_desk_connected(desk, false);
		break;
	case LINK_MESSAGE:
		archive_worker_receive(&archive->worker, event);
		break;
	case LINK_UNHEARD: /* does not come: one that is refused ends the connection */
		break;
	case LINK_ACKNOWLEDGED:
		archive_desk_acknowledged(desk, event, program_mono_ms());
		break;
	}
	link_event_clear(event);
}

static void run(struct archive *archive, int signal_fd)
{
	struct pollfd fds[] = {
		{.fd = signal_fd, .events = POLLIN},
                {.events = POLLIN              }
        };
	int timeout_ms = 0;
	while (!fds[0].revents) {
		struct link_event event;
		/* A full inbox: the broker waits, polling its descriptor would not. */
		fds[1].fd = archive_inbox_is_full(&archive->worker.inbox)
				    ? -1
				    : mqtt_link_fd(archive->link);
		if (poll(fds, 2, timeout_ms) < 0)
			continue;
		for (int i = 0;
			i < EVENTS_AT_ONCE && !archive_inbox_is_full(&archive->worker.inbox) &&
			mqtt_link_next(archive->link, &event);
			i++)
			take_event(archive, &event);
		timeout_ms = archive_worker_step(&archive->worker);
	}
}

static bool read_options(int argc, char **argv, struct archive_options *options, int *ret_exit)
{
	int operand;
	*options = (struct archive_options){.id = "archive", .store = ARCHIVE_STORE_DEFAULT};
	if (!options_read(&table, argc, argv, options, &operand, ret_exit))
		return false;
	*ret_exit = CITY_USAGE;
	if (!is_slug(options->id))
		return options_misused(
			&table, "--id", options->id, "1 to 32 of a-z, 0-9 and - are allowed");
	if (options->city && !is_slug(options->city))
		return options_misused(
			&table, "--city", options->city, "1 to 32 of a-z, 0-9 and - are allowed");
	return true;
}

int archive_run(int argc, char **argv)
{
	struct archive archive = {.link = NULL};
	char why[ARCHIVE_REASON_MAX];
	const char *reason = why;
	int status;
	if (!read_options(argc, argv, &archive.options, &status))
		return status;
	int signal_fd = program_catch_signals();
	if (signal_fd < 0)
		return CITY_UNAVAILABLE;
	struct archive_worker *worker = &archive.worker;
	if (archive_store_open(archive.options.store, &worker->store, why) != ARCHIVE_OK ||
		connect_to(&archive, &reason) != LINK_OK) {
		fprintf(stderr, "byport-city archive: %s\n", reason);
		archive_worker_clear(worker);
		return CITY_UNAVAILABLE;
	}
	worker->archive = archive.options.id;
	worker->desk = (struct archive_desk){
		.archive = archive.options.id, .store = worker->store, .link = archive.link};
	run(&archive, signal_fd);
	mqtt_link_stop(archive.link, STOP_WAIT_MS);
	archive_worker_clear(worker);
	close(signal_fd);
	return archive.ever_connected ? CITY_OK : CITY_UNAVAILABLE;
}
