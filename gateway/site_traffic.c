/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_traffic.c -- MB a month at the broker: messages are written as they
 * would be, with readings of a middling size, and weighed.
 *
 * Assumed: a month of 30 days; every interval and trend sent once, in full
 * messages; meters that answer, so that no total is revised; TLS, TCP and
 * acknowledgements left out.
 */
#include "gateway/message.h"
#include "gateway/site_parts.h"
#include "gateway/site_totals.h"

enum {
	PACKET_BYTES = 40, /* fixed header, packet id, content type, expiry and schema version */
	DAY_MS = 86400000, /* the intervals of a dwelling */
	TOTALS_ROWS_WEIGHED = 15,
	ROWS_WEIGHED = 8, /* of a stream message, to share its head */
};

static const double month_ms = 30 * 86400e3;
static const int64_t some_day_wall_ms = INT64_C(1767225600000); /* 2026-01-01 */
static const int64_t some_reading = INT64_C(48213612345);       /* a counter of 48,213.612345 kWh */
static const int64_t some_level = 231480;                       /* a gauge of 231.48 */
static const char some_store[] = "00000000-0000-4000-8000-000000000000";

static double times_a_month(int64_t period_ms)
{
	return month_ms / (double)period_ms;
}

static double topic_bytes(const struct site *site, enum message_kind kind, const char *part)
{
	char topic[TOPIC_BYTES_MAX];
	const struct message_sender sender = message_sender_of(site->config);

	return PACKET_BYTES +
	       (double)message_topic(topic, &sender, message_kind_info(kind)->topic, part);
}

static bool is_counter(const struct device_point *point)
{
	return quantity_info(point->value->quantity)->kind == QUANTITY_COUNTER;
}

static bool add_row(struct message_stream *stream, const char *meter, enum quantity quantity)
{
	const struct interval_message_row interval = {
		.meter = meter,
		.quantity = (uint8_t)quantity,
		.row = {.id = 1000000,
			.start_wall_ms = some_day_wall_ms,
			.end_wall_ms = some_day_wall_ms + 900000,
			.energy = 1234567,
			.reading_start = some_reading,
			.reading_end = some_reading + 1234567,
			.clock = CLOCK_STATE_SYNCHRONISED,
			.has_readings = true},
	};
	const struct trend_message_row trend = {
		.meter = meter,
		.quantity = (uint8_t)quantity,
		.row = {.id = 1000000,
			.start_wall_ms = some_day_wall_ms,
			.end_wall_ms = some_day_wall_ms + 60000,
			.mean = some_level,
			.min = some_level - 1230,
			.max = some_level + 1230,
			.count = 6,
			.clock = CLOCK_STATE_SYNCHRONISED},
	};

	return stream->kind == MESSAGE_INTERVALS ? message_stream_add_interval(stream, &interval)
						 : message_stream_add_trend(stream, &trend);
}

/* Bytes of one row of a series, with its share of the message around it. */
static double row_bytes(
	const struct site *site, enum message_kind kind, const char *meter, enum quantity quantity)
{
	char buffer[8192];
	const struct stream_message head = {
		.store = some_store,
		.generation = some_day_wall_ms / 1000,
		.stream = kind == MESSAGE_INTERVALS ? STREAM_ENERGY : STREAM_TRENDS,
		.after = 1000000,
	};
	struct message_stream stream;
	size_t rows = 0;

	message_stream_begin(&stream, kind, &head, (struct json_buffer){buffer, sizeof(buffer)});
	while (rows < ROWS_WEIGHED && add_row(&stream, meter, quantity)) {
		rows++;
	}
	double bytes = (double)message_stream_finish(&stream) + topic_bytes(site, kind, NULL);
	return bytes / (double)(rows ? rows : 1);
}

/* The rows a meter's points make in a month. */
static void add_streams(
	const struct site *site, const struct site_meter *meter, struct site_traffic *bytes)
{
	const struct site_config *config = site->config;

	for (size_t i = 0; i < meter->points_count; i++) {
		enum quantity quantity = meter->points[i].value->quantity;
		const char *id = meter->config->id;
		bool is_dwelling = meter->config->dwelling == CONFIG_YES;
		if (is_counter(&meter->points[i])) {
			bytes->intervals +=
				row_bytes(site, MESSAGE_INTERVALS, id, quantity) *
				times_a_month(is_dwelling ? DAY_MS : config->interval_ms);
		} else if (!is_dwelling) {
			bytes->trends += row_bytes(site, MESSAGE_TRENDS, id, quantity) *
					 times_a_month(config->trend_ms);
		}
	}
}

static double live_bytes(const struct site *site, const struct site_meter *meter)
{
	struct live_value values[QUANTITY_COUNT];
	const struct live_message message = {
		.meter = meter->config->id,
		.values = values,
		.values_count = meter->points_count,
	};

	for (size_t i = 0; i < meter->points_count; i++) {
		values[i] = (struct live_value){
			.quantity = (uint8_t)meter->points[i].value->quantity,
			.has_value = true,
			.value = is_counter(&meter->points[i]) ? some_reading : some_level,
			.at_wall_ms = some_day_wall_ms + 123,
		};
	}
	return (double)message_write_live(&message, NULL, 0) +
	       topic_bytes(site, MESSAGE_LIVE, meter->config->id);
}

static const struct health_meter some_health = {
	.state = DEVICE_OK,
	.last_reading_wall_ms = INT64_C(1767225600123),
	.requests = 10000000,
	.answers = 10000000,
	.answer_time_us = 20123,
	.answer_time_us_max = 120123,
	.timeout_ms = 120,
};

static const struct flash_figures some_flash = {
	.is_known = true,
	.has_day = true,
	.has_row = true,
	.since_start = INT64_C(1000000000),
	.day = 10000000,
	.per_row = 100,
};

/* A part's weight is what the message is heavier with it. */
static double health_bytes(const struct site *site)
{
	struct health_message message = {
		.at_wall_ms = some_day_wall_ms,
		.uptime_s = 1000000,
		.clock = CLOCK_STATE_SYNCHRONISED,
		.store_bytes = INT64_C(100000000),
		.has_store_bytes_max = true,
		.store_bytes_max = INT64_C(256000000),
		.flash = {.counters = {some_flash, some_flash}},
		.certificate_end_wall_ms = some_day_wall_ms,
	};
	const double empty = (double)message_write_health(&message, NULL, 0);
	double bytes = empty + topic_bytes(site, MESSAGE_HEALTH, NULL);

	for (size_t i = 0; i < site->meters_count; i++) {
		struct health_meter meter = some_health;
		meter.id = site->meters[i].config->id;
		meter.bus = site->meters[i].config->bus;
		message.meters = &meter;
		message.meters_count = 1;
		bytes += (double)message_write_health(&message, NULL, 0) - empty;
	}
	message.meters_count = 0;
	for (size_t i = 0; i < site->buses_count; i++) {
		const struct health_bus bus = {.id = site->buses[i].config->id,
			.state = HEALTH_BUS_OPEN,
			.requests = 10000000,
			.answers = 10000000};
		message.buses = &bus;
		message.buses_count = 1;
		bytes += (double)message_write_health(&message, NULL, 0) - empty;
	}
	return bytes;
}

/* Of one scope's message with so many rows. */
static double totals_bytes(const struct site *site, const char *scope, size_t rows_count)
{
	struct totals_row rows[TOTALS_ROWS_WEIGHED];
	struct totals_message message = {
		.scope = scope,
		.period = SPAN_MONTH,
		.timezone = site->config->timezone,
		.start_wall_ms = some_day_wall_ms,
		.end_wall_ms = some_day_wall_ms,
		.through_wall_ms = some_day_wall_ms,
		.unit = "kWh",
		.rows = rows,
		.rows_count = rows_count,
	};
	char part[TOTALS_SCOPE_MAX + sizeof("/month")];

	for (size_t i = 0; i < rows_count; i++) {
		rows[i] = (struct totals_row){.start_wall_ms = some_day_wall_ms,
			.has_energy = true,
			.energy = 1234567,
			.coverage_permille = 1000};
	}
	message.total = rows[0];
	snprintf(part, sizeof(part), "%s/month", scope);
	return (double)message_write_totals(&message, NULL, 0) +
	       topic_bytes(site, MESSAGE_TOTALS, part);
}

/* The day every hour, with the hours so far; month and year every day, with the days and months so
 * far. */
static double totals_a_month(const struct site *site)
{
	enum { DAYS = 30, HALF_A_DAY = 12, HALF_A_MONTH = 15, HALF_A_YEAR = 6 };
	struct site_totals totals;
	double bytes = 0;

	if (!site_totals_make(site, &totals)) {
		return 0;
	}
	for (size_t i = 0; i < totals.scopes_count; i++) {
		char scope[TOTALS_SCOPE_MAX];
		site_totals_scope_name(&totals, totals.scopes[i], scope);
		bytes += DAYS * (24 * totals_bytes(site, scope, HALF_A_DAY) +
					totals_bytes(site, scope, HALF_A_MONTH) +
					totals_bytes(site, scope, HALF_A_YEAR));
	}
	site_totals_clear(&totals);
	return bytes;
}

struct site_traffic site_forecast_traffic(const struct site *site)
{
	const double megabyte = 1e6;
	struct site_traffic traffic = {0};

	for (size_t i = 0; i < site->meters_count; i++) {
		add_streams(site, &site->meters[i], &traffic);
		if (site->meters[i].config->dwelling == CONFIG_YES)
			continue;
		traffic.live +=
			live_bytes(site, &site->meters[i]) * times_a_month(site->config->live_ms);
	}
	traffic.health = health_bytes(site) * times_a_month(site->config->health_ms);
	traffic.intervals /= megabyte;
	traffic.trends /= megabyte;
	traffic.live /= megabyte;
	traffic.health /= megabyte;
	traffic.totals = totals_a_month(site) / megabyte;
	traffic.total =
		traffic.intervals + traffic.trends + traffic.live + traffic.health + traffic.totals;
	return traffic;
}
