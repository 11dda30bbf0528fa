/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newest_intervals.h -- All intervals since an instant, of all series, each
 * once, as its newest revision says or in the coarse one it has become: read
 * from the store in portions, without an index.
 *
 * Coarse ones come first, the coarsest of them first. Of the others a first pass collects what was
 * revised, a second one gives every interval at the place of its first row, so that a series'
 * intervals come in order of time (but for those written anew after the clock was set back). Rows
 * that are committed meanwhile are given too; a revision among them of an interval already given is
 * not: who writes rows knows of it and walks again.
 */
#ifndef GATEWAY_NEWEST_INTERVALS_H
#define GATEWAY_NEWEST_INTERVALS_H

#include "gateway/store.h"

enum {
	/* Revised intervals that a walk keeps in mind, 32 bytes each in a table at most half
	   full: three counters whose whole year of quarter hours is revised. */
	NEWEST_INTERVALS_MAX = 110000,
};

struct newest_intervals;

/* Intervals that start at or after `from_wall_ms`. NULL when memory is out. */
struct newest_intervals *newest_intervals_new(struct store *store, int64_t from_wall_ms);
/* NULL is fine. Returns NULL. */
struct newest_intervals *newest_intervals_free(struct newest_intervals *walk);

struct newest_visitors {
	store_visitor *visit;
	store_coarse_visitor *visit_coarse;
	void *context;
};

enum newest_state {
	NEWEST_GOES_ON,
	NEWEST_CAUGHT_UP, /* all that is committed was given; more may come with another step */
	NEWEST_CHANGED,   /* intervals have become coarse meanwhile: begin anew */
	NEWEST_FAILED,    /* the store cannot be read, or too much was revised */
};

/* Go on by about `rows_max` rows. */
enum newest_state newest_intervals_step(
	struct newest_intervals *walk, size_t rows_max, const struct newest_visitors *visitors);

/* Given up to this id of the stream `energy`. */
int64_t newest_intervals_through(const struct newest_intervals *walk);

/* All of it at once, of one moment. False: NEWEST_FAILED, or memory is out. */
__attribute__((warn_unused_result)) bool newest_intervals_visit(
	struct store *store, int64_t from_wall_ms, const struct newest_visitors *visitors);

#endif
