/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_link.c -- The daemon's connection to the broker: started with the
 * settings in force, and again when they change.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "gateway/broker_settings.h"
#include "gateway/daemon_state.h"

enum { CLIENT_ID_MAX = 128 };

/* Different on each start and each board, so that a thousand do not come back in step. */
static uint32_t random_seed(const struct daemon *daemon)
{
	uint32_t seed;
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
		return seed;
	return (uint32_t)daemon->now.wall_ms ^ (uint32_t)daemon->now.mono_ms;
}

static void tell_failure(struct daemon *daemon, const char *reason)
{
	daemon->link_retry_mono_ms = daemon->now.mono_ms + DAEMON_LINK_RETRY_MS;
	if (!daemon->link_told)
		log_line(LOG_LEVEL_ERROR,
			"broker %s: %s; polling goes on, rows are stored, it is tried again every "
			"%d s",
			daemon->loaded->config->broker.host, reason, DAEMON_LINK_RETRY_MS / 1000);
	daemon->link_told = true;
}

/* What archives say to this gateway, whichever they are; and its own `status`, which another
 * gateway with its name would write over. */
enum { FILTERS_COUNT = 4 };
struct filters {
	char texts[FILTERS_COUNT][TOPIC_BYTES_MAX];
	const char *items[FILTERS_COUNT];
};

static void make_filters(const struct site_config *config, struct filters *ret_filters)
{
	static const enum message_kind kinds[FILTERS_COUNT] = {
		MESSAGE_RECEIPT, MESSAGE_REPLAY, MESSAGE_ANCHOR, MESSAGE_STATUS};
	const struct message_sender sender = message_sender_of(config);
	for (size_t i = 0; i < FILTERS_COUNT; i++) {
		message_topic(ret_filters->texts[i], &sender, message_kind_info(kinds[i])->topic,
			kinds[i] != MESSAGE_STATUS ? "+" : NULL);
		ret_filters->items[i] = ret_filters->texts[i];
	}
}

void daemon_link_start(struct daemon *daemon)
{
	struct filters filters;
	const struct site_config *config = daemon->loaded->config;
	char client_id[CLIENT_ID_MAX], will_topic[TOPIC_BYTES_MAX];
	const char *reason = "out of memory";
	struct mqtt_link_settings settings = broker_link_settings(&config->broker);
	snprintf(client_id, sizeof client_id, "byport-%s-%s-%s", config->city, config->site,
		config->gateway);
	settings.client_id = client_id;
	settings.seed = random_seed(daemon);
	make_filters(config, &filters);
	settings.subscriptions = filters.items;
	settings.subscriptions_count = FILTERS_COUNT;
	settings.subscriptions_optional = true;
	settings.known_wall_ms = pipeline_newest_wall_ms(daemon->pipeline);
	settings.will_topic = will_topic;
	settings.will_schema_version = MESSAGE_SCHEMA_VERSION;
	char *will = pipeline_will(daemon->pipeline, will_topic, &settings.will_length);
	settings.will_payload = will;
	if (will == NULL || mqtt_link_start(&settings, &daemon->link, &reason) != LINK_OK) {
		tell_failure(daemon, reason);
	} else {
		daemon->link_told = false;
		daemon->link_loaded = daemon->loaded;
		loaded_site_hold(daemon->link_loaded);
	}
	free(will);
	daemon_link_know_certificate(daemon);
}

void daemon_link_know_certificate(struct daemon *daemon)
{
	const struct config_broker *broker = &daemon->loaded->config->broker;
	bool has_own = broker->tls == CONFIG_YES && broker->certificate_file != NULL;
	pipeline_take_certificate(daemon->pipeline,
		has_own ? mqtt_link_certificate_end(broker->certificate_file) : INSTANT_UNKNOWN);
}

void daemon_link_learn(struct daemon *daemon)
{
	char topic[TOPIC_BYTES_MAX];
	size_t length;
	char *will = pipeline_will(daemon->pipeline, topic, &length);
	if (daemon->link != NULL) {
		mqtt_link_know_time(daemon->link, pipeline_newest_wall_ms(daemon->pipeline));
		mqtt_link_know_contested(daemon->link, pipeline_has_twin(daemon->pipeline));
	}
	if (daemon->link != NULL && will != NULL)
		mqtt_link_know_will(daemon->link, will);
	free(will);
}

const char *daemon_link_refuses(const struct daemon *daemon, const struct config_broker *broker)
{
	struct mqtt_link_settings settings = broker_link_settings(broker);
	settings.client_id = "byport-reload";
	return daemon->link != NULL ? mqtt_link_check(&settings) : NULL;
}

void daemon_link_stop(struct daemon *daemon, uint32_t wait_ms)
{
	if (daemon->link == NULL)
		return;
	struct link_event gone = {.kind = LINK_DISCONNECTED, .text = "connection ended by us"};
	daemon->link = mqtt_link_stop(daemon->link, wait_ms);
	daemon->link_loaded = loaded_site_release(daemon->link_loaded);
	daemon->link_retry_mono_ms = daemon->now.mono_ms;
	if (!daemon->ending)
		pipeline_link(daemon->pipeline, &gone, &daemon->now);
}
