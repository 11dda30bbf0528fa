/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.c -- Subscribes, shows what arrives, and ends when told or when the time is
 * over. One thread beside the link's own.
 */
#include "city/live.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "city/live_options.h"
#include "city/live_view.h"
#include "city/program.h"
#include "gateway/mqtt_link.h"
#include "gateway/terminal.h"

enum {
	DRAW_MS = 500,      /* the screen is drawn so often */
	STOP_WAIT_MS = 500, /* the link may take so long to say goodbye */
};

struct live {
	struct live_options options;
	struct mqtt_link *link;
	struct live_state state;
	bool screen;
	bool ever_connected;
	char link_text[LINK_EVENT_TEXT_MAX];
};

static void take_message(struct live *live, const struct link_event *event)
{
	struct message message;
	struct message_address address;
	struct json_text payload = {event->payload, event->length};
	uint64_t unreadable = live->state.unreadable;
	bool read = live_state_take(&live->state, event->topic, payload, &message, &address);
	bool bad = live->state.unreadable > unreadable;
	if (live->options.json && (read || bad))
		live_view_json(event->topic, event->retain, payload,
			bad ? live->state.unreadable_text : NULL);
	if (read && !live->screen && !live->options.json)
		live_view_lines(&address, &message, stdout);
	if (read)
		message_clear(&message);
}

static void take_event(struct live *live, const struct link_event *event)
{
	const struct live_options *options = &live->options;
	switch (event->kind) {
	case LINK_CONNECTED:
		live->ever_connected = true;
		snprintf(live->link_text, sizeof(live->link_text), "broker %s:%u, connected",
			options->broker.host, options->broker.port);
		break;
	case LINK_DISCONNECTED:
	case LINK_REFUSED:
		snprintf(live->link_text, sizeof(live->link_text), "%s", event->text);
		if (!live->screen)
			fprintf(stderr, "byport-city: %s\n", event->text);
		break;
	case LINK_MESSAGE:
		take_message(live, event);
		break;
	case LINK_ACKNOWLEDGED:
	case LINK_UNHEARD: /* without its subscription this program has nothing to do: that ends
			      the connection */
		break;
	}
}

static enum link_status connect_to(struct live *live, const char **ret_reason)
{
	const struct live_options *options = &live->options;
	char filter[TOPIC_BYTES_MAX], client_id[64];
	const char *const filters[] = {filter};
	const struct message_sender sender = {.city = options->city ? options->city : "+",
		.site = options->site ? options->site : "+",
		.gateway = options->gateway ? options->gateway : "+"};
	if (message_topic(filter, &sender, "#", NULL) == 0) {
		*ret_reason = "the ids are too long for a topic";
		return LINK_FAILED;
	}
	snprintf(client_id, sizeof(client_id), "byport-city-live-%ld-%lld", (long)getpid(),
		(long long)program_wall_ms() % 1000000);
	struct mqtt_link_settings settings = broker_options_settings(&options->broker);
	settings.client_id = client_id;
	settings.subscriptions = filters;
	settings.subscriptions_count = 1;
	settings.seed = (uint32_t)program_mono_ms();
	return mqtt_link_start(&settings, &live->link, ret_reason);
}

static void take_events(struct live *live)
{
	struct link_event event;
	while (mqtt_link_next(live->link, &event)) {
		take_event(live, &event);
		link_event_clear(&event);
	}
	if (!live->screen)
		fflush(stdout);
}

static void follow(struct live *live, int signal_fd)
{
	int64_t begin_mono_ms = program_mono_ms();
	int64_t end_mono_ms =
		live->options.for_s > 0 ? begin_mono_ms + live->options.for_s * 1000 : INT64_MAX;
	int64_t draw_mono_ms = begin_mono_ms;
	struct pollfd fds[] = {
		{.fd = signal_fd,                .events = POLLIN},
		{.fd = mqtt_link_fd(live->link), .events = POLLIN}
        };
	for (int64_t now_mono_ms = begin_mono_ms; now_mono_ms < end_mono_ms && !fds[0].revents;
		now_mono_ms = program_mono_ms()) {
		if (live->screen && now_mono_ms >= draw_mono_ms) {
			live_view_screen(&live->state, live->link_text, program_wall_ms());
			draw_mono_ms = now_mono_ms + DRAW_MS;
		}
		int64_t left_ms = end_mono_ms - now_mono_ms;
		if (poll(fds, 2, left_ms < DRAW_MS ? (int)left_ms : DRAW_MS) < 0)
			fds[1].revents = 0;
		if (fds[1].revents)
			take_events(live);
	}
}

int live_run(int argc, char **argv)
{
	struct live live = {.link_text = "connecting"};
	const char *reason = NULL;
	int status;
	if (!live_options_read(argc, argv, &live.options, &status))
		return status;
	live.screen = terminal_of(stdout).interactive && !live.options.json;
	int signal_fd = program_catch_signals();
	if (signal_fd < 0)
		return CITY_UNAVAILABLE;
	if (connect_to(&live, &reason) != LINK_OK) {
		fprintf(stderr, "byport-city live: %s\n", reason);
		return CITY_UNAVAILABLE;
	}
	if (live.screen)
		fputs("\033[?25l\033[2J", stdout); /* without a cursor */
	follow(&live, signal_fd);
	mqtt_link_stop(live.link, STOP_WAIT_MS);
	if (live.screen)
		fputs("\033[?25h\n", stdout);
	if (live.options.summary)
		live_view_summary(&live.state, live.options.json ? stderr : stdout);
	live_state_clear(&live.state);
	close(signal_fd);
	return live.ever_connected ? CITY_OK : CITY_UNAVAILABLE;
}
