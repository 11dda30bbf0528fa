/* SPDX-License-Identifier: Apache-2.0 */
/* quarter.c -- quarter.h. */
#include "tests/bench/quarter.h"

#include <stdio.h>

/* 2026-11-01T00:00:00Z */
static const int64_t begin_wall_ms = INT64_C(1793491200000);

enum {
	GENERATION = 1793491200,
	MINUTE_MS = 60000,
	LEAST_MWH = 250000, /* 1 kW */
	SPREAD_MWH = 997000,
};

static const uint8_t gauges[QUARTER_GAUGES_MAX] = {QUANTITY_ACTIVE_POWER, QUANTITY_VOLTAGE_L1,
	QUANTITY_VOLTAGE_L2, QUANTITY_VOLTAGE_L3, QUANTITY_CURRENT_L1, QUANTITY_CURRENT_L2,
	QUANTITY_CURRENT_L3, QUANTITY_FREQUENCY};

void quarter_gateway_init(struct quarter_gateway *gateway, int number, int meters, int of_each)
{
	*gateway = (struct quarter_gateway){.meters = meters, .gauges = of_each};
	snprintf(gateway->site, sizeof(gateway->site), "site-%04d", number);
	snprintf(gateway->name, sizeof(gateway->name), "drammen/%s/main", gateway->site);
	snprintf(
		gateway->store, sizeof(gateway->store), "%08d-6f0e-4b53-9a33-0b8ff0a5d9d1", number);
}

int64_t quarter_rows(const struct quarter_gateway *gateway, enum stream stream)
{
	int64_t meters = gateway->meters;
	return stream == STREAM_ENERGY ? meters : meters * gateway->gauges * QUARTER_MINUTES;
}

static void name_meter(int64_t number, char meter[static METER_ID_MAX])
{
	snprintf(meter, METER_ID_MAX, "meter-%02d", (int)number);
}

/* Energies differ, so that rows compress no better than real ones. */
static int64_t energy_of(int64_t meter, int64_t quarter)
{
	return LEAST_MWH + (meter * 7919 + quarter * 104729) % SPREAD_MWH;
}

void quarter_interval(const struct quarter_gateway *gateway, int64_t quarter, int64_t i,
	char meter[static METER_ID_MAX], struct interval_message_row *ret_row)
{
	int64_t start_wall_ms = begin_wall_ms + quarter * QUARTER_MS;
	int64_t energy = energy_of(i, quarter);
	int64_t reading = (i + 1) * INT64_C(10000000000) + quarter * (LEAST_MWH + SPREAD_MWH);
	name_meter(i, meter);
	*ret_row = (struct interval_message_row){
		.meter = meter,
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.row = {.id = quarter * gateway->meters + i + 1,
			.start_wall_ms = start_wall_ms,
			.end_wall_ms = start_wall_ms + QUARTER_MS,
			.energy = energy,
			.reading_start = reading,
			.reading_end = reading + energy,
			.has_readings = true,
			.quality = QUALITY_MEASURED,
			.clock = CLOCK_STATE_SYNCHRONISED}
        };
}

/* Trends stand minute by minute, all meters' and gauges' of one together. */
static void make_trend(const struct quarter_gateway *gateway, int64_t id,
	char meter[static METER_ID_MAX], struct trend_message_row *ret_row)
{
	int64_t a_minute = (int64_t)gateway->meters * gateway->gauges;
	int64_t place = (id - 1) % a_minute;
	int64_t start_wall_ms = begin_wall_ms + (id - 1) / a_minute * MINUTE_MS;
	int64_t mean = 230000 + id * 7919 % 10000;
	name_meter(place / gateway->gauges, meter);
	*ret_row = (struct trend_message_row){
		.meter = meter,
		.quantity = gauges[place % gateway->gauges],
		.row = {.id = id,
			.start_wall_ms = start_wall_ms,
			.end_wall_ms = start_wall_ms + MINUTE_MS,
			.mean = mean,
			.min = mean - 1000,
			.max = mean + 1000,
			.count = 6,
			.clock = CLOCK_STATE_SYNCHRONISED}
        };
}

static bool add_row(const struct quarter_gateway *gateway, struct message_stream *message,
	enum stream stream, int64_t id)
{
	char meter[METER_ID_MAX];
	struct interval_message_row interval;
	struct trend_message_row trend;
	if (stream == STREAM_TRENDS) {
		make_trend(gateway, id, meter, &trend);
		return message_stream_add_trend(message, &trend);
	}
	quarter_interval(
		gateway, (id - 1) / gateway->meters, (id - 1) % gateway->meters, meter, &interval);
	return message_stream_add_interval(message, &interval);
}

size_t quarter_message(const struct quarter_gateway *gateway, enum stream stream, int64_t after,
	struct json_buffer buffer, int64_t *ret_through)
{
	int64_t rows = quarter_rows(gateway, stream);
	int64_t last = (after / rows + 1) * rows;
	struct message_stream message;
	const struct stream_message head = {.store = gateway->store,
		.generation = GENERATION,
		.stream = (uint8_t)stream,
		.after = after};
	enum message_kind kind = stream == STREAM_TRENDS ? MESSAGE_TRENDS : MESSAGE_INTERVALS;
	message_stream_begin(&message, kind, &head, buffer);
	int64_t id = after;
	while (id < last && add_row(gateway, &message, stream, id + 1))
		id++;
	*ret_through = id;
	return message_stream_finish(&message);
}
