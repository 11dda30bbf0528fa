/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_spans.h -- Which ids of a stream are committed: ranges, and the holes
 * between them. Pure.
 */
#ifndef CITY_ARCHIVE_SPANS_H
#define CITY_ARCHIVE_SPANS_H

#include "gateway/message.h"

enum { ARCHIVE_SPANS_MAX = 1024 }; /* a stream torn further waits until holes are filled */

/* In order, with a hole between any two. The first one begins after 0 and may be empty. */
struct archive_spans {
	struct receipt_range items[ARCHIVE_SPANS_MAX];
	size_t count;
};

/* Everything through an id. */
void archive_spans_init(struct archive_spans *spans, int64_t through);

/* Add ids after < id <= through, known or not. False, and nothing is added: there would be too many
 * spans. */
__attribute__((warn_unused_result)) bool archive_spans_add(
	struct archive_spans *spans, int64_t after, int64_t through);

bool archive_spans_have(const struct archive_spans *spans, int64_t id);

/* The first holes up to `newest`, RECEIPT_RANGES_MAX at most; returns how many. */
size_t archive_spans_holes(const struct archive_spans *spans, int64_t newest,
	struct receipt_range ret_holes[static RECEIPT_RANGES_MAX]);

#endif
