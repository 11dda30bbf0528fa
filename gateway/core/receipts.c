/* SPDX-License-Identifier: Apache-2.0 */
/* receipts.c -- receipts.h. */
#include "gateway/core/receipts.h"

#include <string.h>

static bool is_silent(const struct receipts_archive *archive, int64_t now_mono_ms)
{
	return now_mono_ms - archive->answered_mono_ms >= RECEIPTS_SILENT_MS;
}

/* Its own place, a new one, or that of one which is not waited for any more; NULL: none. */
static struct receipts_archive *place_of(
	struct receipts *receipts, const struct receipts_archive *said)
{
	struct receipts_archive *silent = NULL;

	for (uint8_t i = 0; i < receipts->count; i++) {
		struct receipts_archive *archive = &receipts->archives[i];
		if (strcmp(archive->id, said->id) == 0) {
			return archive;
		}
		if (is_silent(archive, said->answered_mono_ms)) {
			silent = archive;
		}
	}
	if (receipts->count < RECEIPTS_ARCHIVES_MAX) {
		silent = &receipts->archives[receipts->count++];
	}
	if (silent) {
		*silent = (struct receipts_archive){
			.through = {RECEIPT_UNTOLD, RECEIPT_UNTOLD}
                };
	}
	return silent;
}

bool receipts_take(struct receipts *receipts, const struct receipts_archive *said)
{
	struct receipts_archive *archive = place_of(receipts, said);

	if (!archive) {
		return false;
	}
	struct receipts_archive before = *archive;
	*archive = *said;
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (said->through[i] == RECEIPT_UNTOLD) {
			archive->through[i] = before.through[i];
		}
	}
	return true;
}

bool receipts_has_said(const struct receipts *receipts, const struct receipts_archive *said)
{
	for (uint8_t i = 0; i < receipts->count; i++) {
		const struct receipts_archive *archive = &receipts->archives[i];
		if (strcmp(archive->id, said->id) == 0) {
			return archive->said_wall_ms == said->said_wall_ms &&
			       memcmp(archive->through, said->through, sizeof(said->through)) == 0;
		}
	}
	return false;
}

bool receipts_least(const struct receipts *receipts, enum stream stream, int64_t now_mono_ms,
	int64_t *ret_through)
{
	int64_t least = INT64_MAX;

	for (uint8_t i = 0; i < receipts->count; i++) {
		const struct receipts_archive *archive = &receipts->archives[i];
		if (!is_silent(archive, now_mono_ms) &&
			archive->through[stream] != RECEIPT_UNTOLD &&
			archive->through[stream] < least) {
			least = archive->through[stream];
		}
	}
	if (least == INT64_MAX) {
		return false;
	}
	*ret_through = least;
	return true;
}
