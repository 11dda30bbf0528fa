/* SPDX-License-Identifier: Apache-2.0 */
/* poll_schedule.c -- Earliest deadline first, probes after all; see poll_schedule.h. */
#include "drivers/poll_schedule.h"

#include <stdlib.h>

struct poll_entry {
	struct poll_periods periods;
	int64_t fast_due_mono_ms; /* INT64_MAX: no such group */
	int64_t slow_due_mono_ms;
	int64_t probe_due_mono_ms;
	int64_t not_before_mono_ms;
	int64_t deadline_mono_ms; /* of the poll or probe going on */
	int64_t begun_mono_ms;    /* its last poll or probe */
	uint64_t skipped;
	uint32_t probe_period_ms;
	uint8_t groups; /* of the poll going on */
	bool active;    /* a poll or probe is going on */
	bool silent;
};

struct poll_schedule {
	size_t count;
	size_t silent;
	struct poll_entry entries[];
};

struct poll_schedule *poll_schedule_new(
	const struct poll_periods *periods, size_t count, int64_t now_mono_ms)
{
	struct poll_schedule *schedule =
		calloc(1, sizeof(*schedule) + count * sizeof(schedule->entries[0]));

	if (!schedule) {
		return NULL;
	}
	schedule->count = count;
	for (size_t i = 0; i < count; i++) {
		schedule->entries[i] = (struct poll_entry){
			.periods = periods[i],
			.fast_due_mono_ms = periods[i].fast_ms ? now_mono_ms : INT64_MAX,
			.slow_due_mono_ms = periods[i].slow_ms ? now_mono_ms : INT64_MAX,
			.not_before_mono_ms = now_mono_ms,
		};
	}
	return schedule;
}

struct poll_schedule *poll_schedule_free(struct poll_schedule *schedule)
{
	free(schedule);
	return NULL;
}

static int64_t earlier(int64_t left, int64_t right)
{
	return left < right ? left : right;
}

static int64_t later(int64_t left, int64_t right)
{
	return left > right ? left : right;
}

static int64_t entry_due(const struct poll_entry *entry)
{
	return entry->silent ? entry->probe_due_mono_ms
			     : earlier(entry->fast_due_mono_ms, entry->slow_due_mono_ms);
}

/* When the poll that would begin has to be over. */
static int64_t entry_deadline(const struct poll_entry *entry)
{
	if (entry->active) {
		return entry->deadline_mono_ms;
	}
	if (entry->silent) {
		return entry->probe_due_mono_ms + entry->probe_period_ms;
	}
	int64_t fast = entry->periods.fast_ms ? entry->fast_due_mono_ms + entry->periods.fast_ms
					      : INT64_MAX;
	int64_t slow = entry->periods.slow_ms ? entry->slow_due_mono_ms + entry->periods.slow_ms
					      : INT64_MAX;
	return earlier(fast, slow);
}

/* Of equal deadlines the one that has waited longest, so that a line that is too slow is shared. */
static bool goes_before(const struct poll_entry *left, const struct poll_entry *right)
{
	int64_t left_deadline = entry_deadline(left);
	int64_t right_deadline = entry_deadline(right);

	return left_deadline < right_deadline ||
	       (left_deadline == right_deadline && left->begun_mono_ms < right->begun_mono_ms);
}

/* Move a group's due instant past now by whole periods; what lies between is skipped. */
static uint64_t advance(int64_t *due_mono_ms, uint32_t period_ms, int64_t now_mono_ms)
{
	int64_t periods = (now_mono_ms - *due_mono_ms) / period_ms + 1;

	*due_mono_ms += periods * period_ms;
	return (uint64_t)(periods - 1);
}

static void begin_poll(struct poll_entry *entry, int64_t now_mono_ms)
{
	entry->deadline_mono_ms = entry_deadline(entry);
	entry->begun_mono_ms = now_mono_ms;
	entry->active = true;
	entry->groups = 0;
	if (entry->silent) {
		return;
	}
	if (entry->fast_due_mono_ms <= now_mono_ms) {
		entry->groups |= POLL_FAST;
		entry->skipped +=
			advance(&entry->fast_due_mono_ms, entry->periods.fast_ms, now_mono_ms);
	}
	if (entry->slow_due_mono_ms <= now_mono_ms) {
		entry->groups |= POLL_SLOW;
		entry->skipped +=
			advance(&entry->slow_due_mono_ms, entry->periods.slow_ms, now_mono_ms);
	}
}

/* May it be asked now? Else when. */
static int64_t entry_ready(const struct poll_entry *entry)
{
	int64_t due = entry->active ? entry->not_before_mono_ms : entry_due(entry);

	return later(due, entry->not_before_mono_ms);
}

bool poll_schedule_next(struct poll_schedule *schedule, int64_t now_mono_ms,
	struct poll_turn *ret_turn, int64_t *ret_wake_mono_ms)
{
	struct poll_entry *first = NULL;
	int64_t wake_mono_ms = INT64_MAX;

	for (size_t i = 0; i < schedule->count; i++) {
		struct poll_entry *entry = &schedule->entries[i];
		int64_t ready = entry_ready(entry);
		if (ready > now_mono_ms) {
			wake_mono_ms = earlier(wake_mono_ms, ready);
		} else if (!first || goes_before(entry, first)) {
			first = entry;
		}
	}
	if (!first) {
		*ret_wake_mono_ms = wake_mono_ms;
		return false;
	}
	bool begins = !first->active;
	if (begins) {
		begin_poll(first, now_mono_ms);
	}
	*ret_turn = (struct poll_turn){
		.device = (size_t)(first - schedule->entries),
		.groups = first->groups,
		.begins = begins,
		.probe = first->silent,
	};
	return true;
}

void poll_schedule_hold(struct poll_schedule *schedule, size_t device, int64_t until_mono_ms)
{
	struct poll_entry *entry = &schedule->entries[device];

	entry->not_before_mono_ms = later(entry->not_before_mono_ms, until_mono_ms);
}

static uint32_t probe_period_max(const struct poll_schedule *schedule)
{
	return schedule->silent == schedule->count ? PROBE_PERIOD_ALL_SILENT_MS_MAX
						   : PROBE_PERIOD_MS_MAX;
}

static uint32_t capped(uint32_t period_ms, uint32_t period_ms_max)
{
	return period_ms < period_ms_max ? period_ms : period_ms_max;
}

void poll_schedule_finish(struct poll_schedule *schedule, size_t device, int64_t now_mono_ms)
{
	struct poll_entry *entry = &schedule->entries[device];

	if (entry->silent && entry->active) {
		uint32_t period_ms_max = probe_period_max(schedule);
		entry->probe_due_mono_ms =
			now_mono_ms + capped(entry->probe_period_ms, period_ms_max);
		entry->probe_period_ms = capped(entry->probe_period_ms * 2, period_ms_max);
	}
	entry->active = false;
}

void poll_schedule_silence(struct poll_schedule *schedule, size_t device, int64_t now_mono_ms)
{
	struct poll_entry *entry = &schedule->entries[device];

	if (!entry->silent) {
		schedule->silent++;
	}
	entry->silent = true;
	entry->active = false;
	entry->probe_period_ms = 2 * PROBE_PERIOD_MS_MIN;
	entry->probe_due_mono_ms = now_mono_ms + PROBE_PERIOD_MS_MIN;
}

void poll_schedule_probe_all(struct poll_schedule *schedule, int64_t now_mono_ms)
{
	for (size_t i = 0; i < schedule->count; i++) {
		struct poll_entry *entry = &schedule->entries[i];
		if (entry->silent && !entry->active) {
			entry->probe_due_mono_ms = now_mono_ms;
			entry->probe_period_ms = PROBE_PERIOD_MS_MIN;
		}
	}
}

void poll_schedule_revive(struct poll_schedule *schedule, size_t device, int64_t now_mono_ms)
{
	struct poll_entry *entry = &schedule->entries[device];

	if (!entry->silent) {
		return;
	}
	bool bus_returns = schedule->silent == schedule->count;
	schedule->silent--;
	entry->silent = false;
	entry->active = false;
	if (entry->periods.fast_ms) {
		entry->fast_due_mono_ms = now_mono_ms;
	}
	if (entry->periods.slow_ms) {
		entry->slow_due_mono_ms = now_mono_ms;
	}
	if (bus_returns) {
		poll_schedule_probe_all(schedule, now_mono_ms);
	}
}

bool poll_schedule_is_silent(const struct poll_schedule *schedule, size_t device)
{
	return schedule->entries[device].silent;
}

int64_t poll_schedule_due_mono_ms(const struct poll_schedule *schedule, size_t device)
{
	return entry_ready(&schedule->entries[device]);
}

uint64_t poll_schedule_skipped(const struct poll_schedule *schedule, size_t device)
{
	return schedule->entries[device].skipped;
}

bool poll_schedule_is_active(const struct poll_schedule *schedule)
{
	for (size_t i = 0; i < schedule->count; i++) {
		if (schedule->entries[i].active) {
			return true;
		}
	}
	return false;
}

int64_t poll_schedule_free_until_mono_ms(const struct poll_schedule *schedule, int64_t now_mono_ms)
{
	int64_t until_mono_ms = INT64_MAX;

	if (poll_schedule_is_active(schedule)) {
		return now_mono_ms;
	}
	for (size_t i = 0; i < schedule->count; i++) {
		until_mono_ms = earlier(until_mono_ms, entry_ready(&schedule->entries[i]));
	}
	return until_mono_ms;
}

struct poll_periods poll_schedule_periods(const struct poll_schedule *schedule, size_t device)
{
	return schedule->entries[device].periods;
}
