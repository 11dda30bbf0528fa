/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flags_real_data.c -- Flags on real meters: the doubled hour of a
 * published research set and nothing beside it, false findings in a year of
 * three buildings, the heat figure of a year of district heating. Skipped where
 * ../shared/data is missing.
 */
#include <stdlib.h>

#include "tests/fakes/flag_bench.h"
#include "tests/fakes/real_data.h"

enum { HOUR_MS = FLAG_BENCH_HOUR_MS };

/* ---- flags over a series of hours ---- */

struct findings {
	size_t count[FLAG_COUNT];
	int64_t doubled_wall_ms; /* start of the last one */
};

struct series {
	const struct real_table *table;
	size_t first;
	size_t hours;
	size_t field;
	int8_t decimals; /* of its unit, to mWh */
	int64_t start_wall_ms;
	int64_t resolution;
	int parts; /* of an hour: 1 or 4 */
};

static void add_interval(struct series_flags *flags, const struct flag_rules *rules,
	const struct interval_row *row, struct findings *findings)
{
	struct register_facts facts = {.has_power = false};
	struct flag_finding found[FLAG_COUNT];
	uint32_t known;
	uint32_t bits = series_flags_close(flags, rules, row, &facts, &known, found);

	for (int flag = 0; flag < FLAG_COUNT; flag++) {
		findings->count[flag] += (bits >> flag) & 1;
	}
	if (series_flags_look_back(flags, rules, row, &found[0])) {
		findings->count[FLAG_DOUBLED_HOUR]++;
		findings->doubled_wall_ms = found[0].from_wall_ms;
	}
}

static struct findings findings_of(const struct series *series)
{
	struct flag_rules rules = flag_bench_rules();
	struct series_flags flags = {0};
	struct findings findings = {0};

	rules.resolution = series->resolution;
	for (size_t hour = 0; hour < series->hours; hour++) {
		int64_t energy = real_table_number(
			series->table, series->first + hour, series->field, series->decimals);
		for (int part = 0; part < series->parts; part++) {
			int64_t length_ms = HOUR_MS / series->parts;
			int64_t start =
				series->start_wall_ms + (int64_t)hour * HOUR_MS + part * length_ms;
			struct interval_row row = {
				.start_wall_ms = start,
				.end_wall_ms = start + length_ms,
				.energy = energy / series->parts,
				.quality = QUALITY_MEASURED,
			};
			add_interval(&flags, &rules, &row, &findings);
		}
	}
	return findings;
}

static void the_hour_counted_twice_is_flagged_in_both_schools_and_nothing_else(void **state)
{
	(void)state;
	struct real_table *table = real_table_read(real_drammen);

	assert_int_equal(table->count, 30);
	for (int i = 0; i < 8; i++) {
		const struct series series = {
			.table = table,
			.first = i % 2 ? 15 : 0,
			.hours = 15,
			.field = i / 2 % 2 ? 4 : 3,
			.decimals = 3, /* Wh */
			.start_wall_ms = real_drammen_start_wall_ms,
			.resolution = FLAG_BENCH_KWH,
			.parts = i < 4 ? 1 : 4,
		};
		struct findings findings = findings_of(&series);
		assert_int_equal(findings.count[FLAG_DOUBLED_HOUR], 1);
		assert_int_equal(
			findings.doubled_wall_ms, real_drammen_start_wall_ms + 5 * HOUR_MS);
		for (int flag = 0; flag < FLAG_COUNT; flag++) {
			assert_true(flag == FLAG_DOUBLED_HOUR || findings.count[flag] == 0);
		}
	}
	free(table);
}

/* Without a single doubled hour known in it; b0's lost days are zeros in the file. */
static void a_year_of_three_buildings_has_hardly_a_finding(void **state)
{
	(void)state;
	static const char *const names[] = {"b56 electricity", "b56 gas", "b57 electricity",
		"b57 gas", "b0 electricity", "b0 gas"};
	struct real_table *table = real_table_read(real_cambridge);
	size_t doubled = 0, spikes = 0, others = 0;

	assert_int_equal(table->count, 8760);
	for (size_t i = 0; i < 6; i++) {
		const struct series series = {
			.table = table,
			.hours = table->count,
			.field = 1 + i,
			.decimals = 6, /* kWh */
			.start_wall_ms = real_cambridge_start_wall_ms,
			.resolution = FLAG_BENCH_KWH / 10,
			.parts = 1,
		};
		struct findings findings = findings_of(&series);
		print_message("%s: %zu doubled hours, %zu spikes, %zu frozen hours\n", names[i],
			findings.count[FLAG_DOUBLED_HOUR], findings.count[FLAG_SPIKE],
			findings.count[FLAG_FROZEN]);
		doubled += findings.count[FLAG_DOUBLED_HOUR];
		spikes += findings.count[FLAG_SPIKE];
		for (int flag = 0; flag < FLAG_COUNT; flag++) {
			others += flag != FLAG_DOUBLED_HOUR && flag != FLAG_SPIKE
					  ? findings.count[flag]
					  : 0;
		}
	}
	print_message("%zu doubled hours and %zu spikes in 6 x 8760 hours\n", doubled, spikes);
	assert_true(doubled <= 5); /* one in ten thousand hours */
	assert_int_equal(spikes, 0);
	assert_int_equal(others, 0);
	free(table);
}

/* ---- heat against volume ---- */

/* One heat meter, its flags fed as the gateway feeds them. */
struct heat_meter {
	struct real_book *heat;
	struct real_book *volume;
	struct heat_flow flow;
	struct heat_window window;
	struct flag_rules rules;
	flag_sum year_heat, year_volume_difference;
	flag_sum day_heat, day_volume_difference;
	double figures[400]; /* of days with enough heat, kWh/(m³ K) */
	size_t figures_count;
	size_t windows;
	size_t differing;
};

static void close_day(struct heat_meter *meter)
{
	static const flag_sum least = (flag_sum)5 * 1000000000; /* 5 m³K: 5.8 kWh */

	if (meter->day_volume_difference >= least) {
		meter->figures[meter->figures_count++] =
			(double)heat_figure(meter->day_heat, meter->day_volume_difference) / 1000;
	}
	meter->day_heat = 0;
	meter->day_volume_difference = 0;
}

static void close_hour(struct heat_meter *meter)
{
	const struct interval_row *heat = &meter->heat->last;
	const struct interval_row *volume = &meter->volume->last;
	struct flag_finding finding;
	struct heat_interval interval = {
		.start_wall_ms = heat->start_wall_ms,
		.end_wall_ms = heat->end_wall_ms,
		.heat = heat->energy,
		.volume = volume->energy,
		.volume_resolution = 1000,
	};

	assert_int_equal(heat->start_wall_ms, volume->start_wall_ms);
	assert_int_equal(heat->quality, QUALITY_MEASURED);
	assert_true(heat_flow_over(&meter->flow, interval.start_wall_ms, interval.volume,
		&interval.volume_difference));
	meter->year_heat += interval.heat;
	meter->year_volume_difference += interval.volume_difference;
	meter->day_heat += interval.heat;
	meter->day_volume_difference += interval.volume_difference;
	if (heat_window_add(&meter->window, &meter->rules, &interval, &finding)) {
		meter->windows++;
		meter->differing += meter->window.differs;
	}
}

/*
 * What E8 and E9 say of an hour's local day: the difference that its volume
 * carried, in mK. They step too coarsely for an hour (in 555 of them the
 * return's climbs more than the inlet's).
 */
static int64_t difference_mk(const struct real_table *table, size_t hour)
{
	size_t from = hour / 24 * 24;
	size_t to = from + 24 < table->count ? from + 24 : table->count - 1;
	int64_t volume = real_table_number(table, to, 2, 6) - real_table_number(table, from, 2, 6);
	int64_t inlet = real_table_number(table, to, 3, 3) - real_table_number(table, from, 3, 3);
	int64_t outlet = real_table_number(table, to, 4, 3) - real_table_number(table, from, 4, 3);

	return volume > 0 ? (inlet - outlet) * 1000000 / volume : 0; /* L K and mL */
}

static void run_year(struct heat_meter *meter, const struct real_table *table, size_t hours)
{
	const struct heat_rules rules = {HOUR_MS, HOUR_MS};

	for (size_t i = 0; i <= hours; i++) {
		int64_t at_wall_ms = real_danish_start_wall_ms + (int64_t)i * HOUR_MS;
		size_t rows = meter->heat->rows;
		heat_flow_volume(
			&meter->flow, &rules, at_wall_ms, real_table_number(table, i, 2, 6));
		heat_flow_difference(&meter->flow, &rules, at_wall_ms, difference_mk(table, i));
		real_book_read(meter->heat, at_wall_ms, real_table_number(table, i, 1, 6));
		real_book_read(meter->volume, at_wall_ms, real_table_number(table, i, 2, 6));
		if (meter->heat->rows > rows) {
			close_hour(meter);
		}
		if (i > 0 && i % 24 == 0) {
			close_day(meter);
		}
	}
}

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static void heat_of_a_year_is_1136_watt_hours_per_cubic_metre_and_kelvin(void **state)
{
	(void)state;
	struct real_table *table = real_table_read(real_danish);
	struct heat_meter *meter = calloc(1, sizeof(*meter));

	assert_non_null(meter);
	assert_in_range(table->count, 8761, REAL_HOURS_MAX);
	meter->heat = real_book_new(QUANTITY_HEAT_ENERGY, HOUR_MS, real_danish_start_wall_ms);
	meter->volume = real_book_new(QUANTITY_VOLUME, HOUR_MS, real_danish_start_wall_ms);
	meter->rules = flag_bench_rules();
	meter->rules.quantity = QUANTITY_HEAT_ENERGY;
	meter->rules.resolution = FLAG_BENCH_KWH; /* the meter's own, before the publisher's */
	run_year(meter, table, 8760);
	int64_t year = heat_figure(meter->year_heat, meter->year_volume_difference);
	qsort(meter->figures, meter->figures_count, sizeof(double), ascending);
	double low = meter->figures[meter->figures_count * 5 / 100];
	double high = meter->figures[meter->figures_count * 95 / 100];
	print_message("year: %lld Wh/(m³K); %zu days: %.3f to %.3f kWh/(m³K); %zu windows\n",
		(long long)year, meter->figures_count, low, high, meter->windows);
	assert_int_equal(year, 1136);
	assert_true(low > 1.005 && low < 1.015);
	assert_true(high > 1.205 && high < 1.215);
	assert_true(meter->windows > 200);
	assert_int_equal(meter->differing, 0);
	free(meter->heat);
	free(meter->volume);
	free(meter);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_hour_counted_twice_is_flagged_in_both_schools_and_nothing_else),
		cmocka_unit_test(a_year_of_three_buildings_has_hardly_a_finding),
		cmocka_unit_test(heat_of_a_year_is_1136_watt_hours_per_cubic_metre_and_kelvin),
	};

	return real_data_is_here() ? cmocka_run_group_tests(tests, NULL, NULL) : REAL_SKIPPED;
}
