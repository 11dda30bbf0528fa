/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_state.h -- What has arrived at the broker so far: the latest values of each
 * meter, the energy of its intervals, and what is missing in between. Pure.
 */
#ifndef CITY_LIVE_STATE_H
#define CITY_LIVE_STATE_H

#include "gateway/message.h"

enum {
	LIVE_GATEWAYS_MAX = 256, /* more are counted as unreadable messages */
	LIVE_METERS_MAX = 2048,  /* of all gateways */
	LIVE_SERIES_MAX = 8192,  /* of all meters */
	LIVE_INTERVALS_KEPT =
		4096, /* a series' newest, in which a revision finds what it replaces */
	LIVE_NAME_MAX = 64,
	LIVE_TEXT_MAX = 120,
};

/* An interval's newest revision. */
struct live_interval {
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t generation;
	int64_t energy; /* 0 where there is none */
	int32_t revision;
	uint8_t quality;
};

/* One counter of one meter. */
struct live_series {
	size_t meter; /* index */
	uint8_t quantity;
	int64_t energy; /* sum of the newest revisions, inside steps */
	uint64_t by_quality[QUALITY_COUNT];
	struct live_interval *intervals; /* in order of arrival */
	size_t intervals_count;
};

struct live_meter {
	size_t gateway; /* index */
	char id[METER_ID_MAX];
	char name[LIVE_NAME_MAX]; /* "" until `about` came */
	uint8_t state;            /* enum device_state, from `health` */
	bool has_live;
	struct live_value power; /* quantity QUANTITY_COUNT: none came; reason is not kept */
	struct live_value reading;
	int64_t newest_wall_ms; /* of any value; INSTANT_UNKNOWN: none */
};

struct live_stream {
	char store[LIVE_NAME_MAX];
	bool begun;
	int64_t through;
};

struct live_gateway {
	struct message_address address;
	bool has_status;
	uint8_t presence;
	uint8_t clock;
	struct live_stream streams[STREAM_COUNT];
	char last_event[LIVE_TEXT_MAX];
};

struct live_state {
	struct live_gateway *gateways;
	size_t gateways_count;
	struct live_meter *meters; /* in order of arrival */
	size_t meters_count;
	struct live_series *series;
	size_t series_count;
	uint64_t messages;
	uint64_t bytes;
	uint64_t rows[MESSAGE_KIND_COUNT]; /* of intervals, events, trends; without duplicates */
	uint64_t duplicates;               /* rows that had come before */
	uint64_t gaps;                     /* messages whose `after` is not the last `through` */
	uint64_t rows_missing;             /* ids inside the gaps */
	uint64_t unreadable;
	char unreadable_text[LIVE_TEXT_MAX]; /* of the last one */
};

/*
 * Take one message in. Returns true with *ret_message when it could be read
 * (clear it with message_clear()), and its address.
 */
__attribute__((warn_unused_result)) bool live_state_take(struct live_state *state,
	const char *topic, struct json_text payload, struct message *ret_message,
	struct message_address *ret_address);

void live_state_clear(struct live_state *state);

#endif
