/* SPDX-License-Identifier: Apache-2.0 */
/* real_data.c -- real_data.h. */
#include "tests/fakes/real_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/simulate/readings_csv.h"

const char real_drammen[] = "../shared/data/no_cofactor_drammen_excerpt.csv";
const char real_cambridge[] = "../shared/data/uk_cambridge_hourly_2018.csv";
const char real_danish[] = "../shared/data/dk_heat_meter_registers_2019.csv";
const int64_t real_drammen_start_wall_ms = INT64_C(1515344400000);
const int64_t real_cambridge_start_wall_ms = INT64_C(1514764800000);
const int64_t real_danish_start_wall_ms = INT64_C(1546297200000);

bool real_data_is_here(void)
{
	bool here = access(real_drammen, R_OK) == 0 && access(real_cambridge, R_OK) == 0 &&
		    access(real_danish, R_OK) == 0;

	if (!here) {
		printf("skipped: ../shared/data, the readings of real meters, is not here\n");
	}
	return here;
}

static void read_table(const char *path, struct real_table *table)
{
	FILE *file = fopen(path, "r");
	char line[512];

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	for (table->count = 0; fgets(line, sizeof(line), file); table->count++) {
		size_t field = 0;
		assert_true(table->count < REAL_HOURS_MAX);
		line[strcspn(line, "\r\n")] = '\0';
		for (char *at = line; at && field < REAL_FIELDS_MAX; field++) {
			char *text = strsep(&at, ",");
			snprintf(table->fields[table->count][field], sizeof(table->fields[0][0]),
				"%s", text);
		}
	}
	fclose(file);
}

struct real_table *real_table_read(const char *path)
{
	struct real_table *table = calloc(1, sizeof(*table));

	assert_non_null(table);
	read_table(path, table);
	return table;
}

int64_t real_table_number(const struct real_table *table, size_t row, size_t field, int8_t decimals)
{
	int64_t steps = 0;

	assert_true(decimal_parse(table->fields[row][field], decimals, &steps));
	return steps;
}

static bool keep_row(void *context, struct interval_row *row)
{
	struct real_book *book = context;
	int64_t length_ms = book->rules.grid.length_ms;
	int64_t at = (row->start_wall_ms - book->start_wall_ms) / length_ms;

	assert_in_range(at, 0, REAL_ROWS_MAX - 1);
	assert_int_equal(row->end_wall_ms - row->start_wall_ms, length_ms);
	if (book->known[at]) {
		assert_true(row->revision > book->newest[at].revision);
	}
	book->newest[at] = *row;
	book->known[at] = true;
	book->last = *row;
	book->rows++;
	return true;
}

static bool keep_event(void *context, struct event_row *event)
{
	(void)context, (void)event;
	return true;
}

struct real_book *real_book_new(enum quantity quantity, int64_t length_ms, int64_t start_wall_ms)
{
	struct real_book *book = calloc(1, sizeof(*book));

	assert_non_null(book);
	book->start_wall_ms = start_wall_ms;
	book->sink = (struct counter_sink){book, keep_row, keep_event};
	book->rules = (struct counter_rules){
		.meter = "dk",
		.quantity = quantity,
		.grid = {.length_ms = length_ms, .next_from_wall_ms = INT64_MAX},
		.gap_limit_ms = length_ms,
		.close_deadline_ms = length_ms,
		.resolution = 1000,
	};
	return book;
}

void real_book_read(struct real_book *book, int64_t at_wall_ms, int64_t value)
{
	const struct reading reading = {at_wall_ms, value, CLOCK_STATE_SYNCHRONISED};

	assert_true(counter_add_reading(&book->counter, &book->rules, &reading, &book->sink));
}
