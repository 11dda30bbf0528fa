/* SPDX-License-Identifier: Apache-2.0 */
/* simulation.c -- The loop: whatever is due next happens, until the end. */
#include "tests/simulation/simulation.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/core/int64_order.h"
#include "gateway/pipeline_state.h"

static const int64_t day_us = INT64_C(86400000000);
static const int64_t drain_us = INT64_C(5400000000);      /* at least */
static const int64_t drain_us_max = INT64_C(86400000000); /* and then something is wrong */

static int64_t board_due_us(const struct simulation *simulation)
{
	return simulation->board.pipeline != NULL ? simulation->board.due_us : INT64_MAX;
}

/* One thing happens. */
static void happen_next(struct simulation *simulation, int64_t end_us)
{
	struct line *line = NULL;
	int64_t agenda_us = agenda_next_us(&simulation->agenda);
	int64_t broker_us = broker_due_us(simulation), board_us = board_due_us(simulation);
	int64_t next_us =
		int64_lower(int64_lower(agenda_us, end_us), int64_lower(broker_us, board_us));
	for (int i = 0; i < simulation->plan.buses_count; i++)
		if (line_due_us(&simulation->lines[i]) < next_us) {
			line = &simulation->lines[i];
			next_us = line_due_us(line);
		}
	simulation->now_us = next_us > simulation->now_us ? next_us : simulation->now_us;
	board_observe(simulation);
	if (line != NULL) {
		line_go_on(line);
	} else if (board_us <= next_us) {
		board_step(simulation);
	} else if (broker_us <= next_us) {
		broker_go_on(simulation);
	} else if (agenda_us <= next_us) {
		struct agenda_entry entry = agenda_take(&simulation->agenda);
		entry.act(simulation, entry.what);
	}
	if (simulation->board.crashed && simulation->board.pipeline != NULL) {
		board_crash(simulation);
		troubles_back(simulation);
	}
}

static void run_until(struct simulation *simulation, int64_t end_us)
{
	while (simulation->now_us < end_us && !simulation->failed)
		happen_next(simulation, end_us);
}

static bool has_backlog(const struct simulation *simulation)
{
	const struct pipeline *pipeline = simulation->board.pipeline;
	return pipeline == NULL || pipeline_backlog(pipeline, STREAM_ENERGY) > 0 ||
	       pipeline_backlog(pipeline, STREAM_TRENDS) > 0;
}

/* Peace: what is left arrives. */
static void drain(struct simulation *simulation)
{
	int64_t ended_us = simulation->now_us;
	troubles_end(simulation);
	trace(simulation, "all is repaired");
	run_until(simulation, ended_us + drain_us);
	while (!simulation->failed && has_backlog(simulation)) {
		if (simulation->now_us > ended_us + drain_us_max)
			violated(
				simulation, "delivery", "rows still wait a day after all was well");
		run_until(simulation, simulation->now_us + INT64_C(60000000));
	}
	if (simulation->failed)
		return;
	int64_t last = store_cursor(simulation->board.pipeline->store, STREAM_ENERGY).last;
	int64_t through = simulation->archive.streams[STREAM_ENERGY].through;
	if (through != last)
		violated(simulation, "delivery", "the store ends at %lld, the archive at %lld",
			(long long)last, (long long)through);
	receipts_judge(simulation);
	judge_all(simulation, INT64_MIN, true);
	judge_totals(simulation);
}

static void live(struct simulation *simulation)
{
	for (int64_t day = simulation->plan.start_us;
		day < simulation->plan.end_us && !simulation->failed; day += day_us) {
		run_until(simulation, int64_lower(day + day_us, simulation->plan.end_us));
		if (!simulation->failed)
			judge_all(simulation, day / 1000, false);
	}
	if (!simulation->failed)
		drain(simulation);
}

static struct loaded_site *load_site(const char *text)
{
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;
	struct loaded_site *loaded = NULL;
	if (!site_config_read_text("simulated", text, &diagnostics, &config) ||
		!loaded_site_make(config, &diagnostics, &loaded)) {
		diagnostics_print(&diagnostics, stderr, false);
		abort();
	}
	diagnostics_clear(&diagnostics);
	return loaded;
}

static void begin(struct simulation *simulation, const struct simulation_wish *wish)
{
	world_plan_make(simulation->seed, &wish->plan, &simulation->plan);
	simulation->trace = wish->trace;
	simulation->now_us = simulation->plan.start_us;
	simulation->dice = dice_make(simulation->seed, "world");
	simulation->broker.dice = dice_make(simulation->seed, "broker");
	receipts_begin(simulation);
	simulation->loaded = load_site(simulation->plan.configuration);
	if (simulation->trace)
		printf("%s", simulation->plan.configuration);
	for (int i = 0; i < simulation->plan.buses_count; i++) {
		simulation->lines[i].simulation = simulation;
		simulation->lines[i].bus = (size_t)i;
		simulation->lines[i].dice = dice_make(simulation->seed + (uint64_t)i, "line");
	}
	snprintf(simulation->board.directory, sizeof simulation->board.directory, "%s/%llu",
		wish->directory, (unsigned long long)simulation->seed);
	devices_begin(simulation);
	board_begin(simulation);
	troubles_begin(simulation);
}

bool simulation_run(uint64_t seed, const struct simulation_wish *wish, struct figures *ret_figures)
{
	struct simulation *simulation = calloc(1, sizeof *simulation);
	if (simulation == NULL)
		abort();
	simulation->seed = seed;
	begin(simulation, wish);
	live(simulation);
	bool good = !simulation->failed;
	*ret_figures = simulation->figures;
	board_end(simulation);
	devices_end(simulation);
	archive_clear(&simulation->archive);
	agenda_clear(&simulation->agenda);
	loaded_site_release(simulation->loaded);
	world_plan_clear(&simulation->plan);
	free(simulation);
	return good;
}
