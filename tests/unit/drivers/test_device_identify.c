/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_device_identify.c -- Protects: a device is called what its own registers
 * say, with the confidence that they give, and nothing where they say nothing.
 */
#include "drivers/device_identify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/model_library.h"

enum { MODELS_MAX = 128, REQUESTS_MAX = 2000, WORDS_MAX = 64 };

static struct model_library *library;
static const struct meter_model *models[MODELS_MAX];
static size_t models_count;

static const struct bus_line rtu = {.kind = BUS_RTU, .baud = 9600, .parity = 'N'};
static const struct bus_line tcp = {.kind = BUS_TCP};

/* What a device holds; everything else is refused. */
struct held {
	enum register_space space;
	uint16_t address;
	uint16_t words[WORDS_MAX];
	size_t count;
};
struct made_up {
	struct held items[8];
	size_t count;
	const char *objects; /* of 43/14, each "maker" ... with '|' between; NULL: refused */
	bool is_silent;      /* where another refuses */
};

static int set_up(void **state)
{
	struct diagnostics diagnostics = {0};
	const char *name;
	(void)state;
	library = model_library_open(NULL);
	assert_non_null(library);
	for (size_t i = 0; (name = model_library_name(library, i)) != NULL; i++) {
		assert_true(models_count < MODELS_MAX);
		models[models_count] = model_library_find(library, name, &diagnostics);
		assert_non_null(models[models_count++]);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	library = model_library_close(library);
	return 0;
}

static void hold_text(struct made_up *device, uint16_t address, size_t registers, const char *text)
{
	struct held *held = &device->items[device->count++];
	*held = (struct held){
		.space = SPACE_HOLDING_REGISTERS, .address = address, .count = registers};
	for (size_t i = 0; i < strlen(text); i++)
		held->words[i / 2] |= (uint16_t)((uint8_t)text[i] << (i % 2 == 0 ? 8 : 0));
}

static void hold_word(
	struct made_up *device, enum register_space space, uint16_t address, uint16_t word)
{
	device->items[device->count++] =
		(struct held){.space = space, .address = address, .words = {word}, .count = 1};
}

static void hold_floats(struct made_up *device, uint16_t address, const float *floats, size_t count)
{
	struct held *held = &device->items[device->count++];
	*held = (struct held){
		.space = SPACE_INPUT_REGISTERS, .address = address, .count = 2 * count};
	for (size_t i = 0; i < count; i++) {
		uint32_t bits;
		memcpy(&bits, &floats[i], sizeof bits);
		held->words[2 * i] = (uint16_t)(bits >> 16);
		held->words[2 * i + 1] = (uint16_t)bits;
	}
}

static enum bus_status answer_objects(const struct made_up *device, struct bus_answer *answer)
{
	char texts[80], *rest = NULL;
	uint8_t id = 0;
	if (device->objects == NULL)
		return BUS_REFUSED;
	snprintf(texts, sizeof texts, "%s", device->objects);
	for (char *text = strtok_r(texts, "|", &rest); text; text = strtok_r(NULL, "|", &rest)) {
		answer->bytes[answer->bytes_length++] = id++;
		answer->bytes[answer->bytes_length++] = (uint8_t)strlen(text);
		memcpy(answer->bytes + answer->bytes_length, text, strlen(text));
		answer->bytes_length += strlen(text);
	}
	return BUS_OK;
}

static enum bus_status answer_request(
	const struct made_up *device, const struct bus_request *request, struct bus_answer *answer)
{
	*answer = (struct bus_answer){.exception = 2};
	if (request->function == FUNCTION_DEVICE_ID)
		return answer_objects(device, answer);
	for (size_t i = 0; i < device->count; i++) {
		const struct held *held = &device->items[i];
		if (held->space != (enum register_space)request->function ||
			request->address < held->address ||
			request->address + request->count > held->address + held->count)
			continue;
		memcpy(answer->words, held->words + (request->address - held->address),
			request->count * sizeof answer->words[0]);
		return BUS_OK;
	}
	return device->is_silent ? BUS_TIMEOUT : BUS_REFUSED;
}

static struct identify_candidate candidates[IDENTIFY_CANDIDATES_MAX];

static size_t identify_on(const struct bus_line *line, const struct made_up *device)
{
	struct device_identify *identify = device_identify_new(&(struct identify_settings){
		.models = models, .models_count = models_count, .address = 7, .line = line});
	struct bus_request request;
	struct bus_answer answer;
	size_t requests = 0;
	assert_non_null(identify);
	while (device_identify_next(identify, &request)) {
		assert_int_equal(request.device, 7);
		assert_true(++requests < REQUESTS_MAX);
		device_identify_take(identify, answer_request(device, &request, &answer), &answer);
	}
	size_t count = device_identify_candidates(identify, candidates);
	print_message("%zu requests\n", requests);
	device_identify_free(identify);
	return count;
}

static void assert_certain(const struct made_up *device, const char *model, const char *meaning)
{
	assert_int_equal(identify_on(&rtu, device), 1);
	assert_string_equal(candidates[0].model->name, model);
	assert_int_equal(candidates[0].confidence, IDENTIFY_CERTAIN);
	assert_non_null(strstr(candidates[0].meaning, meaning));
}

static void a_register_of_its_own_tells_the_model(void **state)
{
	struct made_up gavazzi = {.count = 0}, abb = {.count = 0}, schneider = {.count = 0};
	(void)state;
	hold_word(&gavazzi, SPACE_HOLDING_REGISTERS, 0x000B, 1744);
	assert_certain(&gavazzi, "carlo-gavazzi-em530-em540", "EM530");
	hold_text(&abb, 0x8960, 6, "B23 312-100");
	assert_certain(&abb, "abb-b23", "type designation");
	hold_text(&schneider, 49, 20, "iEM3155");
	hold_text(&schneider, 69, 20, "Schneider Electric");
	assert_certain(&schneider, "schneider-iem3155", "meter model");
}

/* The maker gave two families the same codes. */
static void what_holds_for_several_models_is_likely_and_names_them(void **state)
{
	struct made_up gavazzi = {.count = 0};
	(void)state;
	hold_word(&gavazzi, SPACE_HOLDING_REGISTERS, 0x000B, 341);
	assert_int_equal(identify_on(&rtu, &gavazzi), 2);
	assert_string_equal(candidates[0].model->name, "carlo-gavazzi-em340");
	assert_string_equal(candidates[1].model->name, "carlo-gavazzi-et330-et340");
	assert_int_equal(candidates[0].confidence, IDENTIFY_LIKELY);
}

static void a_device_that_says_nothing_to_what_it_lacks_is_known_as_well(void **state)
{
	struct made_up eastron = {.is_silent = true};
	(void)state;
	hold_word(&eastron, SPACE_HOLDING_REGISTERS, 0xFC02, 112);
	assert_certain(&eastron, "eastron-sdm630", "meter code");
}

static void a_map_whose_values_look_right_is_possible_only(void **state)
{
	struct made_up device = {.count = 0};
	const float volts[] = {231.2f, 229.8f, 230.4f};
	const float frequency = 50.01f;
	bool seen = false;
	(void)state;
	hold_floats(&device, 0, volts, 3);
	hold_floats(&device, 0x46, &frequency, 1);
	size_t count = identify_on(&rtu, &device);
	assert_true(count >= 1);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(candidates[i].confidence, IDENTIFY_POSSIBLE);
		seen = seen || strncmp(candidates[i].model->name, "eastron-", 8) == 0;
	}
	assert_true(seen);
}

static void what_holds_nothing_known_is_nothing_known(void **state)
{
	struct made_up device = {.objects = "Acme|EM9|1.0"};
	(void)state;
	hold_word(&device, SPACE_HOLDING_REGISTERS, 0x000B, 7);
	assert_int_equal(identify_on(&rtu, &device), 0);
}

static void a_model_that_is_not_made_for_the_line_is_none(void **state)
{
	struct made_up gavazzi = {.count = 0};
	(void)state;
	hold_word(&gavazzi, SPACE_HOLDING_REGISTERS, 0x000B, 341);
	size_t count = identify_on(&tcp, &gavazzi);
	for (size_t i = 0; i < count; i++)
		assert_true(candidates[i].model->tcp);
}

static void what_function_43_says_is_kept_whatever_it_is(void **state)
{
	struct made_up device = {.objects = "Acme|EM9\x1b|1.0"};
	struct device_identify *identify = device_identify_new(&(struct identify_settings){
		.models = models, .models_count = 0, .address = 7, .line = &rtu});
	struct bus_request request;
	struct bus_answer answer;
	(void)state;
	assert_true(device_identify_next(identify, &request));
	device_identify_take(identify, answer_request(&device, &request, &answer), &answer);
	assert_false(device_identify_next(identify, &request));
	assert_string_equal(device_identify_text(identify), "Acme, EM9?, 1.0");
	device_identify_free(identify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_register_of_its_own_tells_the_model),
		cmocka_unit_test(what_holds_for_several_models_is_likely_and_names_them),
		cmocka_unit_test(a_device_that_says_nothing_to_what_it_lacks_is_known_as_well),
		cmocka_unit_test(a_map_whose_values_look_right_is_possible_only),
		cmocka_unit_test(what_holds_nothing_known_is_nothing_known),
		cmocka_unit_test(a_model_that_is_not_made_for_the_line_is_none),
		cmocka_unit_test(what_function_43_says_is_kept_whatever_it_is),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
