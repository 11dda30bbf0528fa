/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_engine_loans.c -- When somebody may borrow the line, so that no meter's
 * period is lost for it.
 *
 * A request that nobody can take back blocks the line for as long as it may
 * take. Polls are served by earliest deadline, their deadline is the end of
 * their period: with a load U, none misses it as long as the longest blocking
 * is at most (1 - U) of the shortest period (non-preemptive earliest deadline
 * first; Baker, "Stack-based scheduling of realtime processes", 1991, with one
 * blocking section). Where nobody is due before it ends, it costs nothing
 * whatever the load.
 */
#include "drivers/bus_engine_state.h"

enum { US_PER_MS = 1000, WHOLE_PERMILLE = 1000 };

void engine_begin_loads(struct bus_engine *engine, int64_t now_mono_us)
{
	uint32_t longest_ms = BUS_LOAD_WINDOW_MS_MIN;

	for (size_t i = 0; i < engine->settings.devices_count; i++) {
		const struct device *device = &engine->settings.devices[i];
		if (device->fast_period_ms > longest_ms) {
			longest_ms = device->fast_period_ms;
		}
	}
	bus_load_init(&engine->polls, (int64_t)longest_ms * US_PER_MS, now_mono_us);
}

int32_t bus_engine_load_permille(const struct bus_engine *engine)
{
	return bus_load_permille(&engine->polls);
}

/* As long as it may keep the line. */
static int64_t longest_us(const struct bus_engine *engine, const struct bus_loan *loan)
{
	return (int64_t)bus_line_exchange_us(&engine->settings.line, &loan->request) +
	       (int64_t)loan->timeout_ms * US_PER_MS;
}

/* The shortest period of those that are polled; INT64_MAX: there are none. */
static int64_t shortest_period_us(const struct bus_engine *engine)
{
	int64_t shortest_ms = INT64_MAX / US_PER_MS;

	for (size_t i = 0; i < engine->settings.devices_count; i++) {
		const struct poll_periods periods = poll_schedule_periods(engine->schedule, i);
		if (poll_schedule_is_silent(engine->schedule, i)) {
			continue;
		}
		if (periods.fast_ms > 0 && periods.fast_ms < shortest_ms) {
			shortest_ms = periods.fast_ms;
		}
		if (periods.slow_ms > 0 && periods.slow_ms < shortest_ms) {
			shortest_ms = periods.slow_ms;
		}
	}
	return shortest_ms * US_PER_MS;
}

/* Does it cost nobody his period? Else *ret_until_mono_us is when to look again. */
static bool has_room(const struct bus_engine *engine, const struct bus_loan *loan,
	int64_t now_mono_us, int64_t *ret_until_mono_us)
{
	int64_t free_mono_ms =
		poll_schedule_free_until_mono_ms(engine->schedule, now_mono_us / US_PER_MS);
	int64_t blocks_us = longest_us(engine, loan);
	int32_t load = bus_load_permille(&engine->polls);

	if (free_mono_ms == INT64_MAX || free_mono_ms * US_PER_MS >= now_mono_us + blocks_us) {
		return true;
	}
	bool is_idle = free_mono_ms * US_PER_MS > now_mono_us;
	if (is_idle && load != BUS_LOAD_UNKNOWN && load <= BUS_LOAD_PERMILLE_MAX &&
		blocks_us <=
			shortest_period_us(engine) / WHOLE_PERMILLE * (WHOLE_PERMILLE - load)) {
		return true;
	}
	*ret_until_mono_us = is_idle ? free_mono_ms * US_PER_MS : now_mono_us + US_PER_MS;
	return false;
}

/* What must not be asked yet: an answer may still be on its way, or the device wants its pause. */
static int64_t held_until_mono_us(
	const struct bus_engine *engine, const struct bus_request *request)
{
	int64_t until_mono_us = hold_offs_until(&engine->hold_offs, request);

	if (engine->listen_until_mono_us > until_mono_us) {
		until_mono_us = engine->listen_until_mono_us;
	}
	for (size_t i = 0; i < engine->settings.devices_count; i++) {
		if (engine->settings.devices[i].address == request->device &&
			engine->devices[i].rests_until_mono_us > until_mono_us) {
			until_mono_us = engine->devices[i].rests_until_mono_us;
		}
	}
	return until_mono_us;
}

bool bus_engine_may_lend(const struct bus_engine *engine, const struct bus_loan *loan,
	int64_t now_mono_us, int64_t *ret_until_mono_us)
{
	int64_t until_mono_us = held_until_mono_us(engine, &loan->request);
	bool is_much = engine->loans_even_mono_us - now_mono_us >
		       (int64_t)BUS_LOANS_ONE_IN * BUS_LOANS_BURST_MS * US_PER_MS;

	if (until_mono_us > now_mono_us) {
		*ret_until_mono_us = until_mono_us;
		return false;
	}
	return (!loan->spare && !is_much) || has_room(engine, loan, now_mono_us, ret_until_mono_us);
}

void bus_engine_lent(
	struct bus_engine *engine, const struct bus_loan *loan, const struct bus_lent *lent)
{
	const struct bus_request *request = &loan->request;

	if (!loan->spare) {
		int64_t *even_mono_us = &engine->loans_even_mono_us;
		if (*even_mono_us < lent->begun_mono_us) {
			*even_mono_us = lent->begun_mono_us;
		}
		*even_mono_us += BUS_LOANS_ONE_IN * (lent->ended_mono_us - lent->begun_mono_us);
	}
	engine_note_port(engine, lent->status, lent->ended_mono_us);
	if (lent->status == BUS_TIMEOUT || lent->status == BUS_BAD_FRAME) {
		engine_hold_off(engine, request, lent->ended_mono_us, engine->ceiling_ms);
	}
	for (size_t i = 0; i < engine->settings.devices_count; i++) {
		if (engine->settings.devices[i].address == request->device) {
			engine_rest(engine, i, lent->ended_mono_us);
		}
	}
}
