/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.c -- A bus: the real engine with its schedule asks, and the line takes
 * its time, loses and breaks answers.
 */
#include <stdlib.h>

#include "tests/simulation/simulation.h"

enum {
	ANSWER_US_LEAST = 5000,
	ANSWER_US_MOST = 20000,
};

static int64_t mono_us(const struct line *line, int64_t true_us)
{
	return true_us - line->simulation->board.boot_us + INT64_C(1000) * BOARD_MONO_MS;
}

static int64_t true_us(const struct line *line, int64_t mono)
{
	return mono + line->simulation->board.boot_us - INT64_C(1000) * BOARD_MONO_MS;
}

static const struct site_bus *site_bus_of(const struct line *line)
{
	return &line->simulation->loaded->site->buses[line->bus];
}

static void report(void *context, const struct worker_report *report)
{
	struct line *line = context;
	struct simulation *simulation = line->simulation;
	if (simulation->board.crashed)
		return;
	watch_report(simulation, line, report);
	pipeline_report(simulation->board.pipeline, &line->source, report, &simulation->board.now);
	simulation->board.due_us = simulation->now_us;
}

void line_start(struct line *line)
{
	const struct site_bus *bus = site_bus_of(line);
	struct simulation *simulation = line->simulation;
	struct bus_engine_settings settings = {.line = bus->line,
		.devices = bus->devices,
		.devices_count = bus->devices_count,
		.answer_time_ms = (uint32_t)bus->config->answer_time_ms,
		.report = report,
		.context = line};
	line->source = (struct pipeline_source){.site = simulation->loaded->site,
		.bus = line->bus,
		.slots = simulation->loaded->slots};
	line->engine = bus_engine_new(&settings, mono_us(line, simulation->now_us));
	if (line->engine == NULL)
		abort();
	line->asking = false;
	line->due_us = simulation->now_us;
}

void line_stop(struct line *line)
{
	line->engine = bus_engine_free(line->engine);
	line->asking = false;
}

int64_t line_due_us(const struct line *line)
{
	return line->engine != NULL ? line->due_us : INT64_MAX;
}

/* ---- one request ---- */

static int point_at(const struct line *line, uint8_t address)
{
	const struct world_plan *plan = &line->simulation->plan;
	for (int i = 0; i < plan->meters_count; i++)
		if (plan->meters[i].bus == (int)line->bus && plan->meters[i].address == address)
			return i;
	abort();
}

static enum bus_status fate(struct line *line, const struct box *box)
{
	int64_t now_us = line->simulation->now_us;
	if (line->gone_until_us > now_us)
		return BUS_DOWN;
	if (line->dead_until_us > now_us || box->dead_until_us > now_us)
		return BUS_TIMEOUT;
	if (line->noisy_until_us <= now_us || !dice_chance(&line->dice, line->noise))
		return BUS_OK;
	return dice_chance(&line->dice, 0.5) ? BUS_TIMEOUT : BUS_BAD_FRAME;
}

static void ask(struct line *line, const struct engine_step *step)
{
	struct simulation *simulation = line->simulation;
	const struct bus_line *wire = &site_bus_of(line)->line;
	int point = device_at(simulation, point_at(line, step->request.device));
	const struct box *box = simulation->points[point].box;
	line->asking = true;
	line->request = step->request;
	line->outcome = fate(line, box);
	line->sent_us = simulation->now_us;
	int64_t takes_us = dice_between(&line->dice, ANSWER_US_LEAST, ANSWER_US_MOST);
	if (line->outcome == BUS_TIMEOUT)
		takes_us = (int64_t)step->timeout_ms * 1000;
	else if (line->outcome == BUS_DOWN)
		takes_us = 0;
	if (line->outcome != BUS_DOWN)
		takes_us += bus_line_exchange_us(wire, &step->request);
	line->due_us = simulation->now_us + takes_us;
}

static void answer(struct line *line)
{
	static struct bus_answer answer; /* large, and of no worth after the call */
	struct simulation *simulation = line->simulation;
	enum bus_status status = line->outcome;
	int64_t now = mono_us(line, simulation->now_us);
	answer.sent_mono_us = mono_us(line, line->sent_us);
	answer.began_mono_us = answer.done_mono_us = now;
	answer.late_bytes = line->late_bytes;
	answer.verdict = status == BUS_BAD_FRAME ? FRAME_BAD_CRC : FRAME_GOOD;
	line->late_bytes = 0;
	line->asking = false;
	if (status == BUS_OK) {
		int point = device_at(simulation, point_at(line, line->request.device));
		device_advance(simulation, point);
		status = box_answer(simulation->points[point].box, &line->request, &answer);
		simulation->figures.answers++;
		watch_answer(simulation, point);
	} else if (status == BUS_TIMEOUT && dice_chance(&line->dice, 0.1)) {
		line->late_bytes = 9; /* it comes after all, and is nobody's answer */
	}
	bus_engine_answered(line->engine, status, &answer, now);
}

static void open_port(struct line *line)
{
	bool gone = line->gone_until_us > line->simulation->now_us;
	bus_engine_opened(line->engine, gone ? BUS_DOWN : BUS_OK,
		gone ? "there is no such port" : "", mono_us(line, line->simulation->now_us));
}

void line_go_on(struct line *line)
{
	if (line->asking)
		answer(line);
	while (!line->asking && line->engine != NULL && !line->simulation->board.crashed) {
		struct engine_step step =
			bus_engine_next(line->engine, mono_us(line, line->simulation->now_us));
		switch (step.action) {
		case ENGINE_ASK:
			ask(line, &step);
			break;
		case ENGINE_OPEN:
			open_port(line);
			break;
		case ENGINE_WAIT:
			line->due_us = true_us(line, step.until_mono_us);
			return;
		}
	}
}
