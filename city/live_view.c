/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_view.c -- The live view on a terminal, and its summary.
 */
#include "city/live_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gateway/terminal.h"

enum {
	ROWS_USUAL = 24,
	VALUE_TEXT_MAX = 40,
	STALE_S = 120, /* older values are marked: live comes at least every 60 s by default */
};

/* clang-format off */
static const struct table_column screen_columns[] = {
	{"meter", false}, {"power", true}, {"reading", true}, {"arrived", true},
	{"intervals", false}, {"age", true}, {"state", false},
};
static const struct table_column summary_columns[] = {
	{"meter", false}, {"quantity", false}, {"sum", true}, {"measured", true},
	{"est.", true}, {"rej.", true}, {"missing", true},
};
/* clang-format on */

static double outside(int64_t steps, uint8_t quantity)
{
	double value = (double)steps;
	for (int8_t i = 0; i < quantity_info((enum quantity)quantity)->decimals; i++)
		value /= 10;
	return value;
}

/* "12.3 kW" from W, "48213.60 kWh"; "-" when there is none. */
static void print_value(char text[static VALUE_TEXT_MAX], const struct live_value *value)
{
	if (value->quantity == QUANTITY_COUNT || !value->has_value) {
		snprintf(text, VALUE_TEXT_MAX, "-");
		return;
	}
	const struct quantity_info *info = quantity_info((enum quantity)value->quantity);
	double number = outside(value->value, value->quantity);
	bool watts = strcmp(info->unit, "W") == 0;
	snprintf(text, VALUE_TEXT_MAX, "%.2f %s", watts ? number / 1000 : number,
		watts ? "kW" : info->unit);
}

/* The series behind a meter's line: that of its reading, or the only one. */
static const struct live_series *main_series(const struct live_state *state, size_t meter)
{
	const struct live_series *found = NULL;
	uint8_t wanted = state->meters[meter].reading.quantity;
	for (size_t i = 0; i < state->series_count; i++) {
		const struct live_series *series = &state->series[i];
		if (series->meter == meter && (!found || series->quantity == wanted))
			found = series;
	}
	return found;
}

/* Without any value there is no sum: missing is never 0. */
static bool has_energy(const struct live_series *series)
{
	return series->by_quality[QUALITY_MEASURED] + series->by_quality[QUALITY_ESTIMATED] > 0;
}

/* "96m 2e 1-": how many of each quality, those there are. */
static void print_qualities(char text[static VALUE_TEXT_MAX], const struct live_series *series)
{
	static const char letters[QUALITY_COUNT] = {'m', 'e', 'r', '-'};
	size_t length = 0;
	text[0] = '\0';
	for (int i = 0; i < QUALITY_COUNT; i++) {
		if (series->by_quality[i] == 0 && i > 0)
			continue;
		length += (size_t)snprintf(text + length, VALUE_TEXT_MAX - length,
			"%s%" PRIu64 "%c", i > 0 ? " " : "", series->by_quality[i], letters[i]);
		if (length >= VALUE_TEXT_MAX)
			return;
	}
}

static void add_state(struct table *table, const struct live_state *state, size_t meter)
{
	const struct live_meter *shown = &state->meters[meter];
	const struct live_gateway *gateway = &state->gateways[shown->gateway];
	if (gateway->has_status && gateway->presence == PRESENCE_OFFLINE)
		table_cell(table, TINT_BAD, "offline");
	else if (shown->state == DEVICE_OK)
		table_cell(table, TINT_GOOD, "%s", device_state_text(DEVICE_OK));
	else
		table_cell(table, shown->state == DEVICE_UNKNOWN ? TINT_DIM : TINT_BAD, "%s",
			device_state_text((enum device_state)shown->state));
}

static void add_meter(
	struct table *table, const struct live_state *state, size_t meter, int64_t now_wall_ms)
{
	const struct live_meter *shown = &state->meters[meter];
	const struct live_series *series = main_series(state, meter);
	char power[VALUE_TEXT_MAX], reading[VALUE_TEXT_MAX], qualities[VALUE_TEXT_MAX] = "";
	char age[16] = "";
	double age_s = (double)(now_wall_ms - shown->newest_wall_ms) / 1000;
	print_value(power, &shown->power);
	print_value(reading, &shown->reading);
	if (shown->newest_wall_ms != INSTANT_UNKNOWN)
		age_print(age, age_s);
	if (series)
		print_qualities(qualities, series);
	table_cell(table, TINT_PLAIN, "%.20s", shown->id);
	table_cell(table, TINT_BOLD, "%s", power);
	table_cell(table, TINT_PLAIN, "%s", reading);
	if (series && has_energy(series))
		table_cell(table, TINT_PLAIN, "%.3f %s", outside(series->energy, series->quantity),
			quantity_info((enum quantity)series->quantity)->unit);
	else
		table_cell(table, TINT_DIM, "-");
	table_cell(table, TINT_PLAIN, "%s", qualities);
	table_cell(table, age_s > STALE_S ? TINT_WARN : TINT_PLAIN, "%s", age);
	add_state(table, state, meter);
}

/* What a screen is drawn from and into. */
struct frame {
	const struct live_state *state;
	int64_t now_wall_ms;
	struct terminal terminal;
	FILE *stream;
};

static void put_gateway(const struct frame *frame, size_t number)
{
	const struct live_gateway *gateway = &frame->state->gateways[number];
	bool online = gateway->presence == PRESENCE_ONLINE;
	bool colour = frame->terminal.colour;
	fprintf(frame->stream, "%s/%s/%s  %s%s%s  clock %s\n", gateway->address.city,
		gateway->address.site, gateway->address.gateway,
		!colour  ? ""
		: online ? "\033[1;32m"
			 : "\033[1;31m",
		!gateway->has_status ? "not heard of yet"
		: online             ? "online"
				     : "offline",
		colour ? "\033[0m" : "",
		gateway->has_status ? clock_state_name((enum clock_state)gateway->clock) : "-");
}

static void put_meters(const struct frame *frame, size_t gateway)
{
	const struct live_state *state = frame->state;
	struct table *table =
		table_new(screen_columns, sizeof(screen_columns) / sizeof(screen_columns[0]));
	for (size_t i = 0; i < state->meters_count; i++) {
		if (state->meters[i].gateway == gateway)
			add_meter(table, state, i, frame->now_wall_ms);
	}
	table_print(table, &frame->terminal, frame->stream);
	table_free(table);
	if (state->gateways[gateway].last_event[0])
		fprintf(frame->stream, "last event: %.*s\n", (int)frame->terminal.columns - 13,
			state->gateways[gateway].last_event);
}

static void put_counts(const struct live_state *state, FILE *stream)
{
	fprintf(stream,
		"%" PRIu64 " messages, %" PRIu64 " KiB: %" PRIu64 " intervals, %" PRIu64
		" events, %" PRIu64 " trends\n",
		state->messages, state->bytes / 1024, state->rows[MESSAGE_INTERVALS],
		state->rows[MESSAGE_EVENTS], state->rows[MESSAGE_TRENDS]);
	fprintf(stream,
		"%" PRIu64 " gaps (%" PRIu64 " rows), %" PRIu64 " duplicates, %" PRIu64
		" unreadable%s%s\n",
		state->gaps, state->rows_missing, state->duplicates, state->unreadable,
		state->unreadable ? ": " : "", state->unreadable ? state->unreadable_text : "");
}

static size_t rows_of_terminal(void)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
		return size.ws_row;
	return ROWS_USUAL;
}

/* The frame over the one before: each line cleared behind its text, the rest of the screen below.
 */
static void put_frame(const char *frame)
{
	size_t rows = rows_of_terminal();
	fputs("\033[H", stdout);
	for (size_t row = 0; *frame != '\0' && row + 1 < rows; row++) {
		size_t length = strcspn(frame, "\n");
		fwrite(frame, 1, length, stdout);
		fputs("\033[K\n", stdout);
		frame += length + (frame[length] == '\n');
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

void live_view_screen(const struct live_state *state, const char *link_text, int64_t now_wall_ms)
{
	char *text = NULL;
	size_t length = 0;
	const struct frame frame = {.state = state,
		.now_wall_ms = now_wall_ms,
		.terminal = terminal_of(stdout),
		.stream = open_memstream(&text, &length)};
	if (!frame.stream)
		return;
	fprintf(frame.stream, "%.*s\n", (int)frame.terminal.columns, link_text);
	put_counts(state, frame.stream);
	for (size_t i = 0; i < state->gateways_count; i++) {
		fputc('\n', frame.stream);
		put_gateway(&frame, i);
		put_meters(&frame, i);
	}
	fputs("\narrived: energy of the intervals that came; m measured, e estimated, r rejected,\n"
	      "- missing\n",
		frame.stream);
	fclose(frame.stream);
	put_frame(text);
	free(text);
}

void live_view_summary(const struct live_state *state, FILE *stream)
{
	struct terminal terminal = terminal_of(stream);
	struct table *table =
		table_new(summary_columns, sizeof(summary_columns) / sizeof(summary_columns[0]));
	terminal.columns = terminal.interactive ? terminal.columns : 200; /* a file is never cut */
	for (size_t i = 0; i < state->series_count; i++) {
		const struct live_series *series = &state->series[i];
		const struct quantity_info *info = quantity_info((enum quantity)series->quantity);
		char sum[DECIMAL_TEXT_MAX];
		decimal_print(sum, series->energy, info->decimals);
		table_cell(table, TINT_PLAIN, "%s", state->meters[series->meter].id);
		table_cell(table, TINT_PLAIN, "%s", info->name);
		table_cell(
			table, TINT_BOLD, "%s %s", has_energy(series) ? sum : "null", info->unit);
		for (int quality = 0; quality < QUALITY_COUNT; quality++)
			table_cell(table, TINT_PLAIN, "%" PRIu64, series->by_quality[quality]);
	}
	put_counts(state, stream);
	if (state->series_count > 0)
		table_print(table, &terminal, stream);
	table_free(table);
}
