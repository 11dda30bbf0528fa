/* SPDX-License-Identifier: Apache-2.0 */
/* settle.c -- settle.h: spans without energy, and what a person's word makes of them. */
#include "gateway/core/settle.h"

#include <assert.h>

__extension__ typedef __int128 wide;

/* clang-format off */
static const char *const result_texts[SETTLE_RESULT_COUNT] = {
	[SETTLE_DONE]             = "settled",
	[SETTLE_NOTHING_THERE]    = "there is nothing to settle: no interval without a value",
	[SETTLE_SPAN_GOES_ON]     = "the span without a value has not ended: there is no reading after it yet",
	[SETTLE_NOTHING_BEFORE]   = "there is no reading before it: the series begins there",
	[SETTLE_CLOSING_TOO_LOW]  = "the closing reading is below the last one before the exchange",
	[SETTLE_OPENING_TOO_HIGH] = "the opening reading is above the first one after the exchange",
	[SETTLE_READING_FALLS]    = "the reading fell; after an exchange give the closing and the opening reading",
	[SETTLE_NO_ESTIMATE]      = "nothing is known around it to estimate from; give the closing reading",
	[SETTLE_OVERFLOW]         = "the numbers become too large",
};
/* clang-format on */

const char *settle_result_text(enum settle_result result)
{
	return result < SETTLE_RESULT_COUNT ? result_texts[result] : "?";
}

static bool is_null(const struct interval_row *row)
{
	return row->quality == QUALITY_REJECTED || row->quality == QUALITY_MISSING;
}

/* ---- Null spans ---- */

static void end_span(struct settle_search *search)
{
	const struct settle_span *span = &search->current;

	if (!search->is_inside) {
		return;
	}
	search->is_inside = false;
	if (search->at_wall_ms == INT64_MAX || (span->start_wall_ms <= search->at_wall_ms &&
						       search->at_wall_ms < span->end_wall_ms)) {
		search->span = *span;
		search->has_span = true;
	}
}

static void begin_span(
	struct settle_search *search, const struct interval_row *row, bool follows_on)
{
	const struct interval_row *last = &search->last;
	struct settle_span span = {.start_wall_ms = row->start_wall_ms};

	if (row->has_readings) {
		span.has_before = true;
		span.before = row->reading_start;
	} else if (follows_on && last->has_readings) {
		span.has_before = true;
		span.before = last->reading_end;
	}
	span.start_is_good = span.has_before && follows_on && last->quality == QUALITY_MEASURED;
	search->current = span;
	search->is_inside = true;
}

static void note_reading_after(struct settle_search *search, int64_t reading, bool is_good)
{
	search->current.has_after = true;
	search->current.after = reading;
	search->current.end_is_good = is_good;
}

/* A boundary whose reading is known divides two spans. */
static void go_through(struct settle_search *search, const struct interval_row *row)
{
	bool follows_on = search->has_last && search->last.end_wall_ms == row->start_wall_ms;

	if (search->is_inside && follows_on && row->has_readings) {
		note_reading_after(search, row->reading_start, row->quality == QUALITY_MEASURED);
	}
	if (search->is_inside && (!follows_on || !is_null(row) || search->current.has_after)) {
		end_span(search);
	}
	if (!is_null(row)) {
		return;
	}
	if (!search->is_inside) {
		begin_span(search, row, follows_on);
	}
	search->current.rows++;
	search->current.end_wall_ms = row->end_wall_ms;
	if (row->has_readings) {
		note_reading_after(search, row->reading_end, false);
	}
}

void settle_search_row(struct settle_search *search, const struct interval_row *row)
{
	go_through(search, row);
	search->last = *row;
	search->has_last = true;
}

void settle_search_end(struct settle_search *search)
{
	end_span(search);
}

/* ---- Amounts ---- */

static int64_t length_ms(const struct interval_row *row)
{
	return row->end_wall_ms - row->start_wall_ms;
}

static bool narrow(wide amount, int64_t *ret_amount)
{
	if (amount > INT64_MAX || amount < INT64_MIN) {
		return false;
	}
	*ret_amount = (int64_t)amount;
	return true;
}

static const struct interval_row *first_row(const struct settle_scene *scene)
{
	size_t i = 0;

	while (scene->rows[i].start_wall_ms != scene->span.start_wall_ms) {
		i++;
		assert(i < scene->count);
	}
	return &scene->rows[i];
}

static bool expect(const struct settle_scene *scene, const struct interval_row *row, int64_t *ret)
{
	const struct settle_profile *profile = scene->profile;

	return profile &&
	       profile->expect(profile->context, row->start_wall_ms, row->end_wall_ms, ret) &&
	       *ret >= 0;
}

/* What the whole span usually has; false where the profile does not know each of its rows. */
static bool expect_span(const struct settle_scene *scene, wide *ret_sum)
{
	const struct interval_row *row = first_row(scene);
	wide sum = 0;

	for (size_t i = 0; i < scene->span.rows; i++) {
		int64_t usual;
		if (!expect(scene, &row[i], &usual)) {
			return false;
		}
		sum += usual;
	}
	*ret_sum = sum;
	return true;
}

/* Teaches what is usual: a value nobody doubts; `any`: or any value at all. */
static bool teaches(const struct interval_row *row, bool any)
{
	return !is_null(row) && (any || (row->quality == QUALITY_MEASURED && row->flags == 0));
}

/* By the mean power of the rows around the span. */
static bool expect_by_neighbours(const struct settle_scene *scene, bool any, wide *ret_sum)
{
	wide energy = 0;
	wide known_ms = 0;

	for (size_t i = 0; i < scene->count; i++) {
		if (teaches(&scene->rows[i], any)) {
			energy += scene->rows[i].energy;
			known_ms += length_ms(&scene->rows[i]);
		}
	}
	if (known_ms == 0) {
		return false;
	}
	*ret_sum = energy * (scene->span.end_wall_ms - scene->span.start_wall_ms) / known_ms;
	return true;
}

/* The old device's last part is unknown: the span has what it usually has, but not less than the
 * new device counted. */
static enum settle_result estimate(const struct settle_scene *scene,
	const struct settle_decision *decision, int64_t *ret_energy)
{
	const struct settle_span *span = &scene->span;
	wide usual;
	wide counted = decision->has_opening ? (wide)span->after - decision->opening : 0;

	if (counted < 0) {
		return SETTLE_OPENING_TOO_HIGH;
	}
	if (!expect_span(scene, &usual) && !expect_by_neighbours(scene, false, &usual) &&
		!expect_by_neighbours(scene, true, &usual)) {
		return SETTLE_NO_ESTIMATE;
	}
	return narrow(usual > counted ? usual : counted, ret_energy) ? SETTLE_DONE
								     : SETTLE_OVERFLOW;
}

static enum settle_result exchange(
	const struct settle_span *span, const struct settle_decision *decision, int64_t *ret_energy)
{
	wide old_part = (wide)decision->closing - span->before;
	wide new_part = (wide)span->after - decision->opening;

	if (old_part < 0) {
		return SETTLE_CLOSING_TOO_LOW;
	}
	if (new_part < 0) {
		return SETTLE_OPENING_TOO_HIGH;
	}
	return narrow(old_part + new_part, ret_energy) ? SETTLE_DONE : SETTLE_OVERFLOW;
}

static enum settle_result accept(const struct settle_span *span, int64_t *ret_energy)
{
	wide climb = (wide)span->after - span->before;

	if (climb < 0) {
		return SETTLE_READING_FALLS;
	}
	return narrow(climb, ret_energy) ? SETTLE_DONE : SETTLE_OVERFLOW;
}

static enum settle_result amount_of(const struct settle_scene *scene,
	const struct settle_decision *decision, int64_t *ret_energy)
{
	const struct settle_span *span = &scene->span;

	if (span->rows == 0) {
		return SETTLE_NOTHING_THERE;
	}
	if (!span->has_after) {
		return SETTLE_SPAN_GOES_ON;
	}
	if (!span->has_before) {
		return SETTLE_NOTHING_BEFORE;
	}
	switch (decision->kind) {
	case SETTLE_EXCHANGE:
		return exchange(span, decision, ret_energy);
	case SETTLE_CLOSING_UNKNOWN:
		return estimate(scene, decision, ret_energy);
	case SETTLE_ACCEPT:
		break;
	}
	return accept(span, ret_energy);
}

/* ---- Sharing out ---- */

/* Rows of a span weighed by what they usually have, else by their length. */
struct weighing {
	const struct settle_scene *scene;
	bool by_profile;
	wide sum;
};

static struct weighing weigh(const struct settle_scene *scene)
{
	struct weighing weighing = {.scene = scene};

	weighing.by_profile = expect_span(scene, &weighing.sum) && weighing.sum > 0;
	if (!weighing.by_profile) {
		weighing.sum = scene->span.end_wall_ms - scene->span.start_wall_ms;
	}
	return weighing;
}

static wide weight_of(const struct weighing *weighing, const struct interval_row *row)
{
	int64_t usual = 0;

	if (!weighing->by_profile) {
		return length_ms(row);
	}
	return expect(weighing->scene, row, &usual) ? usual : 0;
}

static void set_quality(const struct settle_span *span, bool is_exact, struct interval_row *row)
{
	bool is_measured = is_exact && span->rows == 1 && span->start_is_good && span->end_is_good;

	row->quality = is_measured ? QUALITY_MEASURED : QUALITY_ESTIMATED;
	row->method = is_measured ? METHOD_NONE : METHOD_EVEN;
}

/* With one device each boundary has its reading; with two only the span's ends. */
static void set_readings(const struct settle_span *span, bool one_device, struct interval_row *row,
	int64_t shared_before)
{
	row->has_readings = one_device || span->rows == 1;
	row->reading_start = one_device ? span->before + shared_before : span->before;
	row->reading_end = one_device ? row->reading_start + row->energy : span->after;
	if (!row->has_readings) {
		row->reading_start = 0;
		row->reading_end = 0;
	}
}

static void share_out(const struct settle_scene *scene, const struct settle_decision *decision,
	int64_t energy, struct interval_row *ret_rows)
{
	const struct weighing weighing = weigh(scene);
	const struct interval_row *old = first_row(scene);
	wide weight = 0;
	int64_t shared = 0;

	for (size_t i = 0; i < scene->span.rows; i++) {
		struct interval_row row = old[i];
		weight += weight_of(&weighing, &old[i]);
		row.energy = (int64_t)(energy * weight / weighing.sum) - shared;
		row.revision = old[i].revision + 1;
		set_quality(&scene->span, decision->kind != SETTLE_CLOSING_UNKNOWN, &row);
		if (row.quality == QUALITY_ESTIMATED && weighing.by_profile) {
			row.method = METHOD_PROFILE;
		}
		set_readings(&scene->span, decision->kind == SETTLE_ACCEPT, &row, shared);
		shared += row.energy;
		ret_rows[i] = row;
	}
}

enum settle_result settle_span_rows(const struct settle_scene *scene,
	const struct settle_decision *decision, struct interval_row *ret_rows, int64_t *ret_energy)
{
	int64_t energy = 0;
	enum settle_result result = amount_of(scene, decision, &energy);

	if (result != SETTLE_DONE) {
		return result;
	}
	share_out(scene, decision, energy, ret_rows);
	*ret_energy = energy;
	return SETTLE_DONE;
}

/* ---- Another multiplier ---- */

static wide floor_divide(wide dividend, int64_t divisor)
{
	wide quotient = dividend / divisor;

	return dividend % divisor < 0 ? quotient - 1 : quotient;
}

/* A row's energy from the instant on; what came before it stays on the old scale. */
static bool rescale_energy(
	const struct settle_rescaling *rescaling, struct interval_row *row, int64_t start_reading)
{
	int64_t before_ms = rescaling->from_wall_ms - row->start_wall_ms;
	int64_t before = 0;
	int64_t from;
	int64_t to;

	if (before_ms > 0) {
		before = (int64_t)floor_divide((wide)row->energy * before_ms, length_ms(row));
		row->quality = QUALITY_ESTIMATED;
		row->method = row->method == METHOD_NONE ? METHOD_EVEN : row->method;
	}
	return scale_apply(rescaling->ratio, start_reading + before, &from) &&
	       scale_apply(rescaling->ratio, start_reading + row->energy, &to) &&
	       narrow((wide)before + to - from, &row->energy);
}

static bool rescale_shown(const struct settle_rescaling *rescaling, struct interval_row *row)
{
	bool start_is_after = row->start_wall_ms >= rescaling->from_wall_ms;

	return (!start_is_after ||
		       scale_apply(rescaling->ratio, row->reading_start, &row->reading_start)) &&
	       scale_apply(rescaling->ratio, row->reading_end, &row->reading_end);
}

/* Where the counter stands at the row's start, for rows that do not tell it is where they have
 * come to. */
static int64_t start_reading_of(
	const struct settle_rescaling *rescaling, const struct interval_row *row)
{
	if (row->has_readings) {
		return row->reading_start;
	}
	return rescaling->has_virtual ? rescaling->virtual_reading : 0;
}

enum settle_result settle_rescale_row(struct settle_rescaling *rescaling,
	const struct interval_row *row, bool *ret_changed, struct interval_row *ret_row)
{
	struct interval_row changed = *row;
	int64_t start_reading = start_reading_of(rescaling, row);
	bool has_energy = !is_null(row);
	wide end_reading = (wide)start_reading + (has_energy ? row->energy : 0);

	if (row->end_wall_ms <= rescaling->from_wall_ms || (!has_energy && !row->has_readings)) {
		*ret_changed = false;
		return SETTLE_DONE;
	}
	if (!narrow(end_reading, &rescaling->virtual_reading) ||
		(has_energy && !rescale_energy(rescaling, &changed, start_reading)) ||
		(row->has_readings && !rescale_shown(rescaling, &changed))) {
		return SETTLE_OVERFLOW;
	}
	rescaling->has_virtual = true;
	changed.revision++;
	*ret_row = changed;
	*ret_changed = true;
	return SETTLE_DONE;
}
