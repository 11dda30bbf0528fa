/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation.c -- From what a person said to lines with open ports.
 */
#include "gateway/simulate/simulation.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, SERIAL_DIGITS = 100000000, SERIAL_DIGITS_SHORT = 10000 };

/* What the making of one device needs at hand. */
struct maker {
	struct simulation *simulation;
	struct model_library *library;
	struct line_spec *line;
	struct device_spec *spec;
	char *reason;
};

__attribute__((format(printf, 2, 3))) static bool refuse(
	const struct maker *maker, const char *format, ...)
{
	char text[SPEC_REASON_MAX / 2];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (maker->spec != NULL)
		snprintf(maker->reason, SPEC_REASON_MAX, "device %s@%u on %s: %s",
			maker->spec->model, maker->spec->address, maker->line->settings.name, text);
	else
		snprintf(
			maker->reason, SPEC_REASON_MAX, "%s: %s", maker->line->settings.name, text);
	return false;
}

/* --- time ------------------------------------------------------------------- */

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t simulated_ms(const struct simulated_clock *clock, int64_t mono_us)
{
	if (clock->paused)
		return clock->anchor_ms;
	return clock->anchor_ms + (mono_us - clock->anchor_mono_us) * clock->speed / 1000;
}

struct simulated_instant simulation_now(const struct simulation *simulation)
{
	int64_t mono_us = clock_us(CLOCK_MONOTONIC);
	return (struct simulated_instant){.mono_us = mono_us,
		.elapsed_ms = (mono_us - simulation->begun_mono_us) / 1000,
		.simulated_ms = simulated_ms(&simulation->clock, mono_us)};
}

static void anchor(struct simulation *simulation)
{
	struct simulated_instant now = simulation_now(simulation);
	simulation->clock.anchor_ms = now.simulated_ms;
	simulation->clock.anchor_mono_us = now.mono_us;
}

void simulation_set_speed(struct simulation *simulation, int64_t speed)
{
	anchor(simulation);
	simulation->clock.speed = speed;
}

void simulation_pause(struct simulation *simulation, bool paused)
{
	anchor(simulation);
	simulation->clock.paused = paused;
}

static int64_t local_midnight_ms(int64_t at_ms)
{
	int64_t local_s = at_ms / 1000 + SCHOOL_UTC_OFFSET_S;
	return (local_s - local_s % DAY_S - SCHOOL_UTC_OFFSET_S) * 1000;
}

/* The given time of day; on a weekend that of the Friday before, when something happens. */
static int64_t at_time_of_day(int64_t wall_ms, int32_t time_of_day_s)
{
	int64_t midnight_ms = local_midnight_ms(wall_ms);
	int64_t day = (midnight_ms / 1000 + SCHOOL_UTC_OFFSET_S) / DAY_S;
	int64_t weekday = (day + 3) % 7; /* 0: Monday */
	int64_t back = weekday > 4 ? weekday - 4 : 0;
	return midnight_ms - back * DAY_S * 1000 + (int64_t)time_of_day_s * 1000;
}

static bool start_clock(struct simulation *simulation, const struct simulation_spec *spec)
{
	int64_t wall_ms = clock_us(CLOCK_REALTIME) / 1000;
	int64_t start_ms = spec->has_start ? spec->start_ms : wall_ms;
	for (size_t i = 0; !spec->has_start && i < simulation->readings_count; i++) {
		int64_t first_ms = readings_start_ms(simulation->readings[i]);
		start_ms = i == 0 || first_ms < start_ms ? first_ms : start_ms;
	}
	if (spec->has_time_of_day)
		start_ms = at_time_of_day(start_ms, spec->time_of_day_s);
	simulation->begun_mono_us = clock_us(CLOCK_MONOTONIC);
	simulation->clock = (struct simulated_clock){.anchor_mono_us = simulation->begun_mono_us,
		.anchor_ms = start_ms,
		.speed = spec->speed,
		.paused = spec->paused};
	simulation->scenario = scenario_new(spec->seed, local_midnight_ms(start_ms));
	return simulation->scenario != NULL;
}

/* --- devices ---------------------------------------------------------------- */

static const struct meter_model *find_model(const struct maker *maker)
{
	struct diagnostics diagnostics = {0};
	const struct meter_model *model =
		model_library_find(maker->library, maker->spec->model, &diagnostics);
	if (model == NULL && diagnostics.count > 0 && diagnostics.items[0].message != NULL)
		refuse(maker, "%s:%d:%d: %s", diagnostics.items[0].file,
			diagnostics.items[0].at.line, diagnostics.items[0].at.column,
			diagnostics.items[0].message);
	else if (model == NULL)
		refuse(maker, "no such model; `byport models` lists them");
	diagnostics_clear(&diagnostics);
	return model;
}

static bool read_csv(const struct maker *maker, const struct readings **ret_readings)
{
	struct device_spec *spec = maker->spec;
	struct simulation *simulation = maker->simulation;
	char reason[READINGS_REASON_MAX];
	if (spec->csv[0] == '\0')
		return spec->columns_count == 0 ||
		       refuse(maker, "`column` without `csv`: from which file?");
	if (spec->columns_count == 0)
		return refuse(maker, "`csv` without `column`: COLUMN=QUANTITY says what to serve");
	for (size_t i = 0; i < spec->columns_count; i++)
		spec->csv_columns[i].name = spec->columns[i];
	struct readings_settings settings = {.path = spec->csv,
		.time_column = spec->time_column[0] != '\0' ? spec->time_column : NULL,
		.columns = spec->csv_columns,
		.columns_count = spec->columns_count,
		.interpolate = spec->interpolate};
	struct readings **readings = realloc(
		simulation->readings, (simulation->readings_count + 1) * sizeof(struct readings *));
	if (readings == NULL)
		return refuse(maker, "out of memory");
	simulation->readings = readings;
	if (!readings_read(&settings, &readings[simulation->readings_count], reason))
		return refuse(maker, "%s", reason);
	*ret_readings = readings[simulation->readings_count++];
	return true;
}

static bool choose_option(
	const struct maker *maker, const struct meter_model *model, uint8_t *ret_choice)
{
	*ret_choice = model->option.fallback;
	if (maker->spec->option[0] == '\0')
		return true;
	if (model->option.key == NULL)
		return refuse(
			maker, "the model has no option; `%s` was given", maker->spec->option);
	if (!model_option_find(&model->option, maker->spec->option, ret_choice))
		return refuse(maker, "`%s` is no choice of %s (the first is %s)",
			maker->spec->option, model->option.key, model->option.choices[0].name);
	return true;
}

static void choose_place(const struct meter_model *model, const char *values,
	struct simulated_device_settings *settings)
{
	bool heat = model->carrier != NULL && strncmp(model->carrier, "district_", 9) == 0;
	settings->place = heat ? PLACE_HEAT : PLACE_BUILDING;
	settings->fixed = strcmp(values, "fixed") == 0;
	if (values[0] != '\0' && !settings->fixed)
		(void)scenario_place_find(values, &settings->place);
}

static void make_serial_number(
	const struct maker *maker, const struct meter_model *model, char *ret_text)
{
	uint64_t what = (uint64_t)maker->simulation->lines_count * 256 + maker->spec->address;
	uint64_t range =
		model->serial_number_format.registers < 2 ? SERIAL_DIGITS_SHORT : SERIAL_DIGITS;
	uint64_t number = range / 10 + school_hash(maker->simulation->seed, what, range / 10 * 9);
	snprintf(ret_text, FAULT_TEXT_MAX, "%llu", (unsigned long long)number);
}

/* The name given, else the address, else LINE/ADDRESS: one that no other device has. */
static bool make_name(const struct maker *maker, char *ret_name)
{
	const struct device_spec *spec = maker->spec;
	if (spec->name[0] != '\0')
		snprintf(ret_name, DEVICE_NAME_MAX, "%s", spec->name);
	else
		snprintf(ret_name, DEVICE_NAME_MAX, "%u", spec->address);
	if (simulation_device(maker->simulation, ret_name) == NULL)
		return true;
	if (spec->name[0] != '\0')
		return refuse(maker, "two devices are named `%s`", spec->name);
	snprintf(ret_name, DEVICE_NAME_MAX, "%.40s/%u", maker->line->settings.name, spec->address);
	return true;
}

static bool hold_values(const struct maker *maker, struct simulated_device *device)
{
	for (size_t i = 0; i < maker->spec->holds_count; i++) {
		const struct spec_hold *hold = &maker->spec->holds[i];
		if (!simulated_device_hold(device, hold->quantity, 1, hold->number))
			return refuse(maker, "it has no %s of its own, or cannot show that much",
				quantity_info(hold->quantity)->name);
	}
	return true;
}

static bool add_device(const struct maker *maker, struct simulated_line *line)
{
	struct device_spec *spec = maker->spec;
	const char *why = "";
	char name[DEVICE_NAME_MAX];
	const struct meter_model *model = find_model(maker);
	struct simulated_device_settings settings = {
		.name = name,
		.address = spec->address,
		.image = {.model = model,
			  .serial_number = spec->serial_number,
			  .ct = {1, 1},
			  .strict = spec->strict,
			  .marker = spec->marker},
		.faults = spec->faults,
		.faults_count = spec->faults_count
        };
	if (model == NULL || !make_name(maker, name) || !read_csv(maker, &settings.readings) ||
		!choose_option(maker, model, &settings.image.choice))
		return false;
	if (spec->marker > 0 && spec->marker >= model->base.markers_count)
		return refuse(maker, "marker %u: the model has %u", spec->marker,
			model->base.markers_count);
	if (spec->ct_primary > 0 && !model->ct_in_meter)
		settings.image.ct = (struct scale){spec->ct_primary, spec->ct_secondary};
	if (spec->serial_number[0] == '\0')
		make_serial_number(maker, model, spec->serial_number);
	choose_place(model, spec->values, &settings);
	struct simulated_device *device = simulated_device_new(&settings, &why);
	if (device == NULL)
		return refuse(maker, "%s", why);
	if (!simulated_line_add(line, device)) {
		simulated_device_free(device);
		return refuse(maker, "another device of this line has the same address");
	}
	return hold_values(maker, device);
}

static bool add_line(struct maker *maker)
{
	struct simulation *simulation = maker->simulation;
	maker->line->settings.seed =
		school_hash(simulation->seed, simulation->lines_count, UINT64_MAX);
	struct simulated_line *line = simulated_line_new(&maker->line->settings);
	struct simulated_line **lines = realloc(
		simulation->lines, (simulation->lines_count + 1) * sizeof(struct simulated_line *));
	if (lines != NULL)
		simulation->lines = lines;
	if (line == NULL || lines == NULL) {
		simulated_line_free(line);
		return refuse(maker, "out of memory");
	}
	simulation->lines[simulation->lines_count++] = line;
	for (size_t i = 0; i < maker->line->devices_count; i++) {
		maker->spec = &maker->line->devices[i];
		if (!add_device(maker, line))
			return false;
	}
	maker->spec = NULL;
	return simulated_line_open(line, maker->reason);
}

bool simulation_make(struct simulation *simulation, struct simulation_spec *spec,
	struct model_library *library, char ret_reason[static SPEC_REASON_MAX])
{
	struct maker maker = {.simulation = simulation, .library = library, .reason = ret_reason};
	*simulation = (struct simulation){.seed = spec->seed};
	for (size_t i = 0; i < spec->lines_count; i++) {
		maker.line = &spec->lines[i];
		maker.spec = NULL;
		if (!add_line(&maker))
			return false;
	}
	if (start_clock(simulation, spec))
		return true;
	snprintf(ret_reason, SPEC_REASON_MAX, "out of memory");
	return false;
}

void simulation_clear(struct simulation *simulation)
{
	for (size_t i = 0; i < simulation->lines_count; i++)
		simulated_line_free(simulation->lines[i]);
	for (size_t i = 0; i < simulation->readings_count; i++)
		readings_free(simulation->readings[i]);
	free(simulation->lines);
	free(simulation->readings);
	scenario_free(simulation->scenario);
	if (simulation->log != NULL)
		fclose(simulation->log);
	*simulation = (struct simulation){0};
}

static bool is_named(
	const struct simulated_line *line, const struct simulated_device *device, const char *name)
{
	const char *line_name = simulated_line_settings(line)->name;
	size_t length = strlen(line_name);
	if (strcmp(simulated_device_name(device), name) == 0)
		return true;
	return strncmp(name, line_name, length) == 0 && name[length] == '/' &&
	       strcmp(simulated_device_name(device), name + length + 1) == 0;
}

struct simulated_device *simulation_device(const struct simulation *simulation, const char *name)
{
	for (size_t i = 0; i < simulation->lines_count; i++) {
		struct simulated_device *device = NULL;
		for (size_t k = 0;
			(device = simulated_line_device(simulation->lines[i], k)) != NULL; k++)
			if (is_named(simulation->lines[i], device, name))
				return device;
	}
	return NULL;
}
