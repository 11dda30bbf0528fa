/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_announce.c -- What is true now, to the broker: `status` and `about`
 * at every connect, `live` and `health` while there is something to say; both
 * expire, so that nothing says "ok" after the gateway has died. Where nothing
 * can expire (MQTT 3.1.1) they are not retained.
 */
#include <stdlib.h>

#include "gateway/pipeline_state.h"

static uint32_t expiry_s(int64_t period_ms)
{
	int64_t seconds = (PIPELINE_EXPIRY_PERIODS * period_ms + 999) / 1000;
	return (uint32_t)(seconds < PIPELINE_EXPIRY_MIN_S ? PIPELINE_EXPIRY_MIN_S : seconds);
}

/* An instant to tell others; not a guess. */
static int64_t known_wall_of(const struct pipeline *pipeline, int64_t at_mono_ms)
{
	int64_t wall_ms;
	return wall_clock_place(&pipeline->clock, at_mono_ms, &wall_ms) ? wall_ms : INSTANT_UNKNOWN;
}

static void topic_of(const struct pipeline *pipeline, enum message_kind kind, const char *part,
	char ret_topic[static TOPIC_BYTES_MAX])
{
	const struct message_sender sender = message_sender_of(pipeline->site->config);
	message_topic(ret_topic, &sender, message_kind_info(kind)->topic, part);
}

/* An empty message clears whatever was retained. */
static bool is_retained(const struct pipeline *pipeline, const struct message_kind_info *info,
	const struct announcement *announcement)
{
	bool can_expire = !pipeline_is_mqtt_3(pipeline);
	return info->retained && (!info->expires || can_expire || announcement->length == 0);
}

bool pipeline_publish(struct pipeline *pipeline, const struct announcement *announcement)
{
	const struct message_kind_info *info = message_kind_info(announcement->kind);
	char topic[TOPIC_BYTES_MAX];
	topic_of(pipeline, announcement->kind, announcement->part, topic);
	struct mqtt_publication publication = {.topic = topic,
		.payload = announcement->payload,
		.length = announcement->length,
		.qos = info->qos,
		.retain = is_retained(pipeline, info, announcement),
		.expiry_s = info->expires ? announcement->expiry_s : 0,
		.schema_version = MESSAGE_SCHEMA_VERSION,
		.tag = (uint32_t)ANNOUNCEMENT_TAG | (uint32_t)announcement->kind};
	if (pipeline->settings.ops->publish(pipeline->settings.context, &publication) != LINK_OK)
		return false;
	pipeline->announced += info->qos > 0;
	return true;
}

/* ---- status ---- */

static size_t write_status(
	const struct pipeline *pipeline, enum presence presence, char *buffer, size_t size)
{
	struct store_identity identity = {.generation = 0};
	if (pipeline->store != NULL)
		identity = store_identity(pipeline->store);
	struct status_message message = {.presence = (uint8_t)presence,
		.clock = (uint8_t)pipeline->clock.state,
		.version = BYPORT_VERSION,
		.store = identity.id,
		.generation = identity.generation,
		.started_wall_ms = known_wall_of(pipeline, pipeline->started_mono_ms),
		.at_wall_ms = presence == PRESENCE_ONLINE
				      ? known_wall_of(pipeline, pipeline->now.mono_ms)
				      : INSTANT_UNKNOWN,
		.boot = pipeline->settings.boot,
		.session =
			pipeline->sessions + (presence == PRESENCE_OFFLINE && !pipeline->connected),
		.run = pipeline->settings.run};
	return message_write_status(&message, buffer, size);
}

bool pipeline_announce(struct pipeline *pipeline, enum presence presence)
{
	if (!pipeline->connected)
		return false;
	size_t length = write_status(pipeline, presence, pipeline->payload, MESSAGE_BYTES_MAX);
	struct announcement status = {
		.kind = MESSAGE_STATUS, .payload = pipeline->payload, .length = length};
	return pipeline_publish(pipeline, &status);
}

char *pipeline_will(
	const struct pipeline *pipeline, char ret_topic[static TOPIC_BYTES_MAX], size_t *ret_length)
{
	size_t length = write_status(pipeline, PRESENCE_OFFLINE, NULL, 0);
	char *payload = malloc(length + 1);
	if (payload == NULL)
		return NULL;
	topic_of(pipeline, MESSAGE_STATUS, NULL, ret_topic);
	*ret_length = write_status(pipeline, PRESENCE_OFFLINE, payload, length + 1);
	return payload;
}

/* ---- about ---- */

struct about_memory {
	struct about_meter *meters;
	struct about_quantity *quantities;
	char (*ratios)[32];
};

static size_t describe_quantities(
	const struct pipeline_meter *meter, struct about_quantity *ret_quantities)
{
	for (size_t i = 0; i < meter->values_count; i++) {
		const struct pipeline_value *value = &meter->values[i];
		struct about_quantity *about = &ret_quantities[i];
		*about = (struct about_quantity){.quantity = value->quantity};
		if (!pipeline_scale_in_force(value, &about->scale))
			about->scale = value->scale;
		if (value->counter == NULL)
			continue;
		about->modulus = value->counter->rules.modulus;
		about->has_modulus = about->modulus > 0;
		about->resolution = value->counter->rules.resolution;
		about->has_resolution = about->resolution > 0;
	}
	return meter->values_count;
}

static const char *ratio_text(const struct config_meter *config, char buffer[static 32])
{
	if (config->ct.primary == 0)
		return NULL;
	snprintf(buffer, 32, "%lld/%lld", (long long)config->ct.primary,
		(long long)config->ct.secondary);
	return buffer;
}

static struct about_meter describe_meter(const struct pipeline *pipeline,
	const struct pipeline_meter *meter, const struct about_quantity *quantities,
	char ratio[static 32])
{
	const struct site_meter *site = meter->site;
	const struct config_meter *config = site->config;
	return (struct about_meter){.id = meter->id,
		.name = config->name,
		.model = site->model->name,
		.carrier = (uint8_t)site->carrier,
		.use = (uint8_t)config->use,
		.parent = config->parent,
		.serial_number = meter->serial_number[0] != '\0' ? meter->serial_number : NULL,
		.bus = config->bus,
		.address = pipeline->site->buses[site->bus].devices[site->device].address,
		.channel = config->channel,
		.ct = ratio_text(config, ratio),
		.ct_in_meter = config->ct_in_meter == CONFIG_UNSET
				       ? site->model->ct_in_meter
				       : config->ct_in_meter == CONFIG_YES,
		.dwelling = config->dwelling == CONFIG_YES,
		.labels = config->labels.items,
		.labels_count = config->labels.count,
		.quantities = quantities,
		.quantities_count = meter->values_count};
}

static void describe_site(const struct pipeline *pipeline, struct about_memory *memory,
	struct about_message *ret_message)
{
	const struct site_config *config = pipeline->site->config;
	size_t meters = 0, quantities = 0;
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		const struct pipeline_meter *meter = &pipeline->slots[i];
		if (!meter->in_use)
			continue;
		struct about_quantity *own = &memory->quantities[quantities];
		quantities += describe_quantities(meter, own);
		memory->meters[meters] =
			describe_meter(pipeline, meter, own, memory->ratios[meters]);
		meters++;
	}
	*ret_message = (struct about_message){.city = config->city,
		.site = config->site,
		.site_name = config->site_name,
		.gateway = config->gateway,
		.timezone = config->timezone,
		.version = BYPORT_VERSION,
		.interval_s = pipeline->grid.length_ms / 1000,
		.meters = memory->meters,
		.meters_count = meters};
}

static size_t values_of_all(const struct pipeline *pipeline)
{
	size_t count = 0;
	for (size_t i = 0; i < pipeline->slots_count; i++)
		count += pipeline->slots[i].values_count;
	return count;
}

static bool publish_about(struct pipeline *pipeline, struct about_memory *memory)
{
	struct about_message message;
	describe_site(pipeline, memory, &message);
	struct announcement about = {
		.kind = MESSAGE_ABOUT, .length = message_write_about(&message, NULL, 0)};
	char *payload = malloc(about.length + 1);
	about.payload = payload;
	bool published = false;
	if (payload != NULL) {
		message_write_about(&message, payload, about.length + 1);
		published = pipeline_publish(pipeline, &about);
	}
	free(payload);
	return published;
}

bool pipeline_announce_site(struct pipeline *pipeline)
{
	if (!pipeline->connected || pipeline->site == NULL)
		return false;
	struct about_memory memory = {
		.meters = calloc(pipeline->slots_count + 1, sizeof *memory.meters),
		.quantities = calloc(values_of_all(pipeline) + 1, sizeof *memory.quantities),
		.ratios = calloc(pipeline->slots_count + 1, sizeof *memory.ratios)};
	bool published = memory.meters != NULL && memory.quantities != NULL &&
			 memory.ratios != NULL && publish_about(pipeline, &memory);
	free(memory.meters);
	free(memory.quantities);
	free(memory.ratios);
	return published;
}

/* ---- live ---- */

static void publish_live(struct pipeline *pipeline, struct pipeline_meter *meter)
{
	struct live_value values[QUANTITY_COUNT];
	size_t count = 0;
	for (size_t i = 0; i < meter->values_count; i++) {
		const struct pipeline_value *value = &meter->values[i];
		bool good = value->status == DECODE_OK;
		if (!value->seen)
			continue;
		values[count++] = (struct live_value){.quantity = value->quantity,
			.has_value = good,
			.value = value->value,
			.at_wall_ms = known_wall_of(pipeline, value->read_mono_ms),
			.reason = good ? NULL
				       : decode_status_text((enum decode_status)value->status)};
	}
	struct live_message message = {.meter = meter->id, .values = values, .values_count = count};
	size_t length = message_write_live(&message, pipeline->payload, MESSAGE_BYTES_MAX);
	struct announcement live = {.kind = MESSAGE_LIVE,
		.part = meter->id,
		.payload = pipeline->payload,
		.length = length,
		.expiry_s = expiry_s(pipeline->site->config->live_ms)};
	if (length < MESSAGE_BYTES_MAX)
		pipeline_publish(pipeline, &live);
}

void pipeline_announce_live(struct pipeline *pipeline)
{
	int64_t now = pipeline->now.mono_ms;
	if (now < pipeline->live_due_mono_ms)
		return;
	pipeline->live_due_mono_ms = INT64_MAX;
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		struct pipeline_meter *meter = &pipeline->slots[i];
		if (!meter->in_use)
			continue;
		if (meter->live_due_mono_ms <= now) {
			if (pipeline->connected && !pipeline_is_dwelling(meter))
				publish_live(pipeline, meter);
			meter->live_sent_mono_ms = now;
			meter->live_due_mono_ms = INT64_MAX;
		}
		if (meter->live_due_mono_ms < pipeline->live_due_mono_ms)
			pipeline->live_due_mono_ms = meter->live_due_mono_ms;
	}
}

void pipeline_show_all_live(struct pipeline *pipeline)
{
	int64_t period_ms = pipeline->site->config->live_ms;
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		struct pipeline_meter *meter = &pipeline->slots[i];
		bool recent = meter->last_reading_mono_ms >
			      pipeline->now.mono_ms - PIPELINE_EXPIRY_PERIODS * period_ms;
		if (meter->in_use && recent)
			meter->live_due_mono_ms = pipeline->now.mono_ms;
	}
	pipeline->live_due_mono_ms = pipeline->now.mono_ms;
}

void pipeline_clear_removed(struct pipeline *pipeline)
{
	if (!pipeline->connected)
		return;
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		struct pipeline_meter *meter = &pipeline->slots[i];
		struct announcement nothing = {
			.kind = MESSAGE_LIVE, .part = meter->id, .payload = ""};
		if (meter->to_clear && pipeline_publish(pipeline, &nothing))
			*meter = (struct pipeline_meter){.in_use = false};
		if (meter->live_to_clear && pipeline_publish(pipeline, &nothing))
			meter->live_to_clear = false;
	}
}

/* ---- health ---- */

static struct health_meter health_of(
	const struct pipeline *pipeline, const struct pipeline_meter *meter)
{
	const struct device_counters *counters = &meter->counters;
	struct health_meter health = {.id = meter->id,
		.bus = meter->site->config->bus,
		.state = (uint8_t)meter->state,
		.reason = meter->reason[0] != '\0' ? meter->reason : NULL,
		.last_reading_wall_ms =
			meter->last_reading_mono_ms == INT64_MIN
				? INSTANT_UNKNOWN
				: known_wall_of(pipeline, meter->last_reading_mono_ms),
		.requests = (int64_t)counters->requests,
		.answers = (int64_t)counters->answers,
		.skipped = (int64_t)counters->skipped,
		.answer_time_us = counters->answer_time_us,
		.answer_time_us_max = counters->answer_time_us_max,
		.timeout_ms = counters->timeout_ms};
	for (size_t i = 0; i < BUS_ERROR_KIND_COUNT; i++)
		health.errors[i] = (int64_t)counters->errors[i];
	for (size_t i = 0; i < EXCEPTION_CODES_MAX; i++)
		health.exceptions[i] = counters->exceptions[i];
	return health;
}

/* A device's counters stand with each of its meters; a bus adds each device once. */
static struct health_bus health_of_bus(const struct pipeline *pipeline, size_t index)
{
	const struct pipeline_bus *bus = &pipeline->buses[index];
	struct health_bus health = {.id = bus->id,
		.state = bus->open ? HEALTH_BUS_OPEN : HEALTH_BUS_GONE,
		.reason = bus->reason[0] != '\0' ? bus->reason : NULL};
	for (size_t i = 0; i < pipeline->slots_count; i++) {
		const struct pipeline_meter *meter = &pipeline->slots[i];
		if (!meter->in_use || meter->site->bus != index || !meter->counts_for_bus)
			continue;
		health.requests += (int64_t)meter->counters.requests;
		health.answers += (int64_t)meter->counters.answers;
	}
	return health;
}

static void publish_health(
	struct pipeline *pipeline, struct health_bus *buses, struct health_meter *meters)
{
	struct health_message message = {
		.at_wall_ms = known_wall_of(pipeline, pipeline->now.mono_ms),
		.uptime_s = (pipeline->now.mono_ms - pipeline->started_mono_ms) / 1000,
		.clock = (uint8_t)pipeline->clock.state,
		.buses = buses,
		.buses_count = pipeline->buses_count,
		.meters = meters};
	for (size_t i = 0; i < pipeline->buses_count; i++)
		buses[i] = health_of_bus(pipeline, i);
	for (size_t i = 0; i < pipeline->slots_count; i++)
		if (pipeline->slots[i].in_use)
			meters[message.meters_count++] = health_of(pipeline, &pipeline->slots[i]);
	if (pipeline->store != NULL) {
		message.backlog_energy = pipeline_backlog(pipeline, STREAM_ENERGY);
		message.backlog_trends = pipeline_backlog(pipeline, STREAM_TRENDS);
		message.has_receipts_energy =
			pipeline_undelivered(pipeline, STREAM_ENERGY, &message.undelivered_energy);
		message.has_receipts_trends =
			pipeline_undelivered(pipeline, STREAM_TRENDS, &message.undelivered_trends);
		message.store_bytes = store_bytes(pipeline->store);
	}
	message.has_store_bytes_max = true;
	message.store_bytes_max = pipeline->settings.store.bytes_max;
	message.flash = flash_wear_of(&pipeline->flash);
	message.certificate_end_wall_ms = pipeline->certificate_end_wall_ms;
	size_t length = message_write_health(&message, NULL, 0);
	char *payload = malloc(length + 1);
	if (payload == NULL)
		return;
	message_write_health(&message, payload, length + 1);
	struct announcement health = {.kind = MESSAGE_HEALTH,
		.payload = payload,
		.length = length,
		.expiry_s = expiry_s(pipeline->site->config->health_ms)};
	pipeline_publish(pipeline, &health);
	free(payload);
}

void pipeline_announce_health(struct pipeline *pipeline)
{
	if (!pipeline->connected)
		return;
	struct health_bus *buses = calloc(pipeline->buses_count + 1, sizeof *buses);
	struct health_meter *meters = calloc(pipeline->slots_count + 1, sizeof *meters);
	if (buses != NULL && meters != NULL)
		publish_health(pipeline, buses, meters);
	free(buses);
	free(meters);
}
