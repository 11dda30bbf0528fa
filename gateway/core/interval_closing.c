/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interval_closing.c -- interval_closing.h: boundaries, their readings, and the
 * rows between them.
 */
#include "gateway/core/interval_closing.h"

#include "gateway/core/accounting_text.h"

__extension__ typedef __int128 wide;

enum { MS_PER_HOUR = 3600000 };

/* ---- Instants and amounts ---- */

static int64_t multiple_at_or_before(int64_t at_wall_ms, int64_t interval_ms)
{
	int64_t into_ms = at_wall_ms % interval_ms;

	return at_wall_ms - (into_ms < 0 ? into_ms + interval_ms : into_ms);
}

static int64_t length_at(const struct interval_grid *grid, int64_t at_wall_ms)
{
	bool is_next = grid->next_length_ms > 0 && at_wall_ms >= grid->next_from_wall_ms;

	return is_next ? grid->next_length_ms : grid->length_ms;
}

/* Both lengths divide a day, and the other one begins at a midnight: that is a boundary of both. */
int64_t closing_boundary_before(const struct interval_grid *grid, int64_t at_wall_ms)
{
	return multiple_at_or_before(at_wall_ms, length_at(grid, at_wall_ms));
}

int64_t closing_boundary_after(const struct interval_grid *grid, int64_t at_wall_ms)
{
	return closing_boundary_before(grid, at_wall_ms) + length_at(grid, at_wall_ms);
}

static int64_t boundary_at_or_after(const struct interval_grid *grid, int64_t at_wall_ms)
{
	return closing_boundary_after(grid, at_wall_ms - 1);
}

/* The counter as its display shows it: start_reading is negative after a rollover. */
static int64_t shown(const struct counter_rules *rules, int64_t value)
{
	if (rules->modulus <= 0) {
		return value;
	}
	int64_t remainder = value % rules->modulus;
	return remainder < 0 ? remainder + rules->modulus : remainder;
}

static uint8_t less_certain(uint8_t a, uint8_t b)
{
	static const uint8_t doubt[CLOCK_STATE_COUNT] = {
		[CLOCK_STATE_SYNCHRONISED] = 0,
		[CLOCK_STATE_TRUSTED] = 1,
		[CLOCK_STATE_UNKNOWN] = 2,
	};

	return doubt[a] > doubt[b] ? a : b;
}

/* ---- Rows ---- */

bool closing_tell(const struct counter_step *step, struct event_row *event)
{
	return step->sink->event(step->sink->context, event);
}

/* Publish the open interval as `row` says and open the next one. */
bool closing_publish(const struct counter_step *step, struct interval_row *row)
{
	struct counter *counter = step->counter;

	row->series = step->rules->series;
	if (row->start_wall_ms < counter->published_wall_ms) {
		row->revision = counter->again_revision > 0 ? counter->again_revision : 1;
	}
	if (!step->sink->interval(step->sink->context, row)) {
		return false;
	}
	if (row->end_wall_ms > counter->published_wall_ms) {
		counter->published_wall_ms = row->end_wall_ms;
	}
	return true;
}

/*
 * The next end that has passed by to_wall_ms; false when the open interval goes
 * on. The last of very many rows in one go takes all that is left.
 */
static bool next_end(
	const struct counter_step *step, int32_t rows_made, int64_t to_wall_ms, int64_t *ret_end)
{
	int64_t start_wall_ms = step->counter->next_start_wall_ms;
	const struct interval_grid *grid = &step->rules->grid;
	int64_t end_wall_ms = rows_made < COUNTER_GAP_ROWS_MAX
				      ? closing_boundary_after(grid, start_wall_ms)
				      : closing_boundary_before(grid, to_wall_ms);

	if (end_wall_ms > to_wall_ms || end_wall_ms <= start_wall_ms) {
		return false;
	}
	*ret_end = end_wall_ms;
	return true;
}

/* ---- A run of readings ---- */

static bool reject_open_interval(const struct counter_step *step, int64_t end_wall_ms)
{
	struct counter *counter = step->counter;
	struct interval_row row = {
		.start_wall_ms = counter->next_start_wall_ms,
		.end_wall_ms = end_wall_ms,
		.quality = QUALITY_REJECTED,
		.clock = counter->start_clock,
	};

	if (!closing_publish(step, &row)) {
		return false;
	}
	counter->next_start_wall_ms = end_wall_ms;
	counter->has_start = false;
	return true;
}

/* The run is over; what it climbed since the last boundary is in no interval. */
void closing_end_run(struct counter *counter)
{
	if (counter->has_last && (counter->has_start || counter->is_rejecting)) {
		counter->withheld += counter->last.value - counter->run_start;
	}
	if (counter->has_last) {
		counter->before = counter->last.value;
		counter->has_before = counter->has_next;
		counter->before_is_other = false;
	}
	counter->has_last = false;
	counter->has_held = false;
	counter->is_rejecting = counter->has_next;
	counter->breaks = (uint8_t)(counter->breaks < 2 ? counter->breaks + 1 : 2);
}

/* The series' first two readings agree: its first interval begins at the boundary after the first.
 */
static void begin_series(const struct counter_step *step)
{
	struct counter *counter = step->counter;

	counter->next_start_wall_ms =
		boundary_at_or_after(&step->rules->grid, counter->last.at_wall_ms);
	counter->published_wall_ms = counter->next_start_wall_ms;
	counter->has_next = true;
}

/* ---- Closing intervals ---- */

/* A boundary's reading, and what is known about it. */
struct boundary {
	struct reading reading;
	uint8_t method; /* where it is not good */
	bool good;      /* not inside a long gap, and its instant no guess */
};

/* Two readings, and the boundaries between them, asked for in order of time. */
struct passage {
	struct reading from;
	struct reading to;
	struct profile_spread spread;
	bool is_long;
};

static struct passage passage_begin(
	const struct counter_step *step, const struct reading *from, const struct reading *to)
{
	const struct counter_rules *rules = step->rules;
	bool is_long = to->at_wall_ms - step->counter->read_wall_ms > rules->gap_limit_ms;

	return (struct passage){
		.from = *from,
		.to = *to,
		.spread = profile_spread_begin(is_long ? rules->profile : NULL, rules->calendar,
			from->at_wall_ms, to->at_wall_ms),
		.is_long = is_long,
	};
}

static bool is_certain(const struct passage *passage)
{
	return passage->from.clock != CLOCK_STATE_UNKNOWN &&
	       passage->to.clock != CLOCK_STATE_UNKNOWN;
}

/* R(at), rounded down; never falling from one boundary to the next. */
static struct boundary passage_boundary(
	const struct counter_step *step, struct passage *passage, int64_t at_wall_ms)
{
	int64_t climb = passage->to.value - passage->from.value;
	bool is_reading =
		at_wall_ms == passage->to.at_wall_ms || at_wall_ms == step->counter->read_wall_ms;

	return (struct boundary){
		.reading =
			{
				  .at_wall_ms = at_wall_ms,
				  .value = passage->from.value +
					 profile_spread_until(&passage->spread, climb, at_wall_ms),
				  .clock = less_certain(passage->from.clock, passage->to.clock),
				  },
		.method = passage->spread.profile ? METHOD_PROFILE : METHOD_EVEN,
		.good = is_certain(passage) && (!passage->is_long || is_reading),
	};
}

static void start_at(struct counter *counter, const struct boundary *boundary)
{
	counter->start_reading = boundary->reading.value;
	counter->run_start = boundary->reading.value;
	counter->start_clock = boundary->reading.clock;
	counter->start_good = boundary->good;
	counter->start_method = boundary->method;
	counter->start_shift = 0;
	counter->has_start = true;
}

static void fill_energy(
	const struct counter *counter, const struct boundary *end, struct interval_row *row)
{
	bool is_measured = counter->start_good && end->good;
	uint8_t method = end->good ? counter->start_method : end->method;

	row->energy = end->reading.value - counter->start_reading;
	row->quality = is_measured ? QUALITY_MEASURED : QUALITY_ESTIMATED;
	row->method = is_measured ? METHOD_NONE : method;
}

/* A reading that was withheld while the row's interval was open. */
static void flag_noise(struct counter *counter, struct interval_row *row)
{
	if (!counter->has_noise || counter->noise_wall_ms[0] >= row->end_wall_ms) {
		return;
	}
	if (counter->noise_wall_ms[1] >= row->start_wall_ms) {
		row->flags |= UINT32_C(1) << FLAG_WITHHELD_READING;
	}
}

static bool tell_of_withheld_energy(const struct counter_step *step, const struct reading *end)
{
	struct counter *counter = step->counter;
	int64_t amount = counter->withheld + end->value - counter->run_start;
	struct event_row event = accounting_text_unpublished(step->rules, end, amount);

	if (amount != 0 && !closing_tell(step, &event)) {
		return false;
	}
	counter->withheld = 0;
	counter->run_start = end->value;
	return true;
}

/* A first reading with nothing known before it: whole intervals up to it are undetermined. */
bool closing_begin_run(const struct counter_step *step, const struct reading *reading)
{
	struct counter *counter = step->counter;
	int64_t end_wall_ms;

	for (int32_t rows = 0;
		counter->has_next && next_end(step, rows, reading->at_wall_ms, &end_wall_ms);
		rows++) {
		if (!reject_open_interval(step, end_wall_ms)) {
			return false;
		}
	}
	counter->is_rejecting =
		counter->has_next && counter->next_start_wall_ms < reading->at_wall_ms;
	counter->has_start = counter->has_start && counter->is_rejecting;
	counter->run_start = reading->value;
	counter->run_first = reading->value;
	counter->last_uncertain_ms = step->rules->uncertain_ms;
	if (!counter->is_rejecting && !tell_of_withheld_energy(step, reading)) {
		return false;
	}
	counter->last = *reading;
	counter->has_last = true;
	counter->read_wall_ms = reading->at_wall_ms;
	counter->less_wall_ms = reading->at_wall_ms;
	counter->level_wall_ms = reading->at_wall_ms;
	counter->has_climbed = false;
	counter->last_is_boundary = false;
	return true;
}

static bool close_interval(const struct counter_step *step, const struct boundary *end)
{
	struct counter *counter = step->counter;
	struct interval_row row = {
		.start_wall_ms = counter->next_start_wall_ms,
		.end_wall_ms = end->reading.at_wall_ms,
		.quality = QUALITY_REJECTED,
		.clock = less_certain(counter->start_clock, end->reading.clock),
		.has_readings = counter->has_start,
		.reading_start = shown(step->rules, counter->start_reading + counter->start_shift),
		.reading_end = shown(step->rules, end->reading.value),
	};

	if (!counter->is_rejecting) {
		fill_energy(counter, end, &row);
	} else if (!tell_of_withheld_energy(step, &end->reading)) {
		return false;
	}
	flag_noise(counter, &row);
	if (!closing_publish(step, &row)) {
		return false;
	}
	counter->next_start_wall_ms = row.end_wall_ms;
	counter->is_rejecting = false;
	counter->breaks = 0;
	counter->withheld_events = 0;
	counter->has_noise = counter->has_noise && counter->noise_wall_ms[1] >= row.end_wall_ms;
	start_at(counter, end);
	return true;
}

static void note_climb(struct counter *counter, int64_t from_value, const struct reading *reading)
{
	int64_t span_ms = reading->at_wall_ms - counter->less_wall_ms;
	wide climb = (wide)reading->value - from_value;

	if (climb <= 0 || span_ms <= 0) {
		return;
	}
	wide per_hour = climb * MS_PER_HOUR / span_ms;
	if (per_hour > 2 * (wide)counter->fastest_per_hour) {
		counter->level_wall_ms = reading->at_wall_ms;
	}
	if (per_hour > counter->fastest_per_hour) {
		counter->fastest_per_hour = per_hour > INT64_MAX ? INT64_MAX : (int64_t)per_hour;
	}
	counter->less_wall_ms = counter->read_wall_ms;
	if (counter->last_is_boundary) {
		return; /* part of a step only */
	}
	counter->has_climbed = true;
	counter->before_climb = from_value;
	if (counter->least_climb == 0 || climb < counter->least_climb) {
		counter->least_climb = (int64_t)climb;
	}
}

static void move_to(
	const struct counter_step *step, const struct reading *from, const struct reading *reading)
{
	struct counter *counter = step->counter;

	if (step->rules->uncertain_ms == 0 && counter->last_uncertain_ms == 0) {
		note_climb(counter, from->value, reading);
	}
	counter->last_uncertain_ms = step->rules->uncertain_ms;
	counter->last = *reading;
	counter->last_is_boundary = false;
	counter->read_wall_ms = reading->at_wall_ms;
}

/* A believed reading: close what it passes, and go on from it. */
bool closing_accept(const struct counter_step *step, const struct reading *reading)
{
	struct counter *counter = step->counter;
	const struct reading from = counter->last;
	int64_t end_wall_ms;

	if (!counter->has_next && from.value == 0 && reading->value > 0) {
		return closing_begin_run(
			step, reading); /* a zero at the very start proves nothing */
	}
	if (!counter->has_next) {
		begin_series(step);
	}
	struct passage passage = passage_begin(step, &from, reading);
	if (!counter->has_start && !counter->is_rejecting &&
		counter->next_start_wall_ms <= reading->at_wall_ms) {
		struct boundary start =
			passage_boundary(step, &passage, counter->next_start_wall_ms);
		start_at(counter, &start);
	}
	for (int32_t rows = 0; next_end(step, rows, reading->at_wall_ms, &end_wall_ms); rows++) {
		struct boundary end = passage_boundary(step, &passage, end_wall_ms);
		if (!close_interval(step, &end)) {
			counter->last_is_boundary = rows > 0 || counter->last_is_boundary;
			return false;
		}
		counter->last = end.reading;
	}
	move_to(step, &from, reading);
	return true;
}
