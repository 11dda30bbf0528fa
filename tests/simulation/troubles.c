/* SPDX-License-Identifier: Apache-2.0 */
/* troubles.c -- What goes wrong in the world, each at its rate: a table. */
#include "tests/simulation/simulation.h"

static const int64_t second_us = 1000000;
static const int64_t minute_us = 60 * second_us;
static const int64_t hour_us = 60 * minute_us;

static int64_t wait_us(struct simulation *simulation, int64_t mean_us)
{
	return dice_wait(&simulation->dice, (double)mean_us);
}

/* Mostly minutes, now and then hours or days. */
static int64_t some_time_us(struct simulation *simulation)
{
	static const int64_t means[] = {2 * 60, 2 * 60, 20 * 60, 20 * 60, 3 * 3600, 30 * 3600};
	return wait_us(simulation, means[dice_below(&simulation->dice, 6)] * second_us);
}

/* ---- lines and devices ---- */

static void noise(struct simulation *simulation, int64_t line)
{
	struct line *noisy = &simulation->lines[line];
	noisy->noise = 0.02 + 0.6 * dice_unit(&simulation->dice);
	noisy->noisy_until_us = simulation->now_us + some_time_us(simulation);
	trace(simulation, "b%d: noise, %.0f %%", (int)line, 100 * noisy->noise);
}

static void dead_meter(struct simulation *simulation, int64_t point)
{
	simulation->points[point].box->dead_until_us =
		simulation->now_us + some_time_us(simulation);
	trace(simulation, "m%d: dead", (int)point);
}

static void dead_line(struct simulation *simulation, int64_t line)
{
	simulation->lines[line].dead_until_us = simulation->now_us + some_time_us(simulation);
	trace(simulation, "b%d: dead", (int)line);
}

static void lost_port(struct simulation *simulation, int64_t line)
{
	simulation->lines[line].gone_until_us = simulation->now_us + some_time_us(simulation);
	trace(simulation, "b%d: the port is gone", (int)line);
}

static void disturb(struct simulation *simulation, int64_t point, enum image_disturbance how)
{
	struct box *box = simulation->points[point].box;
	box->disturbance = how;
	box->disturbed_answers = (int)dice_between(&simulation->dice, 1, 6);
}

static void restart(struct simulation *simulation, int64_t point)
{
	disturb(simulation, point, IMAGE_ALL_ZERO);
	simulation->points[point].box->dead_until_us =
		simulation->now_us + dice_between(&simulation->dice, 1, 300) * second_us;
	trace(simulation, "m%d: restarts, with %d answers of zeros", (int)point,
		simulation->points[point].box->disturbed_answers);
}

static void torn(struct simulation *simulation, int64_t point)
{
	disturb(simulation, point, IMAGE_TORN);
}

static void no_value(struct simulation *simulation, int64_t point)
{
	disturb(simulation, point,
		dice_chance(&simulation->dice, 0.5) ? IMAGE_NAN : IMAGE_ALL_ONES);
}

static void spike(struct simulation *simulation, int64_t point)
{
	struct box *box = simulation->points[point].box;
	int64_t most = box->counters[0].load.most_per_hour;
	int64_t factor = INT64_C(1) << dice_between(&simulation->dice, 0, 14);
	box->spike = (dice_chance(&simulation->dice, 0.5) ? -1 : 1) * factor * most;
	box->spiked_answers = (int)dice_between(&simulation->dice, 1, 2);
}

static void reset(struct simulation *simulation, int64_t point)
{
	int counters = simulation->points[point].box->counters_count;
	device_reset(simulation, (int)point, (int)dice_below(&simulation->dice, counters));
}

static void exchange(struct simulation *simulation, int64_t point)
{
	device_exchange(simulation, (int)point);
}

static bool can_swap(const struct simulation *simulation)
{
	const int *pair = simulation->plan.pair;
	return pair[0] >= 0 && simulation->points[pair[0]].devices == 1 &&
	       simulation->points[pair[1]].devices == 1;
}

static void swap_back(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	if (simulation->is_swapped)
		devices_swap(simulation);
}

static void swap(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	if (!can_swap(simulation) || simulation->is_swapped)
		return;
	devices_swap(simulation);
	agenda_enter(&simulation->agenda,
		simulation->now_us + 2 * hour_us + some_time_us(simulation), swap_back, 0);
}

/* ---- the board ---- */

static void start_again(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	if (simulation->board.pipeline == NULL)
		board_start(simulation);
}

static void set_right(struct simulation *simulation, int64_t boot)
{
	struct board *board = &simulation->board;
	if (board->boots != boot)
		return;
	if (board->wrong_since_us != INT64_MAX)
		watch_wrong_clock(simulation);
	board->error_ms = 0;
	board->synchronised = !simulation->plan.trust_clock;
	trace(simulation, "the clock is right");
	agenda_enter(&simulation->agenda, simulation->now_us + 10 * minute_us, judge_future,
		board->boots);
}

static void boot(struct simulation *simulation, int64_t unused)
{
	struct board *board = &simulation->board;
	(void)unused;
	if (board->pipeline != NULL)
		return;
	board_boot(simulation);
	bool cold = simulation->plan.hours_between[TROUBLE_COLD_CLOCK] > 0 &&
		    !simulation->draining && dice_chance(&simulation->dice, 0.6);
	board->error_ms = cold ? -simulation->now_us / 1000 : 0;
	board->synchronised = !cold && !simulation->plan.trust_clock;
	board->wrong_since_us = INT64_MAX;
	if (cold)
		agenda_enter(&simulation->agenda, simulation->now_us + some_time_us(simulation),
			set_right, board->boots);
	board_start(simulation);
}

/* Power or program come back after a while. */
static void come_back(struct simulation *simulation)
{
	bool same_boot = dice_chance(&simulation->dice, 0.4);
	int64_t off_us =
		same_boot ? wait_us(simulation, 10 * second_us)
			  : wait_us(simulation, 20 * second_us) + some_time_us(simulation) / 4;
	agenda_enter(&simulation->agenda, simulation->now_us + off_us,
		same_boot ? start_again : boot, 0);
}

static bool is_running(const struct simulation *simulation)
{
	return simulation->board.pipeline != NULL && !simulation->board.crashed;
}

static void crash(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	if (!is_running(simulation))
		return;
	board_crash(simulation);
	come_back(simulation);
}

static void crash_in_commit(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	if (is_running(simulation))
		board_crash_in_commit(simulation);
}

static void stop(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	if (!is_running(simulation))
		return;
	board_stop(simulation);
	come_back(simulation);
}

static void dead_board(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	if (!is_running(simulation))
		return;
	board_crash(simulation);
	board_replace(simulation);
	anchors_forget(simulation);
	come_back(simulation);
	agenda_enter(&simulation->agenda, simulation->now_us + 10 * minute_us, anchors_give,
		simulation->board.boards);
}

static void set_wrong(struct simulation *simulation, int64_t size_ms)
{
	struct board *board = &simulation->board;
	if (board->error_ms != 0)
		return;
	board->error_ms = dice_chance(&simulation->dice, 0.5) ? size_ms : -size_ms;
	board->wrong_since_us = simulation->now_us;
	watch_wrong_clock(simulation);
	simulation->figures.steps++;
	trace(simulation, "the clock is set wrong by %lld s", (long long)board->error_ms / 1000);
	agenda_enter(&simulation->agenda, simulation->now_us + some_time_us(simulation), set_right,
		board->boots);
}

static void step_clock(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	int64_t size_ms = 1000 + wait_us(simulation, 10 * minute_us) / 1000;
	set_wrong(simulation, size_ms > 3600000 ? 3600000 : size_ms);
}

static void leap_clock(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	set_wrong(simulation, dice_between(&simulation->dice, 200, 1500) * 86400000);
}

/* ---- the broker ---- */

static void broker_away(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	simulation->broker.away_until_us = simulation->now_us + some_time_us(simulation);
	if (is_running(simulation))
		broker_cut(simulation);
}

static void refusal(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	simulation->broker.refuses_until_us = simulation->now_us + some_time_us(simulation) / 4;
}

static void lost_ack(struct simulation *simulation, int64_t unused)
{
	(void)unused;
	if (is_running(simulation))
		broker_cut(simulation);
}

/* ---- when ---- */

enum target { TARGET_ONE, TARGET_LINES, TARGET_METERS };

/* clang-format off */
static const struct {
	enum target target;
	agenda_act *act;
} acts[TROUBLE_COUNT] = {
	[TROUBLE_NOISE]           = {TARGET_LINES, noise},
	[TROUBLE_DEAD_METER]      = {TARGET_METERS, dead_meter},
	[TROUBLE_DEAD_LINE]       = {TARGET_LINES, dead_line},
	[TROUBLE_LOST_PORT]       = {TARGET_LINES, lost_port},
	[TROUBLE_RESTART]         = {TARGET_METERS, restart},
	[TROUBLE_TORN]            = {TARGET_METERS, torn},
	[TROUBLE_NO_VALUE]        = {TARGET_METERS, no_value},
	[TROUBLE_SPIKE]           = {TARGET_METERS, spike},
	[TROUBLE_RESET]           = {TARGET_METERS, reset},
	[TROUBLE_EXCHANGE]        = {TARGET_METERS, exchange},
	[TROUBLE_SWAP]            = {TARGET_ONE, swap},
	[TROUBLE_CRASH]           = {TARGET_ONE, crash},
	[TROUBLE_CRASH_IN_COMMIT] = {TARGET_ONE, crash_in_commit},
	[TROUBLE_STOP]            = {TARGET_ONE, stop},
	[TROUBLE_DEAD_BOARD]      = {TARGET_ONE, dead_board},
	[TROUBLE_COLD_CLOCK]      = {TARGET_ONE, NULL}, /* at a boot */
	[TROUBLE_CLOCK_STEP]      = {TARGET_ONE, step_clock},
	[TROUBLE_CLOCK_YEARS]     = {TARGET_ONE, leap_clock},
	[TROUBLE_BROKER_AWAY]     = {TARGET_ONE, broker_away},
	[TROUBLE_REFUSAL]         = {TARGET_ONE, refusal},
	[TROUBLE_LOST_ACK]        = {TARGET_ONE, lost_ack},
	[PERSON_SETTLES]          = {TARGET_METERS, person_looks},
};
/* clang-format on */

static void schedule(struct simulation *simulation, int64_t what);

static void happen(struct simulation *simulation, int64_t what)
{
	if (simulation->draining)
		return;
	acts[what % TROUBLE_COUNT].act(simulation, what / TROUBLE_COUNT);
	schedule(simulation, what);
}

static void schedule(struct simulation *simulation, int64_t what)
{
	double hours = simulation->plan.hours_between[what % TROUBLE_COUNT];
	int64_t wait = dice_wait(&simulation->dice, hours * (double)hour_us);
	agenda_enter(&simulation->agenda, simulation->now_us + wait, happen, what);
}

void troubles_begin(struct simulation *simulation)
{
	for (int i = 0; i < TROUBLE_COUNT; i++) {
		int targets = acts[i].target == TARGET_LINES    ? simulation->plan.buses_count
			      : acts[i].target == TARGET_METERS ? simulation->plan.meters_count
								: 1;
		if (acts[i].act == NULL || simulation->plan.hours_between[i] <= 0)
			continue;
		for (int target = 0; target < targets; target++)
			schedule(simulation, i + (int64_t)target * TROUBLE_COUNT);
	}
}

void troubles_back(struct simulation *simulation)
{
	come_back(simulation);
}

/* All is repaired, so that what is left can arrive. */
void troubles_end(struct simulation *simulation)
{
	struct board *board = &simulation->board;
	simulation->draining = true;
	simulation->broker.away_until_us = simulation->broker.refuses_until_us = 0;
	if (simulation->broker.back_us != INT64_MAX)
		simulation->broker.back_us = simulation->now_us + second_us;
	for (int i = 0; i < simulation->plan.buses_count; i++) {
		struct line *line = &simulation->lines[i];
		line->dead_until_us = line->gone_until_us = line->noisy_until_us = 0;
	}
	for (int i = 0; i < simulation->plan.meters_count; i++)
		simulation->points[i].box->dead_until_us = 0;
	swap_back(simulation, 0);
	if (board->wrong_since_us != INT64_MAX)
		watch_wrong_clock(simulation);
	board->error_ms = 0;
	board->synchronised = !simulation->plan.trust_clock;
	if (board->pipeline == NULL)
		agenda_enter(&simulation->agenda, simulation->now_us + second_us, boot, 0);
}
