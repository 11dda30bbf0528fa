/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h -- For the files that judge (judge*.c): a series and its book. */
#ifndef TESTS_SIMULATION_JUDGE_H
#define TESTS_SIMULATION_JUDGE_H

#include "tests/simulation/simulation.h"

struct judged {
	struct simulation *simulation;
	int point;
	int counter;
	const struct ledger *ledger;
};

/* A boundary and the good answers around it. */
struct span {
	int64_t at_wall_ms;
	struct mark before;
	struct mark after;
};

/* What one or more rows say of a stretch of time. */
struct reading_pair {
	struct span spans[2];
	int64_t readings[2];
	int64_t energy;
};

enum { CASE_TEXT_MAX = 320 };
const char *case_text(
	char buffer[static CASE_TEXT_MAX], const struct judged *judged, const struct kept_row *row);

bool has_value(const struct kept_row *row);
struct span span_at(const struct ledger *ledger, int64_t boundary_wall_ms);
/* The boundary lies between answers further apart than the limit. */
bool is_long_gap(const struct ledger *ledger, const struct span *span);
/* By as much as the clock was ever wrong. */
void widen(const struct judged *judged, struct span spans[static 2]);
/* Could the register have counted this energy between these readings? */
bool readings_agree(const struct judged *judged, const struct reading_pair *pair);
/* All that must hold for one row. */
void judge_kept(const struct judged *judged, const struct kept_row *row);

#endif
