/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipts.h -- What each archive has said that it has committed of this store,
 * and what all of them have. Pure.
 */
#ifndef GATEWAY_CORE_RECEIPTS_H
#define GATEWAY_CORE_RECEIPTS_H

#include "gateway/core/series.h"

enum { RECEIPTS_ARCHIVES_MAX = 8 }; /* of one gateway: a city's, a region's, one to try out ... */

/* An archive that has said nothing for so long is not waited for. */
#define RECEIPTS_SILENT_MS (INT64_C(30) * 86400000)

enum { RECEIPT_UNTOLD = -1 };

struct receipts_archive {
	char id[METER_ID_MAX];
	int64_t answered_mono_ms;
	int64_t said_wall_ms;          /* the archive's own clock */
	int64_t through[STREAM_COUNT]; /* RECEIPT_UNTOLD: not a word of this stream */
};

struct receipts {
	struct receipts_archive archives[RECEIPTS_ARCHIVES_MAX];
	uint8_t count;
};

/*
 * An archive's newest word; of a stream that it does not name, the one before
 * holds. False: there are too many archives that have answered lately.
 */
bool receipts_take(struct receipts *receipts, const struct receipts_archive *said);

/* Is this the word that it said last? */
bool receipts_has_said(const struct receipts *receipts, const struct receipts_archive *said);

/* The least of those that have answered lately; false: there are none. */
bool receipts_least(const struct receipts *receipts, enum stream stream, int64_t now_mono_ms,
	int64_t *ret_through);

#endif
