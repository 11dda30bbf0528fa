/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.h -- What `byport history` has worked out: which store, which
 * structure, which spans, and their sums. verb_history.c fills it, the
 * others print. `byport export` takes the first part of it: configuration,
 * store, zone, range and finality.
 */
#ifndef GATEWAY_VERBS_HISTORY_H
#define GATEWAY_VERBS_HISTORY_H

#include "gateway/core/calendar.h"
#include "gateway/reload.h"
#include "gateway/site_totals.h"
#include "gateway/store.h"

enum {
	HISTORY_SPANS_MAX = 9000, /* a year by hour */
	HISTORY_PATH_MAX = 512,
	HISTORY_LABEL_MAX = 40,
};

struct history_choice {
	const char *config;    /* NULL: the copy in the directory, where there is one */
	const char *directory; /* NULL: the configuration's, else the service's */
	const char *meter;
	const char *carrier;
	const char *use;
	const char *from;
	const char *to;
	enum calendar_span by;
	bool has_by;
	bool gateway;
	bool json;
	bool peaks;
};

/* Both verbs take these. */
#define HISTORY_OPTION_FROM                                                                  \
	{                                                                                    \
		"from", "DATE", "from this day, month or year on: 2026-11-23, 2026-11, 2026" \
	}
#define HISTORY_OPTION_TO                                                   \
	{                                                                   \
		"to", "DATE", "to its end, likewise; without it, until now" \
	}

struct history_range {
	int64_t from_wall_ms; /* INT64_MIN: nobody said */
	int64_t to_wall_ms;   /* exclusive; now at the latest */
};

struct history {
	const char *verb; /* "history": who says what is wrong */
	struct history_choice choice;
	char directory[HISTORY_PATH_MAX];
	struct loaded_site *loaded;   /* NULL: no configuration */
	struct site_totals structure; /* .site NULL then */
	struct calendar calendar;
	const char *zone;
	struct store *store;
	int64_t now_wall_ms;
	int64_t interval_ms;
	int64_t recent_id; /* rows above were written in the last days */
	/* What is asked for. */
	struct totals_site site;
	struct totals_meter single; /* a meter by itself, of which only rows are known */
	struct totals_scope scope;
	char scope_name[TOTALS_SCOPE_MAX];
	const char *unit;
	int8_t decimals;
	int32_t *place_of_series; /* by the store's number: which sum of a span; -1: none */
	size_t series_count;
	/* Spans: starts[count] is the end of the last. */
	int64_t *starts;
	size_t count;
	struct total_sum *sums;    /* of each span: those of all meters' series */
	bool *is_open;             /* something in the span is not final */
	int64_t through_wall_ms;   /* rows can be expected up to here */
	struct coarse_reach reach; /* up to which rows have become hours, days */
};

/* ---- history_source.c: configuration, store, scope ---- */
/* A verb_exit; said what is wrong. */
int history_open(struct history *history);
void history_close(struct history *history);
int history_find_scope(struct history *history);
/* To standard error, behind the verb's name. */
__attribute__((format(printf, 2, 3))) void history_say(
	const struct history *history, const char *format, ...);
void history_list_meters(
	const struct history *history); /* "; there are: a b", and the line's end */
int history_say_no_memory(const struct history *history); /* a verb_exit */

/* ---- history_spans.c: spans and sums ---- */
/* --from and --to. A verb_exit; said what is wrong. */
int history_find_range(const struct history *history, struct history_range *ret_range);
int history_find_spans(struct history *history);
/* Once, before rows are asked whether they are final. */
void history_find_recent(struct history *history);
bool history_row_is_final(const struct history *history, const struct interval_row *row);
bool history_coarse_is_final(const struct history *history, const struct coarse_interval *row);
int history_count(struct history *history);
/* Of spans from `first` on. */
struct total history_total(const struct history *history, size_t first, size_t count);
bool history_is_final(const struct history *history, size_t first, size_t count);
/* "2018-10-28", "2018-10-28 02:00 +02:00", "2018-W43", "2018-10", "2018". */
void history_label(const struct history *history, enum calendar_span span, int64_t start_wall_ms,
	char ret_label[static HISTORY_LABEL_MAX]);

/* ---- history_print.c ---- */
int history_print(const struct history *history);

/* ---- history_peaks.c: the months' power peaks, instead of energies ---- */
int history_print_peaks(struct history *history);

#endif
