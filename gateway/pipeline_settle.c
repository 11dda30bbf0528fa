/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_settle.c -- pipeline_settle.h: what is asked, whether it can be
 * meant, and the event that tells of it.
 */
#include <stdarg.h>
#include <string.h>

#include "gateway/instant_text.h"
#include "gateway/settle_act.h"

bool settle_refuse(const struct settle_act *act, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(act->outcome->error, sizeof act->outcome->error, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- reason and author ---- */

static bool is_line(const char *text)
{
	bool has_word = false;
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
		has_word = has_word || *text != ' ';
	}
	return has_word;
}

static bool check_words(
	const struct settle_act *act, const char *key, const char *text, size_t bytes_max)
{
	if (text == NULL || !is_line(text))
		return settle_refuse(act,
			"\"%s\" is missing: every decision is recorded with its reason and who "
			"made it",
			key);
	if (strlen(text) > bytes_max)
		return settle_refuse(act, "\"%s\" is too long: at most %zu bytes, it has %zu", key,
			bytes_max, strlen(text));
	return true;
}

static bool check_author(const struct settle_act *act)
{
	return check_words(act, "reason", act->request->reason, SETTLE_REASON_MAX) &&
	       check_words(act, "by", act->request->by, SETTLE_BY_MAX);
}

/* ---- which decision ---- */

static bool check_exchange(const struct settle_act *act)
{
	const struct settle_request *request = act->request;
	bool unknown = request->closing != NULL && strcmp(request->closing, "unknown") == 0;
	if (request->closing == NULL)
		return settle_refuse(act, "\"opening\" wants \"closing\" beside it: what the old "
					  "device showed last, or "
					  "\"unknown\"");
	if (!unknown && request->opening == NULL)
		return settle_refuse(act,
			"\"closing\" wants \"opening\" beside it: what the new device showed at "
			"first");
	return true;
}

static bool check_decision(const struct settle_act *act)
{
	const struct settle_request *request = act->request;
	bool exchange = request->closing != NULL || request->opening != NULL;
	bool multiplier = request->multiplier != NULL;
	if (exchange + request->accept + multiplier != 1)
		return settle_refuse(act,
			"%s decided: one of closing and opening readings, \"closing\" \"unknown\", "
			"\"accept\", or \"multiplier\" and \"from\"",
			exchange || request->accept || multiplier ? "too much is" : "nothing is");
	if (multiplier && request->from == NULL)
		return settle_refuse(
			act, "\"multiplier\" wants \"from\" beside it: since when it holds");
	if (!multiplier && request->from != NULL)
		return settle_refuse(act, "\"from\" goes with \"multiplier\" only; a span is named "
					  "with \"at\"");
	if (multiplier && request->at != NULL)
		return settle_refuse(act, "\"at\" goes with a span without a value; a multiplier "
					  "holds \"from\" an instant on");
	return !exchange || check_exchange(act);
}

static bool read_instant(
	const struct settle_act *act, const char *key, const char *text, int64_t *ret_wall_ms)
{
	if (text == NULL)
		return true;
	if (!instant_text_parse(text, &act->pipeline->calendar, ret_wall_ms))
		return settle_refuse(act,
			"\"%s\": \"%.40s\" is no date and no instant; allowed: \"2026-11-23\", "
			"\"2026-11-23T10:00:00Z\"",
			key, text);
	if (*ret_wall_ms > pipeline_wall_ms(act->pipeline))
		return settle_refuse(act, "\"%s\": \"%.40s\" is in the future", key, text);
	return true;
}

/* An act is dated, and so is what it is about. */
static bool check_time(const struct settle_act *act)
{
	if (act->pipeline->clock.state == CLOCK_STATE_UNKNOWN)
		return settle_refuse(act,
			"the gateway does not know the time yet (its clock is not "
			"synchronised); decide again when it does");
	return true;
}

/* ---- which meter, which counter ---- */

static bool find_meter(struct settle_act *act)
{
	const char *id = act->request->meter;
	for (size_t i = 0; id != NULL && i < act->pipeline->slots_count; i++)
		if (act->pipeline->slots[i].in_use && strcmp(act->pipeline->slots[i].id, id) == 0)
			act->meter = &act->pipeline->slots[i];
	if (act->meter == NULL)
		return settle_refuse(
			act, "\"meter\": \"%.40s\": there is no such meter", id != NULL ? id : "");
	return true;
}

/* clang-format off */
/* What a meter of a carrier is there for; first what is there. */
static const struct {
	enum config_carrier carrier; /* CARRIER_UNSET: any */
	enum quantity quantity;
} main_counters[] = {
	{CARRIER_ELECTRICITY,      QUANTITY_ACTIVE_ENERGY_IMPORT},
	{CARRIER_DISTRICT_HEAT,    QUANTITY_HEAT_ENERGY},
	{CARRIER_SOLAR_HEAT,       QUANTITY_HEAT_ENERGY},
	{CARRIER_DISTRICT_COOLING, QUANTITY_COOLING_ENERGY},
	{CARRIER_WATER,            QUANTITY_VOLUME},
	{CARRIER_NATURAL_GAS,      QUANTITY_VOLUME},
	{CARRIER_UNSET,            QUANTITY_ACTIVE_ENERGY_IMPORT},
	{CARRIER_UNSET,            QUANTITY_HEAT_ENERGY},
	{CARRIER_UNSET,            QUANTITY_COOLING_ENERGY},
	{CARRIER_UNSET,            QUANTITY_VOLUME},
	{CARRIER_UNSET,            QUANTITY_PULSES},
	{CARRIER_UNSET,            QUANTITY_ACTIVE_ENERGY_EXPORT},
};
/* clang-format on */

static struct pipeline_value *counter_of(const struct pipeline_meter *meter, enum quantity quantity)
{
	uint8_t index = meter->value_of[quantity];
	if (index == UINT8_MAX || meter->values[index].counter == NULL)
		return NULL;
	return &meter->values[index];
}

static struct pipeline_value *main_counter(const struct pipeline_meter *meter)
{
	for (size_t i = 0; i < sizeof main_counters / sizeof main_counters[0]; i++) {
		struct pipeline_value *value = counter_of(meter, main_counters[i].quantity);
		if (value != NULL && (main_counters[i].carrier == CARRIER_UNSET ||
					     main_counters[i].carrier == meter->site->carrier))
			return value;
	}
	for (size_t i = 0; i < meter->values_count; i++)
		if (meter->values[i].counter != NULL)
			return &meter->values[i];
	return NULL;
}

static bool find_counter(const struct settle_act *act, struct pipeline_value **ret_value)
{
	const char *name = act->request->quantity;
	enum quantity quantity;
	struct pipeline_value *value = NULL;
	if (name == NULL)
		value = main_counter(act->meter);
	else if (quantity_find(name, &quantity))
		value = counter_of(act->meter, quantity);
	if (value == NULL)
		return settle_refuse(act, "\"quantity\": meter %s has no counter \"%.40s\"",
			act->meter->id, name != NULL ? name : "");
	*ret_value = value;
	return true;
}

/* ---- whether it can be done now ---- */

static bool check_store(const struct settle_act *act)
{
	struct pipeline *pipeline = act->pipeline;
	int64_t now_wall_ms;
	if (!wall_clock_place(&pipeline->clock, pipeline->now.mono_ms, &now_wall_ms))
		return settle_refuse(act, "the time is not known yet; settle when it is");
	pipeline_commit(pipeline); /* only what is committed can be read */
	if (pipeline->store == NULL || pipeline->trouble != TROUBLE_NONE)
		return settle_refuse(act, "the store cannot be written (%s); nothing was settled",
			pipeline->store != NULL ? store_reason(pipeline->store) : "it is not open");
	return true;
}

bool settle_is_ready(struct settle_act *act, struct pipeline_value *value)
{
	if (pipeline_series(act->pipeline, act->meter, value) < 0)
		return settle_refuse(act, "the store cannot be read; nothing was settled");
	if (value->counter != NULL && value->counter->set_back_ms != 0)
		return settle_refuse(act, "the clock was set back, and its readings are being "
					  "placed anew; try again in a moment");
	return true;
}

/* ---- the event ---- */

/* As much of a text as fits, not within a character. */
static size_t fitting(const char *text, size_t room)
{
	size_t length = strlen(text);
	if (length <= room)
		return length;
	while (room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80)
		room--;
	return room;
}

/* The author and the reason stand whole; what was done is cut to what is left. */
void settle_compose(struct settle_act *act)
{
	static const char cut[] = "…";
	const struct settle_request *request = act->request;
	const char *caller = request->caller != NULL ? request->caller : "?";
	char tail[EVENT_TEXT_MAX];
	char *at = act->outcome->text;
	size_t tail_length = (size_t)snprintf(tail, sizeof tail, " Reason: %s. By %s (%.*s).",
		request->reason, request->by, (int)fitting(caller, SETTLE_CALLER_MAX), caller);
	size_t room = EVENT_TEXT_MAX - 1 - tail_length;
	size_t length = strlen(act->head);
	bool is_cut = length > room;
	if (is_cut)
		length = fitting(act->head, room - strlen(cut));
	memcpy(at, act->head, length);
	at += length;
	if (is_cut)
		at = (char *)memcpy(at, cut, strlen(cut)) + strlen(cut);
	memcpy(at, tail, tail_length + 1);
}

bool settle_keep_event(struct settle_act *act)
{
	const struct settle_change *change = &act->outcome->changes[0];
	struct event_row event = {.at_wall_ms = pipeline_wall_ms(act->pipeline),
		.kind = EVENT_SETTLED,
		.clock = (uint8_t)act->pipeline->clock.state,
		.has_amount = true,
		.quantity = (uint8_t)change->quantity,
		.amount = change->after - change->before};
	snprintf(event.meter, sizeof event.meter, "%s", act->meter->id);
	memcpy(event.text, act->outcome->text, sizeof event.text);
	return pipeline_append_event(act->pipeline, &event) ||
	       settle_refuse(act, "the store does not take the event; nothing was settled");
}

void settle_commit(struct settle_act *act)
{
	struct pipeline *pipeline = act->pipeline;
	pipeline_commit(pipeline);
	act->outcome->is_kept = pipeline->store != NULL && pipeline->trouble == TROUBLE_NONE;
	pipeline_say(pipeline, LOG_LEVEL_NOTICE, "meter %s settled: %s%s", act->meter->id,
		act->outcome->text,
		act->outcome->is_kept ? "" : " (not on the disk yet: it cannot be written)");
}

/* ---- the act ---- */

static bool settle(struct settle_act *act)
{
	struct pipeline_value *value = NULL;
	const struct settle_request *request = act->request;
	if (!find_meter(act) || !check_author(act) || !check_decision(act) || !check_time(act) ||
		!read_instant(act, "from", request->from, &act->from_wall_ms) ||
		!read_instant(act, "at", request->at, &act->at_wall_ms) || !check_store(act))
		return false;
	if (request->multiplier != NULL)
		return settle_multiplier(act);
	return find_counter(act, &value) && settle_is_ready(act, value) && settle_spans(act, value);
}

bool pipeline_settle(struct pipeline *pipeline, const struct settle_request *request,
	struct settle_outcome *ret_outcome)
{
	struct settle_act act = {.pipeline = pipeline,
		.request = request,
		.outcome = ret_outcome,
		.at_wall_ms = INT64_MAX};
	_Static_assert(SETTLE_REASON_MAX + SETTLE_BY_MAX + SETTLE_CALLER_MAX + 32 < EVENT_TEXT_MAX,
		"a reason, an author and a user stand whole in an event");
	*ret_outcome = (struct settle_outcome){.count = 0};
	return settle(&act);
}
