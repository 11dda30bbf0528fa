/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h -- The oracle's book of one series: what the true register showed,
 * and when the gateway could have known it. It never asks the gateway's
 * accounting.
 *
 * A position is an era (one device at the meter, or one life of its counter)
 * and what that device had counted, unwrapped. The gateway's reading of a
 * boundary must be a position between the newest good answer before it and the
 * first good one after it.
 */
#ifndef TESTS_SIMULATION_LEDGER_H
#define TESTS_SIMULATION_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct position {
	int32_t era;
	int64_t unwrapped;
};

/* A good answer, by the wall clock it was given. */
struct mark {
	int64_t at_wall_ms; /* INT64_MIN: none */
	struct position position;
};

/* Why a span may be worse than measured; bits of a bucket's causes. */
enum cause {
	CAUSE_LIE = 1 << 0,        /* an answer that was not true, recognisable as such */
	CAUSE_BELIEVABLE = 1 << 1, /* ... not recognisable: nobody can tell, so no row that holds it
				      is judged by its energy */
	CAUSE_BREAK = 1 << 2,      /* an era ended */
	CAUSE_STOPPED = 1 << 3,    /* the gateway ended, began, or forgot what it had not stored */
	CAUSE_CLOCK = 1 << 4,      /* its clock was unknown or wrong */
	CAUSE_LEAP = 1 << 8,       /* past where the era before ended: looks like a return to it */
	CAUSE_GUESS = 1 << 6,      /* a person settled it without knowing */
	CAUSE_SETTLED = 1 << 7, /* a person settled it, knowing: its sum is judged, but nobody has
				   read anything between its rows */
	CAUSE_DOUBT = 1 << 9,   /* after a lie, or a new era's first answer, not climbed yet: byport
				   waits for that, for a day */
	CAUSE_FORGOTTEN = 1 << 5, /* it began with nothing to compare with: no reading was stored */
};

struct bucket {
	struct mark first; /* in [its start, its end) */
	struct mark last;  /* in (its start, its end] ... */
	uint32_t causes;
};

struct era {
	int64_t opening; /* unwrapped, when it began */
	int64_t closing; /* when it ended; meaningless while it is the newest */
	int64_t first;   /* answer in it that the gateway has placed */
	int64_t last;
	bool is_seen;    /* there is one */
	bool has_serial; /* it began with another serial number that can be read */
};

enum { LEDGER_BEFORES_MAX = 64 };

struct ledger {
	int64_t interval_ms;
	int64_t gap_limit_ms;
	int64_t origin; /* number of the first bucket */
	struct bucket *buckets;
	size_t buckets_count;
	struct era *eras;
	size_t eras_count;
	int64_t modulus;
	struct mark newest;        /* good answer that the gateway has placed */
	struct mark first;         /* the very first one; or what was known when the
				      gateway last began */
	int64_t bridged_wall_ms;   /* it began at an archive's anchor of then; INT64_MIN: not so */
	int64_t less_wall_ms;      /* newest answer that showed less than `newest` */
	struct mark era_before;    /* last of the era before, while this one has not climbed */
	struct mark lost;          /* `newest` when the store was lost; at INT64_MIN: it was not */
	double fastest_per_hour;   /* of all climbs since the gateway's start, in its sight */
	bool has_climbed;          /* ... there was one */
	int64_t forgotten_wall_ms; /* what was read since then is lost; INT64_MIN: nothing is */
	/* What was shown last before breaks, and lies that may have been taken for that. */
	int64_t befores[LEDGER_BEFORES_MAX];
	int befores_count;       /* the newest ones are kept */
	int64_t resumed_wall_ms; /* from a reading that was a lie; INT64_MIN: not so */
	bool is_doubted;         /* not climbed since a lie, or since the era's first answer */
	int64_t doubted_wall_ms; /* ... when it began */
	struct position doubted; /* ... from here; era -1: the next answer will tell */
	int64_t lie;             /* the newest one, and when it was told; while is_lying */
	int64_t lie_wall_ms;
	bool is_lying;     /* the newest answer was a lie */
	bool was_deceived; /* by a lie it could not know, since its start: what it takes for
			      the fastest climb may be that one's */
};

void ledger_begin(struct ledger *ledger, int64_t from_wall_ms, int64_t to_wall_ms, int64_t opening);
void ledger_clear(struct ledger *ledger);

void ledger_cause(struct ledger *ledger, int64_t at_wall_ms, enum cause cause);
void ledger_cause_over(
	struct ledger *ledger, int64_t from_wall_ms, int64_t to_wall_ms, enum cause cause);

/* A register that climbs past this may be taken for one that returns. */
void ledger_note_before(struct ledger *ledger, int64_t shown);
bool ledger_passes_before(const struct ledger *ledger, int64_t from, int64_t to);

/* A good answer; where the clock was wrong, the span of instants it may have been given. */
void ledger_answer(struct ledger *ledger, int64_t earliest_wall_ms, int64_t latest_wall_ms,
	struct position position);

/* The device at the meter ends its era at `closing`; the next begins at `opening`. */
void ledger_new_era(struct ledger *ledger, int64_t closing, int64_t opening, bool has_serial);

/* The gateway has forgotten what was not stored: it goes on from a boundary, or from nothing
 * (INT64_MIN). */
void ledger_forget(struct ledger *ledger, int64_t from_wall_ms, int64_t now_wall_ms);

/* A new store bridges from one boundary to another: what was read between is lost. */
void ledger_bridge(struct ledger *ledger, int64_t from_wall_ms, int64_t to_wall_ms);

/* The newest good answer at or before a boundary, and the first at or after it. */
struct mark ledger_before(const struct ledger *ledger, int64_t boundary_wall_ms);
struct mark ledger_after(const struct ledger *ledger, int64_t boundary_wall_ms);

/* All causes in the buckets that touch [from, to]. */
uint32_t ledger_causes(const struct ledger *ledger, int64_t from_wall_ms, int64_t to_wall_ms);

/* A lie: what the register shows next may be doubted until it has climbed from there. (The
 * first answer of a new era does the same by itself.) */
void ledger_doubt(struct ledger *ledger, int64_t since_wall_ms);

/* What was counted from one position to a later one, by the closings and openings. */
int64_t ledger_counted(const struct ledger *ledger, struct position from, struct position to);

#endif
