/* SPDX-License-Identifier: Apache-2.0 */
/*
 * totals.h -- From the newest rows of series to the energy of spans: of a
 * meter, a carrier, a use, the whole gateway. Pure.
 *
 * One struct total_sum per series and span. A row belongs to the span that its
 * start lies in, whole: an interval that crosses a span's end (of a day, or of
 * an hour where the zone is half an hour off) is not cut. The newest row of
 * each interval counts once: take the old one out before putting another in.
 *
 * How meters are combined:
 * - Only meters without a parent add; what hangs below them they have counted.
 * - Stationary energy = import + own PV use + heat + cooling + fuels - mobile.
 *   A mobile meter (EV charging) is subtracted only below a meter that was
 *   added; one with a supply of its own stands outside.
 * - Own PV use = production - export. The production is that of PV meters that
 *   are below no other PV meter, the export that of the electricity meters that
 *   were added. Without a PV meter nobody asks for the export.
 * - A carrier's total is its part of the stationary energy: the gateway's total
 *   is the sum of its carriers'. Water is no energy.
 * - A use's total is that of its meters that are below no other of the same
 *   use, less the mobile meters below them (the use `mobile` itself: its
 *   meters; `pv`: the production).
 * - A meter's total is what it counted.
 *
 * A part without a value over the whole span makes the total null. Energies are
 * never negative, so that what is known bounds it: a lower bound where what is
 * missing can only add, an upper one where it can only subtract.
 */
#ifndef GATEWAY_CORE_TOTALS_H
#define GATEWAY_CORE_TOTALS_H

#include <stddef.h>

#include "gateway/core/series.h"

/* ---- One series, one span ---- */

/* Zero-initialise it. Amounts in inside steps. */
struct total_sum {
	int64_t energy;
	int64_t estimated;  /* the part of it that is */
	int64_t covered_ms; /* of intervals that have a value */
	int64_t good_ms;    /* of those measured and without a flag: they may set a peak */
	int32_t intervals;  /* with a value */
};
bool interval_has_value(const struct interval_row *row);
/* Measured, without a flag. */
bool interval_is_good(const struct interval_row *row);
void total_sum_add(struct total_sum *sum, const struct interval_row *row);
void total_sum_merge(struct total_sum *sum, const struct total_sum *other);

/*
 * The time that the intervals of a span cover when none is missing: from the
 * first boundary in it to the first one in the next. It differs from the
 * span's length only where intervals cross its ends.
 */
int64_t total_elapsed_ms(int64_t start_wall_ms, int64_t end_wall_ms, int64_t interval_ms);

/* ---- The site's structure ---- */

enum totals_kind {
	TOTALS_ELECTRICITY,
	TOTALS_HEAT,
	TOTALS_COOLING,
	TOTALS_FUEL,
	TOTALS_NO_ENERGY, /* water */
};

enum totals_role {
	TOTALS_CONSUMER,
	TOTALS_PV,
	TOTALS_MOBILE,
};

enum { TOTALS_CARRIERS_MAX = 16, TOTALS_NO_PARENT = -1 };

/* The series of a meter that totals are made of. */
enum totals_series {
	TOTALS_IN,  /* active_energy_import, heat_energy, cooling_energy */
	TOTALS_OUT, /* active_energy_export */
	TOTALS_SERIES_COUNT
};

struct totals_meter {
	int32_t parent;  /* index in the site's meters; TOTALS_NO_PARENT: none */
	uint8_t kind;    /* of its carrier */
	uint8_t role;    /* of its use */
	uint8_t carrier; /* below TOTALS_CARRIERS_MAX; the caller's numbers: equal is equal */
	uint8_t use;     /* the caller's numbers */
	bool reads[TOTALS_SERIES_COUNT];
	bool is_daily;      /* its intervals are UTC days: a dwelling's */
	uint8_t production; /* enum totals_series, of a PV meter: totals_production() */
};

struct totals_site {
	const struct totals_meter *meters;
	size_t meters_count;
};

/*
 * Which of a PV meter's counters is the production. Meters stand either way
 * round between roof and switchboard, and models name the directions as the
 * grid sees them or as the roof does; what a PV plant draws at night is little.
 * So the production is the counter that shows more; import where they are equal
 * or only one is read. Readings below 0: there is none.
 */
enum totals_series totals_production(int64_t reading_in, int64_t reading_out);

enum totals_scope_kind { SCOPE_GATEWAY, SCOPE_CARRIER, SCOPE_USE, SCOPE_METER };

struct totals_scope {
	enum totals_scope_kind kind;
	size_t number; /* carrier, use, or index of the meter */
};

/* ---- A total ---- */

enum totals_part_name {
	PART_IMPORT,
	PART_EXPORT,
	PART_PRODUCTION,
	PART_OWN_USE, /* production - export */
	PART_HEAT,
	PART_COOLING,
	PART_FUEL,
	PART_MOBILE,
	PART_COUNT
};
const char *totals_part_name(enum totals_part_name part); /* "import" ... */

/* An amount, or what bounds it. */
struct total_energy {
	bool is_known;
	bool has_at_least; /* meaningful when not is_known; a bound of 0 is none */
	bool has_at_most;
	int64_t energy;
	int64_t at_least;
	int64_t at_most;
};

/* Why a part has no value. */
enum total_lack {
	LACK_NO_VALUE, /* intervals missing or rejected */
	LACK_NOT_READ, /* the meter's model or its `quantities` has no such counter */
	LACK_NO_KWH,   /* a fuel counted in cubic metres only */
	LACK_COUNT
};
const char *total_lack_name(enum total_lack lack); /* "no_value", "not_read", "no_kwh" */

enum { TOTAL_LACKING_MAX = 8 }; /* named; all are counted */

struct total_lacking {
	uint16_t meter; /* index */
	uint8_t lack;
	uint8_t part; /* enum totals_part_name */
};

struct total {
	struct total_energy energy;
	int64_t elapsed_ms;
	int64_t covered_ms; /* of the worst covered part that is read at all */
	int64_t gross;      /* sum of all parts, whatever their sign */
	int64_t estimated;  /* of that */
	bool has_part[PART_COUNT];
	struct total_energy parts[PART_COUNT];
	size_t meters_count; /* that took part */
	size_t lacking_count;
	struct total_lacking lacking[TOTAL_LACKING_MAX];
};

/* Thousandths, rounded so that 1000 means all of it, and 0 of an estimate none of it. */
int32_t total_coverage_permille(const struct total *total);
int32_t total_estimated_permille(const struct total *total);

/* What is known of a span: the sums of meter i are sums[i * TOTALS_SERIES_COUNT ...]. */
struct totals_span {
	const struct total_sum *sums;
	int64_t elapsed_ms;       /* total_elapsed_ms() of what has passed of it */
	int64_t daily_elapsed_ms; /* the same with intervals of a day */
};
void totals_combine(const struct totals_site *site, struct totals_scope scope,
	const struct totals_span *span, struct total *ret_total);

/*
 * A span's bounds from those of the spans it consists of, where they are
 * tighter: what lacks in one hour says nothing of the others. Add up the parts
 * beginning with {.is_known = true}.
 */
void total_energy_add(struct total_energy *sum, const struct total_energy *part);
void total_energy_tighten(struct total_energy *whole, const struct total_energy *sum);

/* Whether a meter whose intervals are days takes part in a scope: then its total is one of days. */
bool totals_is_daily(const struct totals_site *site, struct totals_scope scope);

/* Whether a scope has any meter at all. */
bool totals_has_scope(const struct totals_site *site, struct totals_scope scope);

#endif
