/* SPDX-License-Identifier: Apache-2.0 */
/* models_report.c -- Meter models in tables; models_json.c has the JSON. */
#include "gateway/verbs/models_report.h"

#include <string.h>

#include "gateway/terminal.h"

enum { FILE_COLUMNS = 400 }; /* nothing is cut in a file or a pipe */

static const char *const space_names[] = {
	[SPACE_COILS] = "coil",
	[SPACE_DISCRETE_INPUTS] = "discrete input",
	[SPACE_HOLDING_REGISTERS] = "holding",
	[SPACE_INPUT_REGISTERS] = "input",
};

static struct terminal report_terminal(FILE *stream)
{
	struct terminal terminal = terminal_of(stream);

	if (!terminal.interactive) {
		terminal.columns = FILE_COLUMNS;
	}
	return terminal;
}

void models_print_list(const struct meter_model *const *models, size_t count, FILE *stream)
{
	/* What finds a meter again, in 80 columns; the maker stands in the model's name. */
	static const struct table_column columns[] = {
		{"model",    false},
                {"type",     false},
                {"measures", false}
        };
	struct terminal terminal = report_terminal(stream);
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < count; i++) {
		table_cell(table, TINT_BOLD, "%s", models[i]->name);
		table_cell(table, TINT_PLAIN, "%s", models[i]->title);
		table_cell(table, TINT_PLAIN, "%s", models[i]->carrier);
	}
	table_print(table, &terminal, stream);
	table_free(table);
}

/* One raw step in the quantity's unit: "0.01 kWh", "5/18 kWh". */
static void scale_text(const struct model_value *value, char ret_text[static 96])
{
	const struct quantity_info *info = quantity_info(value->quantity);
	char number[DECIMAL_TEXT_MAX];
	const char *unit = strcmp(info->unit, "1") == 0 ? "" : info->unit;

	if (value->scale.numerator % value->scale.denominator == 0) {
		decimal_print(
			number, value->scale.numerator / value->scale.denominator, info->decimals);
		snprintf(ret_text, 96, "%s %s", number, unit);
	} else {
		snprintf(ret_text, 96, "%lld/%lld of 10^-%d %s", (long long)value->scale.numerator,
			(long long)value->scale.denominator, info->decimals, unit);
	}
}

static void addresses_text(const struct model_value *value, char ret_text[static 96])
{
	size_t length = 0;

	for (size_t i = 0; i < value->addresses_count && length < 80; i++) {
		length += (size_t)snprintf(ret_text + length, 96 - length, "%s%u (0x%04X)",
			i > 0 ? " + " : "", value->addresses[i], value->addresses[i]);
	}
}

/* What multiplies the step beside: a setting of the device, a power of ten that it tells. */
static void factors_text(
	const struct meter_model *model, const struct model_value *value, char ret_text[static 96])
{
	char power[32] = "";

	if (value->scale_register >= 0) {
		snprintf(power, sizeof(power), " × 10^register %d", value->scale_register);
	}
	snprintf(ret_text, 96, "%s%.40s%s", value->scaled_by_option ? " × " : "",
		value->scaled_by_option ? model->option.key : "", power);
}

static void print_value(
	struct table *table, const struct meter_model *model, const struct model_value *value)
{
	char text[96];
	char factors[96];

	if (model->channels > 1) {
		table_cell(table, TINT_BOLD, "%s [%u]", quantity_info(value->quantity)->name,
			value->channel);
	} else {
		table_cell(table, TINT_BOLD, "%s", quantity_info(value->quantity)->name);
	}
	table_cell(table, TINT_PLAIN, "%s", space_names[value->space]);
	addresses_text(value, text);
	table_cell(table, TINT_PLAIN, "%s", text);
	table_cell(table, TINT_PLAIN, "%s%s%s", register_encoding_name(value->format.encoding),
		value->format.low_word_first ? " low word first" : "",
		value->format.low_byte_first ? " low byte first" : "");
	scale_text(value, text);
	factors_text(model, value, factors);
	table_cell(table, TINT_PLAIN, "%s%s", text, factors);
	table_cell(table, TINT_DIM, "%s", value->slow ? "energy" : "power");
}

static void print_values(const struct meter_model *model, FILE *stream)
{
	static const struct table_column columns[] = {
		{"quantity", false},
                {"table",    false},
                {"address",  false},
                {"encoding", false},
		{"one step", false},
                {"group",    false}
        };
	struct terminal terminal = report_terminal(stream);
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < model->values_count; i++) {
		print_value(table, model, &model->values[i]);
	}
	table_print(table, &terminal, stream);
	table_free(table);
}

static void print_serial_line(const struct model_serial_line *line, FILE *stream)
{
	if (line->baud > 0) {
		fprintf(stream, "  serial line    %u", line->baud);
		if (line->parity && line->stop_bits) {
			fprintf(stream, " 8%c%u", line->parity, line->stop_bits);
		}
		fputs(" as delivered", stream);
	} else {
		fputs("  serial line    not documented: see the device's display", stream);
	}
	if (line->address > 0) {
		fprintf(stream, ", address %u", line->address);
	}
	fputc('\n', stream);
}

static void print_limits(const struct meter_model *model, FILE *stream)
{
	if (model->rtu) {
		print_serial_line(&model->serial_line, stream);
	}
	if (model->tcp) {
		fprintf(stream, "  Modbus TCP     port %u\n",
			model->tcp_port > 0 ? model->tcp_port : 502);
	}
	fprintf(stream, "  largest block  %u registers, %s\n", model->block_registers_max,
		model->bridge_registers_max > 0 ? "gaps may be read across"
						: "gaps are not read across");
	if (model->pause_ms > 0) {
		fprintf(stream, "  pause          %u ms between requests\n", model->pause_ms);
	}
	if (model->update_period_ms > 0) {
		fprintf(stream, "  renews         its registers every %u ms\n",
			model->update_period_ms);
	}
	if (model->base.relative) {
		fputs("  addresses      relative to the SunSpec model found on the device\n",
			stream);
	}
	if (!model->has_serial_number) {
		fputs("  serial number  no register: an exchange cannot be seen by itself\n",
			stream);
	}
	if (model->phases > 0) {
		fprintf(stream, "  CT ratio       %s\n",
			model->ct_in_meter ? "applied by the meter"
					   : "for transformers say `ct:` and `ct_in_meter:`");
	}
}

static void print_option(const struct model_option *option, FILE *stream)
{
	if (!option->key) {
		return;
	}
	fprintf(stream, "  %-14s a setting of the device; in the configuration one of",
		option->key);
	for (size_t i = 0; i < option->choices_count; i++) {
		fprintf(stream, " %s%s", option->choices[i].name,
			i == option->fallback ? " (default)" : "");
	}
	fputc('\n', stream);
}

static void print_texts(const char *title, char *const *texts, size_t count, FILE *stream)
{
	if (count > 0) {
		fprintf(stream, "\n%s\n", title);
	}
	for (size_t i = 0; i < count; i++) {
		fprintf(stream, "  - %s\n", texts[i]);
	}
}

void models_print_one(const struct meter_model *model, FILE *stream)
{
	fprintf(stream, "%s: %s %s, %s, tested: %s\n", model->name, model->maker, model->title,
		model->carrier, model->tested);
	print_limits(model, stream);
	print_option(&model->option, stream);
	fputc('\n', stream);
	print_values(model, stream);
	if (model->identifications_count > 0) {
		fputs("\nknown by\n", stream);
	}
	for (size_t i = 0; i < model->identifications_count; i++) {
		fprintf(stream, "  - %s\n", model->identifications[i].meaning);
	}
	print_texts("good to know", model->quirks, model->quirks_count, stream);
	print_texts("sources", model->sources, model->sources_count, stream);
}
