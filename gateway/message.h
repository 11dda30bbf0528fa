/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h -- What goes over MQTT, as UTF-8 JSON (docs/mqtt.md). Writer, reader
 * and JSON Schema of every message come from one table of fields
 * (message_fields.h), so that they cannot differ. Pure; city includes it too.
 *
 * Here energies and readings are in inside steps, instants in UTC milliseconds;
 * on the wire they are decimal numbers in the quantity's unit, and RFC 3339.
 * Pointers in the structs are the caller's when writing, the message's own when
 * read.
 */
#ifndef GATEWAY_MESSAGE_H
#define GATEWAY_MESSAGE_H

#include <stdio.h>

#include "config/site_config.h"
#include "drivers/bus_worker.h"
#include "gateway/core/flash_wear.h"
#include "gateway/core/peaks.h"
#include "gateway/core/series.h"
#include "gateway/core/totals.h"
#include "gateway/json_writer.h"

enum message_kind {
	MESSAGE_STATUS,
	MESSAGE_ABOUT,
	MESSAGE_LIVE,
	MESSAGE_INTERVALS,
	MESSAGE_EVENTS,
	MESSAGE_TRENDS,
	MESSAGE_HEALTH,
	MESSAGE_TOTALS,
	MESSAGE_RECEIPT, /* from here on: from an archive to a gateway */
	MESSAGE_REPLAY,
	MESSAGE_ANCHOR,
	MESSAGE_KIND_COUNT
};

enum {
	/* A stream message's payload; lowered to the broker's maximum packet size less
	 * MESSAGE_OVERHEAD_BYTES_MAX. `about` and `health` take what the site needs. */
	MESSAGE_BYTES_MAX = 65536,
	MESSAGE_BYTES_MIN = 2048,         /* a stream message of one row always fits */
	MESSAGE_OVERHEAD_BYTES_MAX = 512, /* a packet's header, topic and properties */
	TOPIC_BYTES_MAX = 256,
	MESSAGE_SCHEMA_VERSION = 1,
	TOTALS_SCOPE_MAX = 48,   /* bytes of "meter-<id>", with the NUL */
	RECEIPT_RANGES_MAX = 16, /* of one stream named missing at a time */
};

struct message_kind_info {
	const char *topic; /* below the root: "status", "live/<meter>" is "live" */
	uint8_t qos;
	bool retained;
	bool expires;
	uint32_t bytes_max; /* of the payload; 0: as many as the site needs */
	const char *help;
};
const struct message_kind_info *message_kind_info(enum message_kind kind);

/* By topic: "intervals"; false when there is none. */
bool message_kind_find(const char *topic, enum message_kind *ret_kind);

/* Whose topics they are: ids, or MQTT's wildcard "+" for any. */
struct message_sender {
	const char *city;
	const char *site;
	const char *gateway;
};

/* The gateway of a configuration; valid as long as that is. */
struct message_sender message_sender_of(const struct site_config *config);

/* "byport/1/<city>/<site>/<gateway>/<topic>[/<part>]"; part NULL: none. Returns the length, 0 when
 * too long. */
size_t message_topic(char buffer[static TOPIC_BYTES_MAX], const struct message_sender *sender,
	const char *topic, const char *part);

/* A topic taken apart again. */
struct message_address {
	enum message_kind kind;
	char city[METER_ID_MAX];
	char site[METER_ID_MAX];
	char gateway[METER_ID_MAX];
	char meter[METER_ID_MAX];     /* of `live`; else "" */
	char scope[TOTALS_SCOPE_MAX]; /* of `totals`; else "" */
	uint8_t period;               /* enum calendar_span, of `totals` */
	char archive[METER_ID_MAX];   /* of `receipt`, `replay` and `anchor`; else "" */
};

/* False when it is not a topic of a message in this version. */
bool message_topic_parse(const char *topic, struct message_address *ret_address);

/* An instant that is not known: written as null. */
#define INSTANT_UNKNOWN INT64_MIN

enum presence { PRESENCE_OFFLINE, PRESENCE_ONLINE, PRESENCE_COUNT };

/* `status`. The Will carries the same with PRESENCE_OFFLINE and at_wall_ms INSTANT_UNKNOWN. */
struct status_message {
	uint8_t presence;
	uint8_t clock; /* enum clock_state */
	const char *version;
	const char *store; /* id */
	int64_t generation;
	int64_t started_wall_ms; /* the program */
	int64_t at_wall_ms;      /* this message */
	const char *boot;        /* the kernel's boot id; NULL: unknown */
	int64_t session;         /* connections to the broker since the start, this one included */
	const char *run;         /* another at each start of the program; NULL: not told */
};

/* One quantity of `about`: how a reading comes to its value. */
struct about_quantity {
	uint8_t quantity;
	struct scale scale; /* a raw step, in inside steps */
	bool has_modulus;
	bool has_resolution;
	int64_t modulus;    /* inside steps at which the counter starts again */
	int64_t resolution; /* inside steps */
};

struct about_meter {
	const char *id;
	const char *name;
	const char *model;
	uint8_t carrier;           /* enum config_carrier; CARRIER_UNSET is null */
	uint8_t use;               /* enum config_use */
	const char *parent;        /* NULL: none */
	const char *serial_number; /* NULL: not read yet, or the model has none */
	const char *bus;
	int64_t address;
	int64_t channel;
	const char *ct; /* "300/5"; NULL: none */
	bool ct_in_meter;
	bool dwelling;
	const struct config_label *labels;
	size_t labels_count;
	const struct about_quantity *quantities;
	size_t quantities_count;
};

/* `about`: the monitoring plan. */
struct about_message {
	const char *city;
	const char *site;
	const char *site_name; /* NULL: none */
	const char *gateway;
	const char *timezone;
	const char *version;
	int64_t interval_s;
	const struct about_meter *meters;
	size_t meters_count;
};

/* `live/<meter>`: each value with the time it was read. */
struct live_value {
	uint8_t quantity;
	bool has_value;
	int64_t value;
	int64_t at_wall_ms; /* when it was read, or found missing */
	const char *reason; /* why there is no value; NULL with one */
};

struct live_message {
	const char *meter;
	const struct live_value *values;
	size_t values_count;
};

/* Rows of the streams: the store's, with the names their series number stands for. */
struct interval_message_row {
	const char *meter;
	uint8_t quantity;
	struct interval_row row; /* series is not written */
};

struct trend_message_row {
	const char *meter;
	uint8_t quantity;
	struct trend_row row; /* series is not written */
};

/* `intervals` and `events` (stream energy), `trends` (stream trends). */
struct stream_message {
	const char *store;
	int64_t generation;
	uint8_t stream;   /* enum stream */
	int64_t after;    /* `through` of the message before, on whichever topic of the stream */
	int64_t through;  /* the last id in this one */
	bool gone;        /* no rows: those asked for are not in the store any more */
	const void *rows; /* by kind: interval_message_row, event_row, trend_message_row */
	size_t rows_count;
};

enum health_bus_state { HEALTH_BUS_GONE, HEALTH_BUS_OPEN, HEALTH_BUS_STATE_COUNT };

struct health_bus {
	const char *id;
	uint8_t state;      /* enum health_bus_state */
	const char *reason; /* NULL: none */
	int64_t requests;
	int64_t answers;
};

struct health_meter {
	const char *id;
	const char *bus;
	uint8_t state;      /* enum device_state */
	const char *reason; /* NULL: none */
	int64_t last_reading_wall_ms;
	int64_t requests;
	int64_t answers;
	int64_t skipped;
	int64_t errors[BUS_ERROR_KIND_COUNT];
	int64_t exceptions[EXCEPTION_CODES_MAX]; /* by code */
	int64_t answer_time_us;
	int64_t answer_time_us_max;
	int64_t timeout_ms;
};

/* `health` */
struct health_message {
	int64_t at_wall_ms;
	int64_t uptime_s;
	uint8_t clock;
	int64_t backlog_energy; /* rows not sent yet */
	int64_t backlog_trends;
	bool has_receipts_energy; /* receipts are in force */
	bool has_receipts_trends;
	int64_t undelivered_energy; /* rows without a receipt */
	int64_t undelivered_trends;
	int64_t store_bytes;
	bool has_store_bytes_max; /* false: an older gateway */
	int64_t store_bytes_max;
	struct flash_wear flash;         /* of the card under the store */
	int64_t certificate_end_wall_ms; /* the gateway's own at the broker; INSTANT_UNKNOWN: none
					  */
	const struct health_bus *buses;
	size_t buses_count;
	const struct health_meter *meters;
	size_t meters_count;
};

/* Energies of one span of `totals`: mWh. */
struct totals_row {
	int64_t start_wall_ms;
	bool has_energy;
	bool has_at_least; /* without an energy: what bounds it */
	bool has_at_most;
	bool has_estimate;
	int64_t energy;
	int64_t at_least;
	int64_t at_most;
	int64_t coverage_permille;
	int64_t estimated_permille;
};

/* What a gateway's total is made of. */
struct totals_part {
	uint8_t part; /* enum totals_part_name */
	struct total_energy energy;
};

/* A meter whose part has no value. */
struct totals_lacking {
	const char *meter;
	uint8_t part;
	uint8_t lack; /* enum total_lack */
};

struct totals_peak {
	int64_t start_wall_ms;
	int64_t power; /* mW */
};

/* `totals/<scope>/<day|month|year>` */
struct totals_message {
	const char *scope;
	uint8_t period; /* enum calendar_span: day, month, year */
	const char *timezone;
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t through_wall_ms; /* what is counted so far */
	const char *unit;        /* "kWh" */
	struct totals_row total; /* from start through through */
	bool has_parts;          /* the gateway's */
	bool has_peaks;          /* a month's, of a meter without a parent */
	bool has_peak_power;
	uint8_t peak_rule;
	uint8_t peak_span;  /* enum calendar_span: hour, or day */
	int64_t peak_power; /* mW */
	const struct totals_peak *peaks;
	size_t peaks_count;
	const struct totals_part *parts;
	size_t parts_count;
	const struct totals_lacking *lacking;
	size_t lacking_count;
	const struct totals_row *rows;
	size_t rows_count;
};

/* Ids of a stream: after < id <= through. */
struct receipt_range {
	int64_t after;
	int64_t through;
};

struct receipt_stream {
	uint8_t stream;                      /* enum stream */
	int64_t through;                     /* every row up to it is committed */
	const struct receipt_range *missing; /* above it */
	size_t missing_count;
};

/* `receipt/<archive>`: of one store. */
struct receipt_message {
	const char *archive;
	int64_t at_wall_ms; /* the archive's clock */
	const char *store;
	int64_t generation;
	const struct receipt_stream *streams;
	size_t streams_count;
};

/* `replay/<archive>`: rows wanted (again). */
struct replay_message {
	const char *archive;
	int64_t at_wall_ms;
	const char *store;
	uint8_t stream;
	int64_t after;
	int64_t through;
};

struct anchor_counter {
	const char *meter;
	uint8_t quantity;
	int64_t at_wall_ms; /* end of its newest interval with readings */
	int64_t reading;    /* then, in inside steps */
};

/* `anchor/<archive>`: where counters stood, for a store that begins. */
struct anchor_message {
	const char *archive;
	int64_t at_wall_ms;
	const char *store;
	int64_t generation; /* the highest the archive has seen of this gateway */
	const struct anchor_counter *counters;
	size_t counters_count;
};

/*
 * Write a whole message. Returns the bytes it takes, without the NUL that is
 * written behind; it stands in `buffer` only when that is below `size`. So
 * buffer NULL and size 0 ask for the size.
 */
size_t message_write_status(const struct status_message *message, char *buffer, size_t size);
size_t message_write_about(const struct about_message *message, char *buffer, size_t size);
size_t message_write_live(const struct live_message *message, char *buffer, size_t size);
size_t message_write_health(const struct health_message *message, char *buffer, size_t size);
size_t message_write_totals(const struct totals_message *message, char *buffer, size_t size);
size_t message_write_receipt(const struct receipt_message *message, char *buffer, size_t size);
size_t message_write_replay(const struct replay_message *message, char *buffer, size_t size);
size_t message_write_anchor(const struct anchor_message *message, char *buffer, size_t size);

/* The kind of a stream's messages that have no rows. */
enum message_kind message_gone_kind(enum stream stream);

/* A stream's message that says that the rows after `after`, through `through`, are gone; the
 * fields `gone` and `rows` are not looked at. */
size_t message_write_gone(const struct stream_message *range, char *buffer, size_t size);

/*
 * A stream message, row by row: begin, add until one does not fit or is of the
 * other kind, finish, and begin the next with after = through of this one.
 */
struct message_stream {
	struct json_writer writer;
	enum message_kind kind;
	int64_t through;
	size_t rows_count;
};

/* `head`: store, generation, stream, after; the rest is not looked at. The buffer is the caller's,
 * of at least MESSAGE_BYTES_MIN, until the message is sent. */
void message_stream_begin(struct message_stream *stream, enum message_kind kind,
	const struct stream_message *head, struct json_buffer buffer);

/* False: it does not fit and nothing of it was written. The row must be of the stream's kind. */
__attribute__((warn_unused_result)) bool message_stream_add_interval(
	struct message_stream *stream, const struct interval_message_row *row);
__attribute__((warn_unused_result)) bool message_stream_add_event(
	struct message_stream *stream, const struct event_row *row);
__attribute__((warn_unused_result)) bool message_stream_add_trend(
	struct message_stream *stream, const struct trend_message_row *row);

/* The payload's length; it stands in the buffer given at the beginning. */
size_t message_stream_finish(struct message_stream *stream);

/* A message read back. */
struct message {
	enum message_kind kind;
	union {
		struct status_message status;
		struct about_message about;
		struct live_message live;
		struct stream_message stream; /* intervals, events, trends */
		struct health_message health;
		struct totals_message totals;
		struct receipt_message receipt;
		struct replay_message replay;
		struct anchor_message anchor;
	};
	struct message_memory *memory; /* owns all it points to */
};

enum { MESSAGE_ERROR_MAX = 200 }; /* bytes, with the NUL */

/*
 * Read one. False with `ret_error` saying where and what ("rows[3].start:
 * \"yesterday\" is not an instant ...") when it is not a message of this kind;
 * fields it does not know are passed over. Clear it with message_clear().
 */
__attribute__((warn_unused_result)) bool message_read(enum message_kind kind,
	struct json_text payload, struct message *ret_message,
	char ret_error[static MESSAGE_ERROR_MAX]);
void message_clear(struct message *message);

/* JSON Schema (draft 2020-12) of one kind. */
void message_print_schema(enum message_kind kind, FILE *stream);

#endif
