/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway_verdict.h -- What the archive knows of a gateway, judged: is it well, and
 * if not, why, in words. Pure.
 */
#ifndef CITY_GATEWAY_VERDICT_H
#define CITY_GATEWAY_VERDICT_H

#include "city/archive.h"
#include "city/archive_store.h"

enum {
	VERDICT_REASONS_MAX = 12, /* there are 9 */
	VERDICT_REASON_BYTES_MAX = 64,
	VERDICT_WHY_BYTES_MAX = VERDICT_REASONS_MAX * VERDICT_REASON_BYTES_MAX,
};

/* From when on something is not well. */
struct verdict_limits {
	int64_t warning_s; /* not seen for so long */
	int64_t critical_s;
	int64_t expiry_warning_days; /* its certificate ends in less than that */
	int64_t expiry_critical_days;
	int64_t card_warning_percent; /* of its card's life left, or less */
};

struct verdict {
	enum gateways_exit level; /* the worst of all reasons' */
	size_t reasons_count;
	char reasons[VERDICT_REASONS_MAX][VERDICT_REASON_BYTES_MAX];
};

struct verdict gateway_judge(const struct archive_gateway *gateway,
	const struct verdict_limits *limits, int64_t now_wall_ms);

/* "ok", "warning", "critical", "unknown". */
const char *gateways_level_name(enum gateways_exit level);

/* All reasons with commas between. */
void verdict_why(const struct verdict *verdict, char ret_why[static VERDICT_WHY_BYTES_MAX]);

/* Whole days until its certificate ends, below 0 when it has; false: it has none, or does not tell.
 */
bool gateway_certificate_days(
	const struct archive_gateway *gateway, int64_t now_wall_ms, int64_t *ret_days);

/* "12 min": how long ago it was seen last; "never". */
enum { GATEWAY_AGE_BYTES_MAX = 16 };
void gateway_age(const struct archive_gateway *gateway, int64_t now_wall_ms,
	char ret_age[static GATEWAY_AGE_BYTES_MAX]);

#endif
