/* SPDX-License-Identifier: Apache-2.0 */
/* wall_clock.c -- wall_clock.h. */
#include "gateway/core/wall_clock.h"

static enum clock_state word_of(
	const struct wall_clock_rules *rules, const struct clock_observation *seen)
{
	if (seen->wall_ms < rules->earliest_wall_ms) {
		return CLOCK_STATE_UNKNOWN;
	}
	if (seen->synchronised) {
		return CLOCK_STATE_SYNCHRONISED;
	}
	return rules->trust ? CLOCK_STATE_TRUSTED : CLOCK_STATE_UNKNOWN;
}

static bool is_step(int64_t difference_ms, int64_t elapsed_ms)
{
	int64_t slewed_ms = elapsed_ms * CLOCK_SLEW_PPM_MAX / 1000000;
	int64_t size_ms = difference_ms < 0 ? -difference_ms : difference_ms;

	return size_ms > CLOCK_STEP_MIN_MS + slewed_ms;
}

static enum clock_change follow(
	struct wall_clock *clock, enum clock_state word, int64_t offset_ms, int64_t elapsed_ms)
{
	bool stepped = is_step(offset_ms - clock->offset_ms, elapsed_ms);

	if (stepped && word == CLOCK_STATE_UNKNOWN) {
		return CLOCK_CHANGE_NONE; /* set by somebody nobody vouches for: go on as before */
	}
	clock->offset_ms = offset_ms;
	/* A clock once synchronised runs on well when the kernel's word expires. */
	if (stepped || word == CLOCK_STATE_SYNCHRONISED) {
		clock->state = word;
	}
	return stepped ? CLOCK_CHANGE_STEPPED : CLOCK_CHANGE_NONE;
}

enum clock_change wall_clock_observe(struct wall_clock *clock, const struct wall_clock_rules *rules,
	const struct clock_observation *seen, int64_t *ret_step_ms)
{
	enum clock_state word = word_of(rules, seen);
	int64_t offset_ms = seen->wall_ms - seen->mono_ms;
	int64_t step_ms = offset_ms - clock->offset_ms;
	int64_t elapsed_ms = seen->mono_ms - clock->observed_mono_ms;

	clock->observed_mono_ms = seen->mono_ms;
	if (clock->state != CLOCK_STATE_UNKNOWN) {
		enum clock_change change = follow(clock, word, offset_ms, elapsed_ms);
		if (change == CLOCK_CHANGE_STEPPED) {
			*ret_step_ms = step_ms;
		}
		return change;
	}
	if (word == CLOCK_STATE_UNKNOWN) {
		return CLOCK_CHANGE_NONE;
	}
	clock->offset_ms = offset_ms;
	clock->state = word;
	return CLOCK_CHANGE_KNOWN;
}

bool wall_clock_place(const struct wall_clock *clock, int64_t at_mono_ms, int64_t *ret_wall_ms)
{
	if (clock->state == CLOCK_STATE_UNKNOWN) {
		return false;
	}
	*ret_wall_ms = at_mono_ms + clock->offset_ms;
	return true;
}

/* Every second one goes, the first stays. */
static void thin(struct waiting_readings *waiting)
{
	const struct waiting_reading *items = waiting->items;
	int64_t span_ms = items[waiting->count - 1].at_mono_ms - items[0].at_mono_ms;
	size_t kept = 0;

	for (size_t i = 0; i < waiting->count; i += 2) {
		waiting->items[kept++] = waiting->items[i];
	}
	waiting->count = kept;
	waiting->distance_ms = 2 * span_ms / (WAITING_READINGS_MAX - 1);
}

void waiting_readings_add(struct waiting_readings *waiting, int64_t at_mono_ms, int64_t value)
{
	size_t count = waiting->count;
	bool is_close = count >= 2 && waiting->items[count - 1].at_mono_ms -
						      waiting->items[count - 2].at_mono_ms <
					      waiting->distance_ms;

	if (!is_close) {
		if (count == WAITING_READINGS_MAX) {
			thin(waiting);
		}
		count = ++waiting->count;
	}
	waiting->items[count - 1] = (struct waiting_reading){at_mono_ms, value};
}
