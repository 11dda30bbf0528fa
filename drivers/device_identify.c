/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_identify.c -- Function 43/14 first; then rules, each register once for
 * all models that name it; then SunSpec's chain; then, where no rule told, a
 * few values of each model that nothing speaks against.
 */
#include "drivers/device_identify.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/base_search.h"
#include "drivers/identify_rules.h"

enum { REFUSALS_MAX = 2 }; /* of a serial number and a block: then the map is another's */

/* A register that rules of some models name. */
struct rule_register {
	enum register_space space;
	uint16_t address;
	uint8_t registers;
};

/* What has been found of a model. */
struct finding {
	bool fits;           /* it is made for this kind of line */
	uint8_t held;        /* rules that hold */
	uint8_t broken;      /* rules that do not */
	uint8_t right;       /* values that look right */
	uint8_t wrong;       /* that do not, or are not there */
	const char *meaning; /* of the first rule that holds */
};

enum phase { PHASE_DEVICE_ID, PHASE_REGISTERS, PHASE_SUNSPEC, PHASE_VALUES, PHASE_DONE };

struct device_identify {
	struct identify_settings settings;
	struct finding *findings; /* of each model */
	struct rule_register *registers;
	size_t registers_count;
	enum phase phase;
	size_t at; /* register, or model */
	struct base_search search;
	struct device_reader *reader; /* of the model whose values are read; NULL: none */
	struct device device;
	struct device_point points[IDENTIFY_POINTS_MAX];
	unsigned refusals; /* of the model whose values are read */
	char text[IDENTIFY_TEXT_MAX];
};

const char *identify_confidence_text(enum identify_confidence confidence)
{
	static const char *const texts[] = {
		[IDENTIFY_POSSIBLE] = "possible",
		[IDENTIFY_LIKELY] = "likely",
		[IDENTIFY_CERTAIN] = "certain",
	};

	return texts[confidence];
}

static const struct meter_model *model_at(const struct device_identify *identify, size_t index)
{
	return identify->settings.models[index];
}

static void note(struct finding *finding, const struct model_identification *rule, bool is_held)
{
	if (!is_held) {
		finding->broken++;
	} else if (finding->held++ == 0) {
		finding->meaning = rule->meaning;
	}
}

/* ---- function 43/14 ---- */

/* A device without the function is none of which it is told what it answers. */
static void take_device_id(struct device_identify *identify, const struct bus_answer *answer)
{
	if (answer) {
		identify_objects_text(answer, identify->text, sizeof(identify->text));
	}
	for (size_t i = 0; i < identify->settings.models_count; i++) {
		const struct meter_model *model = model_at(identify, i);
		for (size_t j = 0; identify->findings[i].fits && j < model->identifications_count;
			j++) {
			const struct model_identification *rule = &model->identifications[j];
			if (rule->method == IDENTIFY_DEVICE_ID && rule->matches_count > 0) {
				note(&identify->findings[i], rule,
					identify_text_holds(rule, identify->text));
			}
		}
	}
}

/* ---- registers ---- */

static bool is_same_register(
	const struct rule_register *wanted, const struct model_identification *rule)
{
	return rule->space == wanted->space && rule->address == wanted->address &&
	       rule->format.registers == wanted->registers;
}

static void take_register(struct device_identify *identify, const uint16_t *words)
{
	const struct rule_register *asked = &identify->registers[identify->at];

	for (size_t i = 0; i < identify->settings.models_count; i++) {
		const struct meter_model *model = model_at(identify, i);
		for (size_t j = 0; identify->findings[i].fits && j < model->identifications_count;
			j++) {
			const struct model_identification *rule = &model->identifications[j];
			if (rule->method == IDENTIFY_REGISTER && is_same_register(asked, rule)) {
				note(&identify->findings[i], rule,
					words && identify_register_holds(rule, words));
			}
		}
	}
}

static void want_register(struct device_identify *identify, const struct model_identification *rule)
{
	for (size_t i = 0; i < identify->registers_count; i++) {
		if (is_same_register(&identify->registers[i], rule)) {
			return;
		}
	}
	identify->registers[identify->registers_count++] =
		(struct rule_register){rule->space, rule->address, rule->format.registers};
}

/* ---- SunSpec ---- */

static const struct model_identification *sunspec_rule(const struct meter_model *model)
{
	for (size_t i = 0; i < model->identifications_count; i++) {
		if (model->identifications[i].method == IDENTIFY_SUNSPEC) {
			return &model->identifications[i];
		}
	}
	return NULL;
}

/* True when the search for this model is over. */
static bool take_sunspec(struct device_identify *identify, const uint16_t *words)
{
	const struct model_identification *rule = sunspec_rule(model_at(identify, identify->at));
	bool is_over = base_search_take(&identify->search, words) == READER_NO_MODEL;

	if (identify->search.found || is_over) {
		note(&identify->findings[identify->at], rule, identify->search.found);
		return true;
	}
	return false;
}

/* ---- values ---- */

static bool any_held(const struct device_identify *identify)
{
	for (size_t i = 0; i < identify->settings.models_count; i++) {
		if (identify->findings[i].fits && identify->findings[i].held > 0) {
			return true;
		}
	}
	return false;
}

static size_t choose_points(struct device_identify *identify, const struct meter_model *model)
{
	size_t count = 0;

	for (size_t i = 0; i < model->values_count && count < IDENTIFY_POINTS_MAX; i++) {
		const struct model_value *value = &model->values[i];
		struct device_point *point = &identify->points[count];
		if (value->channel == 1 && identify_is_telling(value->quantity) &&
			model_value_scale(model, value, model->option.fallback,
				(struct scale){1, 1}, &point->scale)) {
			point->value = value;
			count++;
		}
	}
	return count;
}

/* False: its values can tell nothing. */
static bool begin_values(struct device_identify *identify)
{
	const struct meter_model *model = model_at(identify, identify->at);
	const struct finding *finding = &identify->findings[identify->at];

	if (!finding->fits || finding->broken > 0) {
		return false;
	}
	identify->device = (struct device){.address = identify->settings.address,
		.model = model,
		.points = identify->points,
		.points_count = choose_points(identify, model)};
	if (identify->device.points_count < IDENTIFY_VALUES_MIN) {
		return false;
	}
	identify->reader = device_reader_new(&identify->device, identify->settings.line, 0);
	if (!identify->reader) {
		return false;
	}
	device_reader_begin(identify->reader, POLL_FAST | POLL_SLOW);
	identify->refusals = 0;
	return true;
}

static void end_values(struct device_identify *identify)
{
	struct finding *finding = &identify->findings[identify->at];
	const struct sample *samples;
	size_t implausible;
	size_t count = device_reader_samples(identify->reader, &samples, &implausible);

	for (size_t i = 0; i < count; i++) {
		finding->right += identify_looks_right(&samples[i]);
	}
	finding->wrong = (uint8_t)(identify->device.points_count - finding->right);
	identify->reader = device_reader_free(identify->reader);
}

/* ---- one after the other ---- */

/* Whether the place it is at has something to ask; else it moves on. */
static bool has_request(struct device_identify *identify, struct bus_request *ret_request)
{
	const uint8_t address = identify->settings.address;

	switch (identify->phase) {
	case PHASE_DEVICE_ID:
		*ret_request = (struct bus_request){
			.device = address, .function = FUNCTION_DEVICE_ID, .count = 1};
		return identify->at == 0;
	case PHASE_REGISTERS:
		*ret_request = (struct bus_request){.device = address,
			.function = (uint8_t)identify->registers[identify->at].space,
			.address = identify->registers[identify->at].address,
			.count = identify->registers[identify->at].registers};
		return true;
	case PHASE_SUNSPEC:
		*ret_request = (struct bus_request){.device = address,
			.function = SPACE_HOLDING_REGISTERS,
			.address = base_search_address(&identify->search),
			.count = BASE_SEARCH_REGISTERS};
		return true;
	case PHASE_VALUES:
		return device_reader_next(identify->reader, ret_request);
	case PHASE_DONE:
		break;
	}
	return false;
}

static size_t places_in(const struct device_identify *identify)
{
	const size_t models = identify->settings.models_count;
	const size_t places[] = {[PHASE_DEVICE_ID] = 1,
		[PHASE_REGISTERS] = identify->registers_count,
		[PHASE_SUNSPEC] = models,
		[PHASE_VALUES] = any_held(identify) ? 0 : models,
		[PHASE_DONE] = 1};

	return places[identify->phase];
}

/* What stands at the place it is at: is it worth asking? */
static bool begin_place(struct device_identify *identify)
{
	const struct meter_model *model;

	if (identify->phase == PHASE_VALUES) {
		return begin_values(identify);
	}
	if (identify->phase != PHASE_SUNSPEC) {
		return true;
	}
	model = model_at(identify, identify->at);
	base_search_begin(&identify->search, &model->base);
	return identify->findings[identify->at].fits && model->base.relative &&
	       sunspec_rule(model) != NULL;
}

/* To the first place at or behind this one that has something to ask. */
static void settle(struct device_identify *identify)
{
	while (identify->phase != PHASE_DONE) {
		if (identify->at >= places_in(identify)) {
			identify->phase++;
			identify->at = 0;
		} else if (begin_place(identify)) {
			return;
		} else {
			identify->at++;
		}
	}
}

static void move_on(struct device_identify *identify)
{
	identify->at++;
	settle(identify);
}

bool device_identify_next(struct device_identify *identify, struct bus_request *ret_request)
{
	while (identify->phase != PHASE_DONE) {
		if (has_request(identify, ret_request)) {
			return true;
		}
		if (identify->reader) {
			end_values(identify);
		}
		move_on(identify);
	}
	return false;
}

void device_identify_take(
	struct device_identify *identify, enum bus_status status, const struct bus_answer *answer)
{
	const struct bus_answer *good = status == BUS_OK ? answer : NULL;
	enum reader_result result;

	switch (identify->phase) {
	case PHASE_DEVICE_ID:
		take_device_id(identify, good);
		move_on(identify);
		break;
	case PHASE_REGISTERS:
		take_register(identify, good ? good->words : NULL);
		move_on(identify);
		break;
	case PHASE_SUNSPEC:
		if (take_sunspec(identify, good ? good->words : NULL)) {
			move_on(identify);
		}
		break;
	case PHASE_VALUES:
		result = device_reader_take(identify->reader, status, answer);
		identify->refusals += !good;
		if (result != READER_GOES_ON || identify->refusals >= REFUSALS_MAX) {
			end_values(identify);
			move_on(identify);
		}
		break;
	case PHASE_DONE:
		break;
	}
}

/* ---- making and judging ---- */

struct device_identify *device_identify_new(const struct identify_settings *settings)
{
	struct device_identify *identify = calloc(1, sizeof(*identify));
	size_t rules = 0;

	if (!identify) {
		return NULL;
	}
	identify->settings = *settings;
	for (size_t i = 0; i < settings->models_count; i++) {
		rules += settings->models[i]->identifications_count;
	}
	identify->findings = calloc(settings->models_count + 1, sizeof(*identify->findings));
	identify->registers = calloc(rules + 1, sizeof(*identify->registers));
	if (!identify->findings || !identify->registers) {
		return device_identify_free(identify);
	}
	for (size_t i = 0; i < settings->models_count; i++) {
		const struct meter_model *model = settings->models[i];
		identify->findings[i].fits =
			settings->line->kind == BUS_TCP ? model->tcp : model->rtu;
		for (size_t j = 0; identify->findings[i].fits && j < model->identifications_count;
			j++) {
			if (model->identifications[j].method == IDENTIFY_REGISTER) {
				want_register(identify, &model->identifications[j]);
			}
		}
	}
	return identify;
}

struct device_identify *device_identify_free(struct device_identify *identify)
{
	if (identify) {
		device_reader_free(identify->reader);
		free(identify->findings);
		free(identify->registers);
		free(identify);
	}
	return NULL;
}

/* Larger: better. Rules count before values; a model that is contradicted is none. 0: not it. */
static int score(const struct finding *finding)
{
	if (!finding->fits || finding->held <= finding->broken) {
		bool looks_right = finding->held == 0 && finding->broken == 0 &&
				   finding->right >= IDENTIFY_VALUES_MIN && finding->wrong == 0;
		return looks_right && finding->fits ? finding->right : 0;
	}
	return (finding->held - finding->broken) * (IDENTIFY_POINTS_MAX + 1);
}

size_t device_identify_candidates(const struct device_identify *identify,
	struct identify_candidate ret_candidates[static IDENTIFY_CANDIDATES_MAX])
{
	int best = 1;
	size_t count = 0;

	for (size_t i = 0; i < identify->settings.models_count; i++) {
		int own = score(&identify->findings[i]);
		best = own > best ? own : best;
	}
	bool by_rule = best > IDENTIFY_POINTS_MAX;
	for (size_t i = 0; i < identify->settings.models_count; i++) {
		if (score(&identify->findings[i]) == best && count < IDENTIFY_CANDIDATES_MAX) {
			ret_candidates[count++] = (struct identify_candidate){
				.model = model_at(identify, i),
				.meaning = by_rule ? identify->findings[i].meaning
						   : "its map gives values that a building has"};
		}
	}
	for (size_t i = 0; i < count; i++) {
		ret_candidates[i].confidence = !by_rule     ? IDENTIFY_POSSIBLE
					       : count == 1 ? IDENTIFY_CERTAIN
							    : IDENTIFY_LIKELY;
	}
	return count;
}

const char *device_identify_text(const struct device_identify *identify)
{
	return identify->text;
}
