/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quarter.h -- What a made-up gateway has to say of a quarter of an hour: an interval
 * row of each of its electricity meters, and, where asked for, a trend row a minute
 * of some gauges of each. The same rows for the load generator and for the data
 * bases' raw rates.
 */
#ifndef TESTS_BENCH_QUARTER_H
#define TESTS_BENCH_QUARTER_H

#include "gateway/message.h"

enum {
	QUARTER_MS = 900000,
	QUARTER_MINUTES = 15,
	QUARTER_GAUGES_MAX = 8,
	QUARTER_NAME_BYTES_MAX = 3 * METER_ID_MAX,
	QUARTER_STORE_BYTES_MAX = 37,
};

/* A gateway as messages name it. */
struct quarter_gateway {
	char site[METER_ID_MAX];
	char name[QUARTER_NAME_BYTES_MAX];   /* city/site/gateway */
	char store[QUARTER_STORE_BYTES_MAX]; /* a UUID */
	int meters;
	int gauges; /* of each meter; 0 to QUARTER_GAUGES_MAX */
};

void quarter_gateway_init(struct quarter_gateway *gateway, int number, int meters, int gauges);

/* Rows of one quarter: ids of quarter q are after rows * q, through rows * (q + 1). */
int64_t quarter_rows(const struct quarter_gateway *gateway, enum stream stream);

/* Row `i` of a quarter, from 0. `meter` has to live as long as the row. */
void quarter_interval(const struct quarter_gateway *gateway, int64_t quarter, int64_t i,
	char meter[static METER_ID_MAX], struct interval_message_row *ret_row);

/* The stream's next message: rows of a quarter after `after`, as many as fit, into the buffer;
 * returns its length, and how far it goes. */
size_t quarter_message(const struct quarter_gateway *gateway, enum stream stream, int64_t after,
	struct json_buffer buffer, int64_t *ret_through);

#endif
