/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_requests.c -- What can be asked on the control socket.
 */
#include <pwd.h>
#include <string.h>

#include "gateway/control_frames.h"
#include "gateway/control_requests.h"
#include "gateway/core/int64_order.h"
#include "gateway/instant_text.h"
#include "gateway/pipeline_state.h"

enum { CALLER_MAX = 64 };

/* Returns the answer, or NULL when it comes later. */
typedef char *request_function(
	struct control_requests *requests, const struct control_call *call, const char *caller);

static char *status(
	struct control_requests *requests, const struct control_call *call, const char *caller)
{
	(void)call, (void)caller;
	return control_answer_status(&requests->view);
}

static char *values(
	struct control_requests *requests, const struct control_call *call, const char *caller)
{
	(void)caller;
	const char *meter = json_string_value(json_object_get(call->request, "meter"));
	if (meter != NULL && pipeline_meter_find(requests->pipeline, meter) == NULL)
		return control_error("\"meter\": \"%s\": there is no such meter", meter);
	return control_answer_values(&requests->view, meter);
}

static char *reload(
	struct control_requests *requests, const struct control_call *call, const char *caller)
{
	(void)call;
	return requests->reload(requests->context, caller);
}

/* ---- settle ---- */

enum { SETTLE_NUMBER_MAX = 40 };

/* A text, or a number as it would be written; NULL where there is none. */
static const char *text_of(
	const json_t *request, const char *key, char buffer[static SETTLE_NUMBER_MAX])
{
	const json_t *found = json_object_get(request, key);
	if (json_is_integer(found))
		snprintf(buffer, SETTLE_NUMBER_MAX, "%lld", (long long)json_integer_value(found));
	else if (json_is_real(found))
		snprintf(buffer, SETTLE_NUMBER_MAX, "%.15g", json_real_value(found));
	else
		return json_string_value(found);
	return buffer;
}

static const char *const settle_texts[] = {"meter", "quantity", "from", "at", "reason", "by"};
static const char *const settle_numbers[] = {"closing", "opening", "multiplier"};
static const char *const settle_switches[] = {"accept", "dry_run"};

/* The error, or NULL: a field of another type is not taken for one that is not there. */
static char *check_types(const json_t *request)
{
	for (size_t i = 0; i < sizeof settle_texts / sizeof settle_texts[0]; i++) {
		const json_t *found = json_object_get(request, settle_texts[i]);
		if (found != NULL && !json_is_string(found))
			return control_error("\"%s\" is a text", settle_texts[i]);
	}
	for (size_t i = 0; i < sizeof settle_numbers / sizeof settle_numbers[0]; i++) {
		const json_t *found = json_object_get(request, settle_numbers[i]);
		if (found != NULL && !json_is_string(found) && !json_is_number(found))
			return control_error(
				"\"%s\" is a number, or a text that holds one", settle_numbers[i]);
	}
	for (size_t i = 0; i < sizeof settle_switches / sizeof settle_switches[0]; i++) {
		const json_t *found = json_object_get(request, settle_switches[i]);
		if (found != NULL && !json_is_boolean(found))
			return control_error("\"%s\" is true or false", settle_switches[i]);
	}
	return NULL;
}

static char *settle(
	struct control_requests *requests, const struct control_call *call, const char *caller)
{
	const json_t *json = call->request;
	char closing[SETTLE_NUMBER_MAX], opening[SETTLE_NUMBER_MAX], multiplier[SETTLE_NUMBER_MAX];
	struct settle_outcome outcome;
	char *error = check_types(json);
	if (error != NULL)
		return error;
	struct settle_request request = {.meter = json_string_value(json_object_get(json, "meter")),
		.quantity = json_string_value(json_object_get(json, "quantity")),
		.closing = text_of(json, "closing", closing),
		.opening = text_of(json, "opening", opening),
		.multiplier = text_of(json, "multiplier", multiplier),
		.from = json_string_value(json_object_get(json, "from")),
		.at = json_string_value(json_object_get(json, "at")),
		.reason = json_string_value(json_object_get(json, "reason")),
		.by = json_string_value(json_object_get(json, "by")),
		.caller = caller,
		.accept = json_is_true(json_object_get(json, "accept")),
		.dry_run = json_is_true(json_object_get(json, "dry_run"))};
	if (!pipeline_settle(requests->pipeline, &request, &outcome))
		return control_error("%s", outcome.error);
	struct settled_answer answer = {request.meter, &outcome, request.dry_run};
	return control_answer_settled(&answer);
}

/* ---- replay ---- */

/* The error, or NULL and an id of the request; `fallback` where it has none. */
static char *read_id(const json_t *request, const char *key, int64_t fallback, int64_t *ret_id)
{
	const json_t *found = json_object_get(request, key);
	*ret_id = found != NULL ? json_integer_value(found) : fallback;
	if (found != NULL && (!json_is_integer(found) || *ret_id < 0))
		return control_error("\"%s\" is an id: a whole number, from 0", key);
	return NULL;
}

/* What is wanted of a stream through `sent`; the error, or NULL. */
static char *read_range(const struct control_requests *requests, const json_t *json,
	enum stream stream, struct id_range *ret_range)
{
	struct pipeline *pipeline = requests->pipeline;
	const char *from = json_string_value(json_object_get(json, "from"));
	int64_t from_wall_ms;
	char *error = NULL;
	if ((from != NULL) == (json_object_get(json, "after") != NULL))
		return control_error(
			"\"from\" (a date, or RFC 3339) or \"after\" (an id) is needed");
	if (from != NULL && stream != STREAM_ENERGY)
		return control_error("\"from\" is for the stream energy; trends are named by id");
	if (from != NULL && !instant_text_parse(from, &pipeline->calendar, &from_wall_ms))
		return control_error(
			"\"from\": \"%s\" is no date (2026-11-23) and not RFC 3339", from);
	if (from != NULL)
		ret_range->after = store_id_before(pipeline->store, from_wall_ms);
	else
		error = read_id(json, "after", 0, &ret_range->after);
	return error != NULL ? error : read_id(json, "through", INT64_MAX, &ret_range->through);
}

static char *replay(
	struct control_requests *requests, const struct control_call *call, const char *caller)
{
	struct pipeline *pipeline = requests->pipeline;
	const char *name = json_string_value(json_object_get(call->request, "stream"));
	struct replayed_answer answer = {.stream = STREAM_ENERGY};
	(void)caller;
	if (pipeline->store == NULL)
		return control_error("the store cannot be used now");
	if (name != NULL && strcmp(name, stream_name(STREAM_TRENDS)) == 0)
		answer.stream = STREAM_TRENDS;
	else if (name != NULL && strcmp(name, stream_name(STREAM_ENERGY)) != 0)
		return control_error("\"stream\": \"%s\": known are energy, trends", name);
	char *error = read_range(requests, call->request, answer.stream, &answer.range);
	if (error != NULL)
		return error;
	answer.range.through = int64_lower(
		answer.range.through, delivery_sent(&pipeline->delivery, answer.stream));
	if (answer.range.through <= answer.range.after)
		return control_error("of that nothing was sent yet: it goes by itself");
	delivery_want(&pipeline->delivery, answer.stream, answer.range);
	return control_answer_replayed(&answer);
}

/* ---- loans ---- */

struct number_field {
	const char *key;
	int64_t min;
	int64_t max;
	int64_t fallback; /* < 0: must be there */
};

enum {
	LEND_ADDRESS,
	LEND_FUNCTION,
	LEND_REGISTER,
	LEND_COUNT,
	LEND_TIMEOUT_MS,
	LEND_WAIT_MS,
	LEND_FIELDS
};

/* clang-format off */
static const struct number_field lend_fields[LEND_FIELDS] = {
	/*                  key            min  max                   fallback */
	[LEND_ADDRESS]    = {"address",    0,   255,                  -1},
	[LEND_FUNCTION]   = {"function",   1,   FUNCTION_DEVICE_ID,   -1},
	[LEND_REGISTER]   = {"register",   0,   65535,                -1},
	[LEND_COUNT]      = {"count",      1,   FRAME_REGISTERS_MAX,  1},
	[LEND_TIMEOUT_MS] = {"timeout_ms", 1,   LOAN_TIMEOUT_MS_MAX,  1000},
	[LEND_WAIT_MS]    = {"wait_ms",    0,   LOAN_WAIT_MS_MAX,     2000},
};
/* clang-format on */

/* The error, or NULL and the number. */
static char *read_number(
	const json_t *request, const struct number_field *field, int64_t *ret_number)
{
	const json_t *found = json_object_get(request, field->key);
	int64_t number = json_integer_value(found);
	if (found == NULL && field->fallback >= 0) {
		*ret_number = field->fallback;
		return NULL;
	}
	if (!json_is_integer(found) || number < field->min || number > field->max)
		return control_error("\"%s\" is a whole number from %lld to %lld", field->key,
			(long long)field->min, (long long)field->max);
	*ret_number = number;
	return NULL;
}

static char *read_request(const json_t *json, struct loan *ret_loan)
{
	int64_t numbers[LEND_FIELDS];
	for (size_t i = 0; i < LEND_FIELDS; i++) {
		char *error = read_number(json, &lend_fields[i], &numbers[i]);
		if (error != NULL)
			return error;
	}
	int64_t function = numbers[LEND_FUNCTION];
	bool known = function <= SPACE_INPUT_REGISTERS || function == FUNCTION_DEVICE_ID;
	if (!known)
		return control_error(
			"\"function\": %lld: only 1 to 4 and 43 are ever sent: meters are read, "
			"never written to",
			(long long)function);
	ret_loan->terms.request = (struct bus_request){.device = (uint8_t)numbers[LEND_ADDRESS],
		.function = (uint8_t)function,
		.address = (uint16_t)numbers[LEND_REGISTER],
		.count = (uint16_t)numbers[LEND_COUNT]};
	ret_loan->terms.timeout_ms = (uint32_t)numbers[LEND_TIMEOUT_MS];
	ret_loan->terms.spare = json_is_true(json_object_get(json, "spare"));
	ret_loan->wait_ms = (uint32_t)numbers[LEND_WAIT_MS];
	return NULL;
}

/* The error, or NULL and the bus that a request names, with its worker. */
static char *find_bus(
	struct control_requests *requests, const json_t *request, struct daemon_bus **ret_bus)
{
	const char *id = json_string_value(json_object_get(request, "bus"));
	*ret_bus = id != NULL ? daemon_buses_find(requests->buses, id) : NULL;
	if (*ret_bus == NULL || (*ret_bus)->worker == NULL)
		return control_error("\"bus\": \"%s\": there is no such bus, or it is not open yet",
			id != NULL ? id : "");
	return NULL;
}

static char *lend(
	struct control_requests *requests, const struct control_call *call, const char *caller)
{
	struct loan loan = {.client = call->client};
	(void)caller;
	struct daemon_bus *bus;
	char *error = find_bus(requests, call->request, &bus);
	if (error == NULL)
		error = read_request(call->request, &loan);
	if (error != NULL)
		return error;
	loan.source = bus->source;
	loan.worker = bus->worker;
	if (!daemon_loans_begin(requests->loans, &loan))
		return control_error(
			"%d requests of others are under way already; try again", LOANS_MAX);
	bus->loans++;
	return NULL;
}

/* ---- frames ---- */

static char *frames(
	struct control_requests *requests, const struct control_call *call, const char *caller)
{
	static const struct number_field after = {"after", 0, INT64_MAX, 0};
	static const struct number_field last = {
		"last", 1, CONTROL_FRAMES_MAX, CONTROL_FRAMES_LAST};
	struct frames_wanted wanted;
	(void)caller;
	char *error = find_bus(requests, call->request, &wanted.bus);
	if (error == NULL)
		error = read_number(call->request, &after, &wanted.after);
	if (error == NULL)
		error = read_number(call->request, &last, &wanted.last);
	return error != NULL ? error : control_answer_frames(requests->pipeline, &wanted);
}

void control_requests_loans(struct control_requests *requests)
{
	struct loan loan;
	while (daemon_loans_next(requests->loans, &loan)) {
		daemon_buses_loan_back(requests->buses, loan.source);
		control_server_answer(requests->server, loan.client, control_answer_loan(&loan));
	}
}

/* ---- the table ---- */

/* clang-format off */
static const struct {
	const char *name;
	request_function *answer;
	bool acts;
} table[] = {
	{.name = "status", .answer = status},
	{.name = "values", .answer = values},
	{.name = "frames", .answer = frames},
	{.name = "reload", .answer = reload, .acts = true},
	{.name = "settle", .answer = settle, .acts = true},
	{.name = "replay", .answer = replay, .acts = true},
	{.name = "lend",   .answer = lend,   .acts = true},
};
/* clang-format on */

/* As control_server.c's find_group(), for the same reason. */
static void name_caller(uid_t uid, char ret_caller[static CALLER_MAX])
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *user;
	snprintf(ret_caller, CALLER_MAX, "uid %u", (unsigned)uid);
	while (file != NULL && (user = fgetpwent(file)) != NULL)
		if (user->pw_uid == uid) {
			snprintf(ret_caller, CALLER_MAX, "%s (uid %u)", user->pw_name,
				(unsigned)uid);
			break;
		}
	if (file != NULL)
		fclose(file);
}

/* Each act, but not each request of one that takes many. */
static void record_act(struct control_requests *requests, const struct control_call *call,
	const char *name, const char *caller)
{
	char act[CONTROL_ACT_MAX];
	const char *bus = json_string_value(json_object_get(call->request, "bus"));
	int64_t now_mono_ms = requests->pipeline->now.mono_ms;
	snprintf(act, sizeof act, "`%s`%s%.32s by %s", name, bus != NULL ? " of bus " : "",
		bus != NULL ? bus : "", caller);
	bool again = strcmp(act, requests->last_act) == 0 &&
		     now_mono_ms - requests->last_act_mono_ms < CONTROL_ACT_REPEAT_MS;
	requests->last_act_mono_ms = now_mono_ms;
	if (again)
		return;
	memcpy(requests->last_act, act, sizeof act);
	pipeline_say(requests->pipeline, LOG_LEVEL_INFO, "control: %s", act);
}

static char *answer_to(
	struct control_requests *requests, const struct control_call *call, const char *name)
{
	char caller[CALLER_MAX] = "";
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (strcmp(table[i].name, name) != 0)
			continue;
		if (table[i].acts && !call->may_act)
			return control_error(
				"\"request\": \"%s\" acts; this socket only reads", name);
		if (table[i].acts)
			name_caller(call->uid, caller);
		char *answer = table[i].answer(requests, call, caller);
		if (table[i].acts)
			record_act(requests, call, name, caller);
		return answer;
	}
	return control_error("\"request\": \"%.40s\": known are status, values, frames, reload, "
			     "settle, replay, lend",
		name);
}

void control_requests_call(struct control_requests *requests, const struct control_call *call)
{
	const char *name = json_string_value(json_object_get(call->request, "request"));
	char *answer = name != NULL ? answer_to(requests, call, name)
				    : control_error("\"request\" is missing: {\"request\": "
						    "\"status\"}");
	if (answer != NULL)
		control_server_answer(requests->server, call->client, answer);
}
