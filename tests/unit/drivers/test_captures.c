/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_captures.c -- Every shipped model against its capture: a device's
 * registers on one side, the samples they are on the other.
 *
 * Protected: what a technician sees on the display is what the gateway reads.
 * The whole path runs: read plan, requests, blocks, decode. The samples of a
 * capture were worked out by hand or by another program, never by this one;
 * its format stands in drivers/meters/README.md.
 */
#include "drivers/device_reader.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/yaml_reader.h"
#include "tests/unit/drivers/shipped_models.h"

#define CAPTURES "tests/captures"

enum {
	POINTS_MAX = 600,      /* values of one model, all channels */
	REQUESTS_MAX = 600,    /* of one poll; a reader that asks on is broken */
	NOT_RECORDED = 0x5A5A, /* what stands in registers that a capture does not give */
	DEVICE_ADDRESS = 1,
	TEXT_MAX = 64,
};

/* The device of a capture: a table of registers by space. */
static uint16_t registers[SPACE_INPUT_REGISTERS + 1][UINT16_MAX + 1];

/* One sample as a capture gives it, and as it was read. */
struct expected {
	const char *key; /* as written: "active_power", "pulses 3" */
	const char *text;
	int64_t value; /* inside steps, where status is DECODE_OK */
	enum decode_status status;
	bool read;
};

struct capture {
	const struct meter_model *model;
	const char *what;
	const struct yaml_node *node;
	struct device_point points[POINTS_MAX];
	struct expected expected[POINTS_MAX];
	size_t count;
	char serial_number[SERIAL_NUMBER_MAX];
};

static struct yaml_file *file;
static struct capture capture;

static int close_file(void **state)
{
	(void)state;
	file = yaml_close(file);
	return 0;
}

/* A capture that cannot be read fails the test, with its place. */
#define REFUSE(node, ...)                                                                        \
	do {                                                                                     \
		print_error(                                                                     \
			"%s:%d:%d: ", yaml_file_name(file), (node)->at.line, (node)->at.column); \
		print_error(__VA_ARGS__);                                                        \
		print_error("\n");                                                               \
		fail();                                                                          \
	} while (0)

/* The captures of a model: a list of at least one. */
static const struct yaml_node *open_captures(const char *name)
{
	char path[sizeof(CAPTURES "/") + MODEL_NAME_MAX + sizeof(".yaml")];
	struct diagnostics diagnostics = {0};

	snprintf(path, sizeof(path), CAPTURES "/%s.yaml", name);
	if (yaml_read_file(path, &diagnostics, &file) != YAML_OK) {
		diagnostics_print(&diagnostics, stderr, false);
		diagnostics_clear(&diagnostics);
		fail_msg("the model %s has no capture", name);
	}

	const struct yaml_node *root = yaml_root(file);

	if (root->kind != YAML_SEQUENCE || root->children_count == 0) {
		REFUSE(root, "a list of captures is needed");
	}
	return root;
}

static const char *text_of(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *found = yaml_find(node, key);

	return found ? found->text : NULL;
}

/* "holding 0x5000": "0000 08FD" */
static void load_words(const struct yaml_node *node)
{
	char space[TEXT_MAX];
	unsigned address = 0;
	int used = 0;

	if (sscanf(node->key, "%63s %i", space, (int *)&address) != 2) {
		REFUSE(node, "\"%s\" is no space and address", node->key);
	}

	bool input = strcmp(space, "input") == 0;

	if (!input && strcmp(space, "holding") != 0) {
		REFUSE(node, "the space \"%s\" is neither holding nor input", space);
	}
	for (const char *rest = node->text; *rest; rest += used, address++) {
		char word[5] = "";

		if (sscanf(rest, "%4[0-9A-Fa-f]%n ", word, &used) != 1 || used != 4 ||
			address > UINT16_MAX) {
			REFUSE(node, "\"%s\": words are four hexadecimal digits each", rest);
		}
		used += (int)strspn(rest + used, " ");
		registers[input ? SPACE_INPUT_REGISTERS : SPACE_HOLDING_REGISTERS][address] =
			(uint16_t)strtoul(word, NULL, 16);
	}
}

/* "-1234.5" with these decimals, in integers; false when it is no such number. */
static bool parse_decimal(const char *text, int decimals, int64_t *ret_steps)
{
	bool negative = *text == '-';
	const char *point = strchr(text, '.');
	const char *digits = text + negative;
	int after = point ? (int)strlen(point + 1) : 0;
	int64_t steps = 0;

	for (const char *c = digits; *c; c++) {
		if (c != point &&
			(*c < '0' || *c > '9' || __builtin_mul_overflow(steps, 10, &steps) ||
				__builtin_add_overflow(steps, *c - '0', &steps))) {
			return false;
		}
	}
	for (int i = after; i < decimals; i++) {
		if (__builtin_mul_overflow(steps, 10, &steps)) {
			return false;
		}
	}
	*ret_steps = negative ? -steps : steps;
	return *digits != '\0' && after <= decimals;
}

static bool find_status(const char *text, enum decode_status *ret_status)
{
	for (size_t i = 0; i < DECODE_STATUS_COUNT; i++) {
		if (strcmp(decode_status_text((enum decode_status)i), text) == 0) {
			*ret_status = (enum decode_status)i;
			return *ret_status != DECODE_OK;
		}
	}
	return false;
}

/* "230.1 V", "0.98" where the unit is 1, or a status in words. */
static void parse_expected(const struct yaml_node *node, const struct quantity_info *info)
{
	struct expected *expected = &capture.expected[capture.count];
	char number[TEXT_MAX] = "";
	char unit[TEXT_MAX] = "1";

	*expected = (struct expected){.key = node->key, .text = node->text};
	if (find_status(node->text, &expected->status)) {
		return;
	}
	sscanf(node->text, "%63s %63s", number, unit);
	if (!parse_decimal(number, info->decimals, &expected->value) ||
		strcmp(unit, info->unit) != 0) {
		REFUSE(node, "\"%s\" is no number of at most %d decimals in %s, nor a status",
			node->text, info->decimals, info->unit);
	}
}

/* "pulses 3": "1234" */
static void load_sample(const struct yaml_node *node, uint8_t choice)
{
	char name[TEXT_MAX] = "";
	unsigned channel = 1;
	enum quantity quantity = QUANTITY_COUNT;
	struct device_point *point = &capture.points[capture.count];

	sscanf(node->key, "%63s %u", name, &channel);
	if (!quantity_find(name, &quantity)) {
		REFUSE(node, "\"%s\" is no quantity", name);
	}
	*point = (struct device_point){.meter = (uint16_t)capture.count,
		.value = meter_model_value(capture.model, quantity, (uint8_t)channel)};
	if (!point->value) {
		REFUSE(node, "the model has no \"%s\"", node->key);
	}
	assert_true(model_value_scale(
		capture.model, point->value, choice, (struct scale){1, 1}, &point->scale));
	parse_expected(node, quantity_info(quantity));
	capture.count++;
}

static void load(const struct meter_model *model, const struct yaml_node *node)
{
	const struct yaml_node *words = yaml_find(node, "registers");
	const struct yaml_node *samples = yaml_find(node, "samples");
	const char *option = text_of(node, "option");
	uint8_t choice = model->option.fallback;

	capture = (struct capture){.model = model, .what = text_of(node, "what"), .node = node};
	if (!words || !samples || !capture.what) {
		REFUSE(node, "a capture says what it is, and has registers and samples");
	}
	if (option && !model_option_find(&model->option, option, &choice)) {
		REFUSE(node, "\"%s\" is no choice of the model's option", option);
	}
	for (size_t i = 0; i <= UINT16_MAX; i++) {
		registers[SPACE_HOLDING_REGISTERS][i] = NOT_RECORDED;
		registers[SPACE_INPUT_REGISTERS][i] = NOT_RECORDED;
	}
	for (size_t i = 0; i < words->children_count; i++) {
		load_words(&words->children[i]);
	}
	assert_true(samples->children_count <= POINTS_MAX);
	for (size_t i = 0; i < samples->children_count; i++) {
		load_sample(&samples->children[i], choice);
	}
}

static void take_samples(struct device_reader *reader)
{
	const struct sample *samples;
	size_t implausible = 0;
	size_t count = device_reader_samples(reader, &samples, &implausible);
	const char *serial_number = device_reader_serial_number(reader);

	if (serial_number) {
		snprintf(capture.serial_number, sizeof(capture.serial_number), "%s", serial_number);
	}
	for (size_t i = 0; i < count; i++) {
		struct expected *expected = &capture.expected[samples[i].meter];

		if (samples[i].status != expected->status ||
			(expected->status == DECODE_OK && samples[i].value != expected->value)) {
			char text[DECIMAL_TEXT_MAX];

			decimal_print(text, samples[i].value,
				quantity_info((enum quantity)samples[i].quantity)->decimals);
			REFUSE(capture.node, "%s: \"%s\" is read as %s (%s), not as %s",
				capture.what, expected->key, text,
				decode_status_text((enum decode_status)samples[i].status),
				expected->text);
		}
		expected->read = true;
	}
}

/* One poll of the device, all it holds. */
static void poll_device(void)
{
	static const struct bus_line line = {.kind = BUS_TCP};
	const struct device device = {.address = DEVICE_ADDRESS,
		.model = capture.model,
		.points = capture.points,
		.points_count = capture.count};
	struct device_reader *reader = device_reader_new(&device, &line, 20);
	struct bus_request request;
	size_t requests = 0;

	assert_non_null(reader);
	device_reader_begin(reader, POLL_FAST | POLL_SLOW);
	for (; device_reader_next(reader, &request); requests++) {
		struct bus_answer answer = {.done_mono_us = 1};

		assert_true(requests < REQUESTS_MAX);
		assert_true(request.address + request.count <= UINT16_MAX + 1);
		memcpy(answer.words, &registers[request.function][request.address],
			request.count * sizeof(answer.words[0]));
		if (device_reader_take(reader, BUS_OK, &answer) != READER_GOES_ON) {
			REFUSE(capture.node, "%s: the device is not read to the end", capture.what);
		}
		take_samples(reader);
	}
	reader = device_reader_free(reader);
}

static void check_capture(const struct meter_model *model, const struct yaml_node *node)
{
	const char *serial_number = text_of(node, "serial_number");

	load(model, node);
	poll_device();
	for (size_t i = 0; i < capture.count; i++) {
		if (!capture.expected[i].read) {
			REFUSE(node, "%s: \"%s\" is not read", capture.what,
				capture.expected[i].key);
		}
	}
	if (serial_number && strcmp(serial_number, capture.serial_number) != 0) {
		REFUSE(node, "the serial number is read as \"%s\", not as %s",
			capture.serial_number, serial_number);
	}
}

static void every_capture_of_every_model_is_read_as_it_says(void **state)
{
	(void)state;
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		const struct yaml_node *captures = open_captures(model->name);

		for (size_t i = 0; i < captures->children_count; i++) {
			check_capture(model, &captures->children[i]);
		}
		file = yaml_close(file);
	}
}

/* Whether another order of the words would read another number. (SunSpec's is the standard's own.)
 */
static bool order_shows(const struct model_value *value)
{
	const uint16_t *words = &registers[value->space][value->addresses[0]];
	uint8_t count = value->format.registers;
	bool words_differ = count == 1 || capture.model->base.relative;

	for (size_t i = 0; i + 1u < count && !words_differ; i++) {
		words_differ = words[i] != words[count - 1u - i];
	}
	return words_differ;
}

/* A power in an integer with a sign: read without it, a positive one is the same. */
static bool sign_is_hidden(const struct model_value *value, int64_t sample)
{
	enum register_encoding encoding = value->format.encoding;
	bool is_signed =
		encoding == ENCODING_I16 || encoding == ENCODING_I32 || encoding == ENCODING_I64;
	bool may_be_negative = (value->quantity >= QUANTITY_ACTIVE_POWER &&
				value->quantity <= QUANTITY_REACTIVE_POWER_L3);

	return is_signed && may_be_negative && sample >= 0;
}

static bool counts_past_32_bits(const struct model_value *value)
{
	return value->format.registers == 4 &&
	       quantity_info(value->quantity)->kind == QUANTITY_COUNTER &&
	       register_bits(&registers[value->space][value->addresses[0]], value->format) >
		       INT64_C(1) << 31;
}

static void the_first_capture_has_every_value_with_order_and_sign_to_be_seen(void **state)
{
	(void)state;
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		const struct yaml_node *first = &open_captures(model->name)->children[0];
		bool wide = false;
		bool past_32_bits = false;

		load(model, first);
		if (capture.count != model->values_count) {
			REFUSE(first, "%zu of %zu values are given", capture.count,
				model->values_count);
		}
		if (model->has_serial_number != (text_of(first, "serial_number") != NULL)) {
			REFUSE(first, "a serial number is given where the model has one");
		}
		for (size_t i = 0; i < capture.count; i++) {
			const struct model_value *value = capture.points[i].value;

			if (!order_shows(value)) {
				REFUSE(first, "\"%s\" reads the same in any order of its words",
					capture.expected[i].key);
			}
			if (sign_is_hidden(value, capture.expected[i].value)) {
				REFUSE(first,
					"\"%s\" is not below zero, so that its sign does not show",
					capture.expected[i].key);
			}
			wide = wide || value->format.registers == 4;
			past_32_bits = past_32_bits || counts_past_32_bits(value);
		}
		if (wide && !past_32_bits) {
			REFUSE(first, "no counter of 64 bits is past 32");
		}
		file = yaml_close(file);
	}
}

/* What captures show beside values: sentinels, and the choices of an option. */
struct shown {
	bool unavailable;
	bool choices[MODEL_OPTION_CHOICES_MAX];
};

static void see_capture(
	const struct meter_model *model, const struct yaml_node *node, struct shown *shown)
{
	const char *option = text_of(node, "option");
	uint8_t choice = model->option.fallback;

	load(model, node);
	if (option) {
		assert_true(model_option_find(&model->option, option, &choice));
	}
	shown->choices[choice] = true;
	for (size_t i = 0; i < capture.count; i++) {
		shown->unavailable =
			shown->unavailable || capture.expected[i].status == DECODE_UNAVAILABLE;
	}
}

static void captures_show_sentinels_and_every_choice(void **state)
{
	(void)state;
	const struct meter_model *model;

	FOR_EACH_MODEL(model)
	{
		const struct yaml_node *captures = open_captures(model->name);
		struct shown shown = {0};
		bool has_sentinels = false;

		for (size_t i = 0; i < captures->children_count; i++) {
			see_capture(model, &captures->children[i], &shown);
		}
		for (size_t i = 0; i < model->values_count; i++) {
			has_sentinels = has_sentinels || model->values[i].sentinels_count > 0;
		}
		if (has_sentinels && !shown.unavailable) {
			REFUSE(captures, "no unavailable value is given");
		}
		for (size_t i = 0; i < model->option.choices_count; i++) {
			if (!shown.choices[i]) {
				REFUSE(captures, "nothing is given for the option's choice %s",
					model->option.choices[i].name);
			}
		}
		file = yaml_close(file);
	}
}

static void every_capture_belongs_to_a_model(void **state)
{
	(void)state;
	struct diagnostics diagnostics = {0};
	DIR *folder = opendir(CAPTURES);
	const struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		char name[sizeof(entry->d_name)];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(entry->d_name, "."),
			entry->d_name);
		if (name[0] != '\0' && !model_library_find(library, name, &diagnostics)) {
			fail_msg(CAPTURES "/%s: there is no such model", entry->d_name);
		}
	}
	closedir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			every_capture_of_every_model_is_read_as_it_says, close_file),
		cmocka_unit_test_teardown(
			the_first_capture_has_every_value_with_order_and_sign_to_be_seen,
			close_file),
		cmocka_unit_test_teardown(captures_show_sentinels_and_every_choice, close_file),
		cmocka_unit_test(every_capture_belongs_to_a_model),
	};

	return cmocka_run_group_tests(tests, open_library, close_library);
}
