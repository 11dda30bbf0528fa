/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series.h -- The rows the gateway makes: interval, trend, event. Plain values,
 * shared by accounting (makes them), store (keeps them), message (writes them).
 *
 * A series is one quantity of one meter; its number is the store's and stays
 * for the store's life. Energies and readings are in the quantity's inside
 * steps (quantity.h).
 */
#ifndef GATEWAY_CORE_SERIES_H
#define GATEWAY_CORE_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/quantity.h"

enum stream {
	STREAM_ENERGY, /* intervals and events, one sequence of ids */
	STREAM_TRENDS,
	STREAM_COUNT
};
const char *stream_name(enum stream stream); /* "energy", "trends" */

enum quality {
	QUALITY_MEASURED,
	QUALITY_ESTIMATED,
	QUALITY_REJECTED, /* null: the difference is undetermined */
	QUALITY_MISSING,  /* null: nothing read yet */
	QUALITY_COUNT
};
const char *quality_name(enum quality quality);

enum estimate_method {
	METHOD_NONE,
	METHOD_EVEN,    /* the gap's difference spread evenly */
	METHOD_PROFILE, /* by the same weekday and hour of past weeks */
	METHOD_COUNT
};
const char *estimate_method_name(enum estimate_method method); /* NULL for METHOD_NONE */

/* Plausibility findings, as bits of interval_row.flags (1u << flag); what each means and needs
 * stands in core/flags.h. A flag never changes a value. */
enum flag {
	FLAG_LARGEST_POWER,          /* more than the fuse or the model lets through */
	FLAG_SPIKE,                  /* many times the most of the past weeks */
	FLAG_DOUBLED_HOUR,           /* an hour twice both of its neighbours */
	FLAG_WITHHELD_READING,       /* a zero or torn word between two good readings, left out */
	FLAG_REGISTER_AGAINST_POWER, /* the register climbs otherwise than the integral of power */
	FLAG_SUBMETERS_ABOVE_MAIN,
	FLAG_HEAT_AGAINST_VOLUME, /* heat energy against volume times temperature difference */
	FLAG_FROZEN,
	FLAG_COUNT
};
const char *flag_name(enum flag flag); /* "largest_power" ... as in messages */

enum clock_state {
	CLOCK_STATE_UNKNOWN,
	CLOCK_STATE_SYNCHRONISED,
	CLOCK_STATE_TRUSTED, /* `clock: trust`: nobody vouches for it */
	CLOCK_STATE_COUNT
};
const char *clock_state_name(enum clock_state state);

/* How long intervals are, and from which UTC midnight on they have another length. */
struct interval_grid {
	int64_t length_ms;         /* boundaries are its multiples since 1970; 0: none */
	int64_t next_from_wall_ms; /* INT64_MAX: never */
	int64_t next_length_ms;
};

struct interval_row {
	int64_t id; /* set by the store */
	int64_t start_wall_ms;
	int64_t end_wall_ms;   /* exclusive */
	int64_t energy;        /* meaningless when quality is rejected or missing */
	int64_t reading_start; /* interpolated at start; meaningless unless has_readings */
	int64_t reading_end;
	int32_t series;
	int32_t revision; /* 0 first; newest (generation, revision) wins */
	uint32_t flags;   /* bits: 1u << enum flag */
	uint8_t quality;
	uint8_t method;
	uint8_t clock;
	bool has_readings;
	bool correction; /* a person's act changed it after it was final */
};

struct trend_row {
	int64_t id;
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	int64_t mean; /* half to even */
	int64_t min;
	int64_t max;
	int32_t series;
	int32_t count; /* samples; never 0 */
	uint8_t clock;
};

enum event_kind {
	EVENT_STARTED, /* the gateway started */
	EVENT_STOPPED,
	EVENT_CONFIGURATION, /* taken over, or refused, with the reason */
	EVENT_METER_SILENT,
	EVENT_METER_BACK,
	EVENT_METER_EXCHANGED, /* another serial number */
	EVENT_SERIAL_NUMBER,   /* first seen */
	EVENT_COUNTER_ROLLED_OVER,
	EVENT_COUNTER_REJECTED, /* difference impossible: backwards, or too fast */
	EVENT_ENERGY_WITHHELD,  /* with its amount */
	EVENT_BUS_LOST,
	EVENT_BUS_BACK,
	EVENT_CLOCK_KNOWN,
	EVENT_CLOCK_STEPPED,
	EVENT_STORE_FULL,
	EVENT_STORE_BACK,
	EVENT_NEW_SERIES,      /* a meter id never seen before on this store */
	EVENT_SETTLED,         /* a person decided; with reason and author */
	EVENT_SCALE_CHANGED,   /* model, scale or multiplier, and since when */
	EVENT_METERS_SWAPPED,  /* two configured serial numbers stand at each other's address */
	EVENT_FLAGGED,         /* a plausibility finding began; with its reason */
	EVENT_GAP_BRIDGED,     /* from an archive's anchor to this store's first reading */
	EVENT_COUNTER_DOUBTED, /* it fell or leapt, and shows the same ever since */
	EVENT_STORE_COPIED,    /* an archive has more of this store than it holds: an old copy */
	EVENT_RECEIPT_LOWER,   /* an archive has less than it had: restored from a backup */
	EVENT_NAME_USED_TWICE, /* another gateway is at the broker with this one's name */
	EVENT_KIND_COUNT
};
const char *event_kind_name(enum event_kind kind); /* "meter_silent" ... */

enum { EVENT_TEXT_MAX = 200, METER_ID_MAX = 33 }; /* bytes, with the NUL */

struct event_row {
	int64_t id;
	int64_t at_wall_ms;
	int64_t amount; /* inside steps of `quantity`; meaningful when has_amount */
	bool has_amount;
	uint8_t kind;
	uint8_t quantity; /* meaningful when has_amount */
	uint8_t clock;
	char meter[METER_ID_MAX];  /* "" : the gateway or a bus */
	char text[EVENT_TEXT_MAX]; /* one sentence for people */
};

#endif
