/* SPDX-License-Identifier: Apache-2.0 */
/* archive.c -- archive.h. */
#include "tests/simulation/archive.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simulation/simulation.h"

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text));
}

static uint64_t hash_interval(const struct interval_message_row *row)
{
	int64_t fields[] = {row->row.start_wall_ms, row->row.end_wall_ms, row->row.quality,
		row->row.quality <= QUALITY_ESTIMATED ? row->row.energy : 0,
		row->row.has_readings ? row->row.reading_start : 0,
		row->row.has_readings ? row->row.reading_end : 0, row->row.revision, row->row.flags,
		row->row.method, row->row.clock, row->row.correction, row->quantity};
	return hash_text(hash_bytes(1, fields, sizeof fields), row->meter) | 1;
}

static uint64_t hash_event(const struct event_row *row)
{
	int64_t fields[] = {
		row->at_wall_ms, row->has_amount ? row->amount : 0, row->kind, row->clock};
	return hash_text(hash_text(hash_bytes(2, fields, sizeof fields), row->meter), row->text) |
	       1;
}

/* ---- streams ---- */

static void begin_store(struct simulation *simulation, const struct stream_message *message)
{
	struct archive *archive = &simulation->archive;
	struct kept_stream *stream = &archive->streams[message->stream];
	if (message->generation <= stream->generation)
		violated(simulation, "identity",
			"store %s has generation %lld, the one before had %lld", message->store,
			(long long)message->generation, (long long)stream->generation);
	*stream = (struct kept_stream){.generation = message->generation};
	snprintf(stream->store, sizeof stream->store, "%s", message->store);
	if (archive->seen[message->stream] != NULL)
		memset(archive->seen[message->stream], 0,
			archive->seen_room[message->stream] * sizeof(uint64_t));
}

static void check_stream(struct simulation *simulation, const struct stream_message *message)
{
	struct kept_stream *stream = &simulation->archive.streams[message->stream];
	if (strcmp(stream->store, message->store) != 0)
		begin_store(simulation, message);
	if (message->after > stream->through)
		violated(simulation, "delivery", "stream %s goes on after %lld, it was at %lld",
			stream_name((enum stream)message->stream), (long long)message->after,
			(long long)stream->through);
	if (message->through <= message->after || message->rows_count == 0)
		violated(simulation, "delivery", "a message from %lld to %lld with %zu rows",
			(long long)message->after, (long long)message->through,
			message->rows_count);
	if (message->through > stream->through)
		stream->through = message->through;
}

/* True when a row is new; one that comes again must be the same. */
static bool is_new(struct simulation *simulation, enum stream stream, int64_t id, uint64_t hash)
{
	struct archive *archive = &simulation->archive;
	size_t room = archive->seen_room[stream];
	if (id <= 0) {
		violated(simulation, "ids", "a row has the id %lld", (long long)id);
		return false;
	}
	if ((size_t)id >= room) {
		size_t more = 2 * (size_t)id + 1024;
		archive->seen[stream] = realloc(archive->seen[stream], more * sizeof(uint64_t));
		if (archive->seen[stream] == NULL)
			abort();
		memset(archive->seen[stream] + room, 0, (more - room) * sizeof(uint64_t));
		archive->seen_room[stream] = more;
	}
	uint64_t *seen = &archive->seen[stream][id];
	if (*seen == hash)
		return false;
	if (*seen != 0)
		violated(
			simulation, "ids", "id %lld comes again with other content", (long long)id);
	if (archive->seen[stream][id - 1] == 0 && id > 1)
		violated(simulation, "ids", "id %lld came before id %lld", (long long)id,
			(long long)id - 1);
	*seen = hash;
	return true;
}

/* ---- rows by key ---- */

size_t archive_from(const struct kept_series *series, int64_t start_wall_ms)
{
	size_t low = 0, high = series->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (series->rows[middle].start_wall_ms < start_wall_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct kept_row *make_room(struct kept_series *series, size_t at)
{
	if (series->count == series->room) {
		series->room = series->room == 0 ? 512 : 2 * series->room;
		series->rows = realloc(series->rows, series->room * sizeof *series->rows);
		if (series->rows == NULL)
			abort();
	}
	memmove(series->rows + at + 1, series->rows + at,
		(series->count++ - at) * sizeof *series->rows);
	return &series->rows[at];
}

static void check_overlap(
	struct simulation *simulation, const struct kept_series *series, size_t at)
{
	char start[INSTANT_MAX], end[INSTANT_MAX], other[INSTANT_MAX];
	const struct kept_row *row = &series->rows[at];
	const struct kept_row *next = at + 1 < series->count ? row + 1 : NULL;
	const struct kept_row *before = at > 0 ? row - 1 : NULL;
	bool clash = next != NULL && next->start_wall_ms < row->end_wall_ms;
	if (before != NULL && before->end_wall_ms > row->start_wall_ms) {
		next = before;
		clash = true;
	}
	if (clash)
		violated(simulation, "overlap", "the row %s to %s overlaps one from %s",
			instant(start, row->start_wall_ms), instant(end, row->end_wall_ms),
			instant(other, next->start_wall_ms));
}

static void check_revision(struct simulation *simulation, const struct kept_row *kept,
	const struct interval_row *row, int64_t generation)
{
	char start[INSTANT_MAX];
	if (generation == kept->generation && row->revision <= kept->revision)
		violated(simulation, "revision",
			"the row of %s comes with revision %d after revision %d",
			instant(start, row->start_wall_ms), row->revision, kept->revision);
	simulation->figures.revisions++;
}

static void keep(struct simulation *simulation, struct kept_series *series,
	const struct interval_row *row, int64_t generation)
{
	size_t at = archive_from(series, row->start_wall_ms);
	bool same = at < series->count && series->rows[at].start_wall_ms == row->start_wall_ms &&
		    series->rows[at].end_wall_ms == row->end_wall_ms;
	struct kept_row *kept = same ? &series->rows[at] : make_room(series, at);
	if (same)
		check_revision(simulation, kept, row, generation);
	*kept = (struct kept_row){.start_wall_ms = row->start_wall_ms,
		.end_wall_ms = row->end_wall_ms,
		.energy = row->energy,
		.reading_start = row->reading_start,
		.reading_end = row->reading_end,
		.generation = generation,
		.id = row->id,
		.revision = row->revision,
		.flags = row->flags,
		.quality = row->quality,
		.method = row->method,
		.has_readings = row->has_readings,
		.correction = row->correction};
	check_overlap(simulation, series, at);
}

static bool series_of(const struct simulation *simulation, const char *meter, uint8_t quantity,
	int *ret_point, int *ret_counter)
{
	int point = meter[0] == 'm' ? atoi(meter + 1) : -1;
	if (point < 0 || point >= simulation->plan.meters_count)
		return false;
	const struct plan_kind *kind = simulation->plan.meters[point].kind;
	const char *name = quantity_info((enum quantity)quantity)->name;
	for (int i = 0; i < PLAN_COUNTERS_MAX && kind->counters[i] != NULL; i++)
		if (strcmp(kind->counters[i], name) == 0) {
			*ret_point = point;
			*ret_counter = i;
			return true;
		}
	return false;
}

static void take_interval(
	struct simulation *simulation, const struct interval_message_row *row, int64_t generation)
{
	int point, counter;
	if (!is_new(simulation, STREAM_ENERGY, row->row.id, hash_interval(row)))
		return;
	if (!series_of(simulation, row->meter, row->quantity, &point, &counter)) {
		violated(simulation, "series", "a row of %s", row->meter);
		return;
	}
	simulation->figures.rows++;
	keep(simulation, &simulation->archive.series[point][counter], &row->row, generation);
	judge_row(simulation, point, counter, &row->row);
}

static void keep_withheld(struct simulation *simulation, const struct event_row *event)
{
	int point, counter;
	if (!series_of(simulation, event->meter, event->quantity, &point, &counter)) {
		violated(simulation, "series", "an event of %s", event->meter);
		return;
	}
	struct kept_series *series = &simulation->archive.series[point][counter];
	series->withheld =
		realloc(series->withheld, (series->withheld_count + 1) * sizeof *series->withheld);
	if (series->withheld == NULL)
		abort();
	series->withheld[series->withheld_count++] =
		(struct kept_withheld){event->at_wall_ms, event->amount};
}

static void take_event(struct simulation *simulation, const struct event_row *event)
{
	if (!is_new(simulation, STREAM_ENERGY, event->id, hash_event(event)))
		return;
	simulation->figures.events++;
	if (event->kind == EVENT_STORE_COPIED)
		violated(simulation, "identity", "taken for a copy: %s", event->text);
	if (event->kind == EVENT_ENERGY_WITHHELD && strstr(event->text, "before and after") != NULL)
		keep_withheld(simulation, event);
	judge_event(simulation, event);
}

void archive_take(
	struct simulation *simulation, enum message_kind kind, const char *payload, size_t length)
{
	char error[MESSAGE_ERROR_MAX];
	struct message message;
	struct json_text text = {payload, length};
	simulation->figures.messages++;
	if (!message_read(kind, text, &message, error)) {
		violated(simulation, "message", "a message cannot be read: %s", error);
		return;
	}
	const struct stream_message *stream = &message.stream;
	check_stream(simulation, stream);
	for (size_t i = 0; i < stream->rows_count && !simulation->failed; i++)
		if (kind == MESSAGE_INTERVALS)
			take_interval(simulation,
				(const struct interval_message_row *)stream->rows + i,
				stream->generation);
		else if (kind == MESSAGE_EVENTS)
			take_event(simulation, (const struct event_row *)stream->rows + i);
	message_clear(&message);
}

void archive_take_totals(struct simulation *simulation, const char *payload, size_t length)
{
	char error[MESSAGE_ERROR_MAX];
	struct message message;
	struct json_text text = {payload, length};
	if (!message_read(MESSAGE_TOTALS, text, &message, error)) {
		violated(simulation, "message", "totals cannot be read: %s", error);
		return;
	}
	const struct totals_message *totals = &message.totals;
	bool is_ours = strcmp(totals->scope, "gateway") == 0 &&
		       (totals->period == SPAN_DAY || totals->period == SPAN_MONTH);
	if (is_ours && totals->rows_count <= KEPT_TOTALS_MAX) {
		struct kept_totals *kept =
			&simulation->archive.totals[totals->period == SPAN_MONTH];
		memcpy(kept->rows, totals->rows, totals->rows_count * sizeof kept->rows[0]);
		kept->count = totals->rows_count;
		kept->through_wall_ms = totals->through_wall_ms;
		kept->end_wall_ms = totals->end_wall_ms;
		simulation->figures.totals++;
	}
	message_clear(&message);
}

void archive_clear(struct archive *archive)
{
	for (int i = 0; i < PLAN_METERS_MAX; i++)
		for (int j = 0; j < PLAN_COUNTERS_MAX; j++) {
			free(archive->series[i][j].rows);
			free(archive->series[i][j].withheld);
		}
	for (int i = 0; i < STREAM_COUNT; i++)
		free(archive->seen[i]);
	*archive = (struct archive){0};
}
