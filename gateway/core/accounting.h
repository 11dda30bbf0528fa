/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounting.h -- From a counter's readings to the energy of its intervals, so
 * that nothing is lost or counted twice. One struct counter per series. Pure.
 *
 * The readings at the UTC-aligned boundaries b are interpolated (in integers)
 * between the two good readings around each: R(b). The energy of an interval
 * is R(end) - R(start), so the sum over any run of intervals without a null is
 * R(last end) - R(first start), to the step.
 *
 * An interval closes at the first good reading after its end, else it is
 * published as missing at a named deadline and revised when readings resume:
 * the difference over the gap is spread by the series' profile (profile.h),
 * evenly where it has none, by cumulative rounding: the sum is exact, each
 * share within a step of its own.
 *
 * A reading that falls, or climbs faster than is physically possible, is held
 * until the next one: if that one follows on from the reading before, the held
 * one was noise and is withheld with an event; if it follows on from the held
 * one, the counter really stepped: a rollover where the modulus is known and
 * the difference possible, else the intervals touched are rejected (null) and
 * a new run of readings begins there. A held value that only repeats itself
 * says nothing (zeros of a device that starts, all ones of a converter that
 * does not reach its meter): it stays held until the register climbs from it,
 * or has shown it for longer than readings vouch for the one before, for a day
 * at most. So that no first reading can be such
 * noise, a series begins with two that agree, and its first row at the first
 * boundary after them.
 */
#ifndef GATEWAY_CORE_ACCOUNTING_H
#define GATEWAY_CORE_ACCOUNTING_H

#include "drivers/register_decode.h"
#include "gateway/core/profile.h"

/* What does not change while a counter runs. All instants UTC milliseconds, all amounts inside
 * steps. */
struct counter_rules {
	const char *meter; /* its id; goes into events */
	enum quantity quantity;
	int32_t series;
	struct interval_grid grid;     /* length_ms > 0 */
	int64_t gap_limit_ms;          /* a boundary between readings further apart is estimated */
	int64_t close_deadline_ms;     /* after an interval's end: published as missing */
	int64_t modulus;               /* at which the counter starts again; 0: unknown */
	int64_t rate_max_per_hour;     /* physically possible, with whatever margin the caller wants
					  (from main_fuse ...); 0: unknown, then a climb that is 100
					  times  the fastest seen is held, and no rollover is assumed */
	int64_t resolution;            /* one step of the register; 0: unknown */
	int64_t register_update_ms;    /* how often the device renews it; 0: unknown */
	int64_t uncertain_ms;          /* how far off the instants of readings added now may be */
	const struct profile *profile; /* of this series; NULL: gaps are spread evenly */
	const struct calendar *calendar; /* the site's; NULL: UTC */
};

struct reading {
	int64_t at_wall_ms;
	int64_t value;
	uint8_t clock; /* enum clock_state; unknown: its instant is a guess, and what it closes is
			  estimated */
};

/*
 * Where the counter's rows go. A sink that cannot take a row returns false:
 * then the reading or tick that made it counts as not happened, and the
 * interval stays open until the next one. The counter is cumulative, so
 * nothing is lost by that.
 */
struct counter_sink {
	void *context;
	bool (*interval)(void *context, struct interval_row *row);
	bool (*event)(void *context, struct event_row *row);
};

enum {
	/* Rows made one by one for one gap (a year of quarter hours); what is longer ends in one
	   row over all the rest. A clock that jumps by decades must not fill the store. */
	COUNTER_GAP_ROWS_MAX = 35136,
	/* Withheld readings told of between two boundaries; a device that babbles must not either.
	 */
	COUNTER_WITHHELD_EVENTS_MAX = 4,
};

/*
 * A counter's state; zero-initialised or counter_resume()d. Fields are
 * accounting.c's. A run is a row of readings each of which follows on from the
 * one before; the open interval is the first that has no energy yet.
 */
struct counter {
	struct reading last;        /* where the run has come to */
	struct reading held;        /* a suspicious reading after it */
	int64_t held_until_wall_ms; /* newest instant at which the register showed the same */
	struct reading other;       /* the newest odd one while the held one repeats */
	int64_t read_wall_ms;       /* newest good reading; `last` may be a boundary after it */
	int64_t less_wall_ms;     /* newest instant at which the register showed less than `last` */
	int64_t fastest_per_hour; /* fastest climb seen */
	int64_t level_wall_ms; /* where `last` is vouched for from: the run's first reading, or the
				  first after a climb that was faster than any before */
	int64_t before_climb;  /* value before the newest climb; known when has_climbed */
	int64_t least_climb;   /* smallest step seen between two readings; 0: none yet */
	int64_t before;        /* value of the last reading of the run before this one */
	int64_t run_first;     /* value of the first reading of this run */
	int64_t next_start_wall_ms; /* start of the open interval */
	int64_t published_wall_ms;  /* end of the newest row; those after next_start are missing */
	int64_t start_reading;      /* R(next_start); negative after a rollover */
	int64_t start_shift;        /* what people add to it: it was another device's, or scale */
	int64_t run_start;          /* energy of this run is published up to here */
	int64_t withheld;           /* energy of earlier runs that is in no interval */
	int64_t last_uncertain_ms;  /* rules.uncertain_ms of `last` */
	int64_t ready_wall_ms;      /* when this program first heard of the counter */
	int64_t rounding_slack;   /* a change of scale rounded `last`: less by so much is no fall */
	int64_t noise_wall_ms[2]; /* oldest and newest withheld reading not yet flagged */
	int32_t again_revision;   /* of rows before published_wall_ms; 0: 1 */
	uint8_t withheld_events;  /* since the last boundary */
	uint8_t breaks;           /* in the open interval */
	uint8_t start_clock;
	uint8_t start_method; /* how R(next_start) was come by, where it is not good */
	bool has_last;
	bool has_held;
	bool held_has_gap; /* it was not read all the time until then */
	bool has_other;
	bool has_climbed; /* less_wall_ms is known; else it is the run's beginning */
	bool has_before;
	bool before_is_other; /* another device's: a leap above it means nothing */
	bool has_next;
	bool has_start;
	bool start_good; /* R(next_start) is not inside a long gap */
	bool has_noise;
	bool last_is_boundary; /* and was never read */
	bool is_ready;
	bool is_rejecting; /* the open interval holds a break: null whatever comes */
};

/*
 * Go on after a restart: `newest` is the series' newest stored row, `known` its
 * newest one with has_readings (the same or an older one); NULL where there is
 * none.
 */
void counter_resume(struct counter *counter, const struct interval_row *newest,
	const struct interval_row *known);

/* Where a counter stands that its rows alone do not tell; kept by the store. */
struct counter_frontier {
	int64_t next_start_wall_ms;
	int64_t published_wall_ms;
	int64_t reading; /* at next_start; may be negative */
	int64_t shift;
	int32_t again_revision;
	uint8_t clock;
	bool is_good;
	bool is_broken; /* the open interval holds a break; `reading` means nothing */
};
/* False while the series has no first interval. */
bool counter_frontier(const struct counter *counter, struct counter_frontier *ret_frontier);
void counter_resume_at(struct counter *counter, const struct counter_frontier *frontier);
/* Rows up to an instant are out already, and need a revision of at least this when they come again.
 */
void counter_note_published(
	struct counter *counter, int64_t published_wall_ms, int32_t again_revision);

/* Readings in order of time; one not later than the last is ignored. False: the sink refused. */
bool counter_add_reading(struct counter *counter, const struct counter_rules *rules,
	const struct reading *reading, const struct counter_sink *sink);

/* Time passes: publish as missing what is past its deadline. False: the sink refused. */
bool counter_tick(struct counter *counter, const struct counter_rules *rules, int64_t now_wall_ms,
	const struct counter_sink *sink);

/* Another device from here on: the open interval is rejected, the next reading begins a new run.
 * The caller tells of the exchange itself. */
void counter_exchange(struct counter *counter);

/*
 * A person's word on an exchange while the interval that holds it is still
 * open: the old device stood at `closing` when the new one stood at `opening`.
 * Nothing changes unless COUNTER_SETTLED; with `dry` nothing ever does.
 * *ret_energy: what the open interval holds so far by that word.
 */
enum counter_settling {
	COUNTER_SETTLED,
	COUNTER_NOTHING_OPEN,    /* no break in the open interval */
	COUNTER_BREAK_IS_OLDER,  /* it began in intervals that are closed: settle their rows */
	COUNTER_CLOSING_TOO_LOW, /* below the old device's last reading */
	COUNTER_OPENING_TOO_HIGH /* above the new device's first reading */
};
struct counter_exchange_readings {
	int64_t closing;
	int64_t opening;
};
enum counter_settling counter_settle_open(struct counter *counter,
	const struct counter_exchange_readings *readings, bool dry, int64_t *ret_energy);

/*
 * From an instant on, one raw step is worth `ratio` times what it was: an
 * exchange at the same raw reading. Readings added from now on are on the new
 * scale. Rows already published before `from` stay as they are; those after it
 * are the caller's to revise. False on overflow; then nothing has changed.
 */
__attribute__((warn_unused_result)) bool counter_rescale(
	struct counter *counter, struct scale ratio, int64_t from_wall_ms);

/*
 * The wall clock was set back: what was placed since is placed anew.
 *
 * `rows`: the newest rows of the series that end after now + step, in order of
 * time; they must be all that was published. Those of the future are taken
 * back (published as missing, in a revision of their own); their readings, as
 * far as no interval without a value lies between, are placed `step` earlier,
 * and what they pass closes again, as an estimate. The sum stays what it was.
 * At most two rows for each given and one more are made, and one event; the
 * caller sees to it that the sink takes them all. False: it did not; the
 * counter is as it was, but the rows are not.
 */
struct counter_set_back {
	int64_t step_ms;     /* < 0 */
	int64_t now_wall_ms; /* by the clock as it is now */
	const struct interval_row *rows;
	size_t rows_count;
};
bool counter_clock_set_back(struct counter *counter, const struct counter_rules *rules,
	const struct counter_set_back *set_back, const struct counter_sink *sink);

/*
 * A dead board's successor: an archive knows the series up to a boundary.
 * `first`: this store's oldest boundary reading of the series; NULL while it
 * has none, also when readings have come. What lies between is published as an estimate, or, where
 * the readings do not follow on from each other, told as an event and left out. False: the sink
 * refused.
 */
struct counter_bridge {
	struct reading anchor;
	const struct reading *first;
	int32_t revision; /* of the rows made before `first`, or again: above those already there */
};
bool counter_bridge(struct counter *counter, const struct counter_rules *rules,
	const struct counter_bridge *bridge, const struct counter_sink *sink);

#endif
