/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c -- The table of faults, and how one is written.
 */
#include "gateway/simulate/fault.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEEDED = -1, MINUTES_10_MS = 600000 };

/* clang-format off */
static const struct fault_info faults[FAULT_KIND_COUNT] = {
	/*                         name               argument                min max            fallback help */
	[FAULT_NONE]            = {"none",            ARGUMENT_NONE,          0,  0,             0,      "answers as it should"},
	[FAULT_SILENT]          = {"silent",          ARGUMENT_NONE,          0,  0,             0,      "does not answer"},
	[FAULT_LATE]            = {"late",            ARGUMENT_NUMBER,        1,  MINUTES_10_MS, NEEDED, "answers after MS milliseconds"},
	[FAULT_LATE_OTHER]      = {"late-other",      ARGUMENT_NUMBER,        1,  MINUTES_10_MS, NEEDED, "the same, every number 10 % higher"},
	[FAULT_BAD_CRC]         = {"bad-crc",         ARGUMENT_NONE,          0,  0,             0,      "answers with a wrong CRC (not on Modbus TCP)"},
	[FAULT_SHORT]           = {"short",           ARGUMENT_NUMBER,        1,  250,           3,      "leaves out the last N bytes"},
	[FAULT_WRONG_ADDRESS]   = {"wrong-address",   ARGUMENT_NONE,          0,  0,             0,      "answers as the address after its own"},
	[FAULT_WRONG_FUNCTION]  = {"wrong-function",  ARGUMENT_NONE,          0,  0,             0,      "answers another function (3 for 4, 4 for 3)"},
	[FAULT_EXCEPTION]       = {"exception",       ARGUMENT_NUMBER,        1,  255,           NEEDED, "refuses with exception CODE"},
	[FAULT_BABBLE]          = {"babble",          ARGUMENT_NUMBER,        1,  4096,          300,    "sends N bytes of noise"},
	[FAULT_NAN]             = {"nan",             ARGUMENT_NONE,          0,  0,             0,      "no value: NaN, or the model's own pattern"},
	[FAULT_INFINITE]        = {"inf",             ARGUMENT_NONE,          0,  0,             0,      "floats are infinite"},
	[FAULT_ONES]            = {"ones",            ARGUMENT_NONE,          0,  0,             0,      "every register 0xFFFF"},
	[FAULT_ZERO]            = {"zero",            ARGUMENT_NONE,          0,  0,             0,      "every register 0"},
	[FAULT_TORN]            = {"torn",            ARGUMENT_NONE,          0,  0,             0,      "numbers of two words of two moments"},
	[FAULT_HOLE]            = {"hole",            ARGUMENT_NUMBERS,       0,  65535,         NEEDED, "refuses registers FIRST[-LAST], exception 2"},
	[FAULT_OLD_TRANSACTION] = {"old-transaction", ARGUMENT_NONE,          0,  0,             0,      "answers under the id before (Modbus TCP)"},
	[FAULT_CLOSE]           = {"close",           ARGUMENT_NONE,          0,  0,             0,      "hangs up instead of answering (TCP)"},
	[FAULT_VANISH]          = {"vanish",          ARGUMENT_NUMBER,        1,  MINUTES_10_MS, NEEDED, "its whole line is gone for MS milliseconds"},
	[FAULT_EXCHANGED]       = {"exchanged",       ARGUMENT_SERIAL_NUMBER, 0,  0,             NEEDED, "another device: SERIAL, counters from 0"},
};
/* clang-format on */

const struct fault_info *fault_info(enum fault_kind kind)
{
	assert(kind < FAULT_KIND_COUNT);
	return &faults[kind];
}

static bool find_kind(const char *text, size_t length, enum fault_kind *ret_kind)
{
	for (size_t kind = 0; kind < FAULT_KIND_COUNT; kind++)
		if (strlen(faults[kind].name) == length &&
			strncmp(faults[kind].name, text, length) == 0) {
			*ret_kind = (enum fault_kind)kind;
			return true;
		}
	return false;
}

static bool refuse_kind(const char *text, char *ret_reason)
{
	int used = snprintf(ret_reason, FAULT_REASON_MAX, "`%.40s` is no fault; there are", text);
	for (size_t kind = 0; kind < FAULT_KIND_COUNT; kind++)
		if (used > 0 && used < FAULT_REASON_MAX)
			used += snprintf(ret_reason + used, (size_t)(FAULT_REASON_MAX - used),
				" %s", faults[kind].name);
	return false;
}

static bool take_number(const char **at, int64_t *ret_number)
{
	char *end = NULL;
	errno = 0;
	if (**at < '0' || **at > '9')
		return false;
	long long number = strtoll(*at, &end, 10);
	if (errno != 0)
		return false;
	*ret_number = number;
	*at = end;
	return true;
}

static bool take_serial_number(const char **at, struct fault *fault)
{
	size_t length = strcspn(*at, "*@");
	if (length == 0 || length >= FAULT_TEXT_MAX)
		return false;
	memcpy(fault->text, *at, length);
	fault->text[length] = '\0';
	*at += length;
	return true;
}

static bool take_argument(const char **at, struct fault *fault)
{
	const struct fault_info *info = &faults[fault->kind];
	fault->number = info->fallback;
	if (**at != ':')
		return info->argument == ARGUMENT_NONE || info->fallback >= info->min;
	++*at;
	if (info->argument == ARGUMENT_SERIAL_NUMBER)
		return take_serial_number(at, fault);
	if (info->argument == ARGUMENT_NONE || !take_number(at, &fault->number))
		return false;
	fault->last = fault->number;
	if (info->argument == ARGUMENT_NUMBERS && **at == '-') {
		++*at;
		if (!take_number(at, &fault->last))
			return false;
	}
	return fault->number >= info->min && fault->number <= info->max &&
	       fault->last >= fault->number && fault->last <= info->max;
}

static bool refuse_argument(const struct fault_info *info, char *ret_reason)
{
	if (info->argument == ARGUMENT_NONE)
		snprintf(ret_reason, FAULT_REASON_MAX, "`%s` takes no argument", info->name);
	else if (info->argument == ARGUMENT_SERIAL_NUMBER)
		snprintf(ret_reason, FAULT_REASON_MAX,
			"`%s` needs a serial number of 1 to %d characters: %s:12345678", info->name,
			FAULT_TEXT_MAX - 1, info->name);
	else
		snprintf(ret_reason, FAULT_REASON_MAX,
			"`%s` needs a number from %lld to %lld behind a colon: %s:%lld (%s)",
			info->name, (long long)info->min, (long long)info->max, info->name,
			(long long)(info->max < 800 ? info->max : 800), info->help);
	return false;
}

/* "10" or "2.5", in milliseconds. */
static bool take_seconds(const char **at, int64_t *ret_ms)
{
	int64_t whole = 0;
	if (!take_number(at, &whole) || whole > INT32_MAX)
		return false;
	int64_t ms = whole * 1000;
	if (**at == '.') {
		++*at;
		for (int64_t digit = 100; **at >= '0' && **at <= '9'; digit /= 10)
			ms += digit * (*(*at)++ - '0');
	}
	*ret_ms = ms;
	return true;
}

static bool take_when(const char **at, struct fault *fault)
{
	if (**at == '*') {
		++*at;
		if (!take_number(at, &fault->count) || fault->count == 0)
			return false;
	}
	if (**at == '@') {
		++*at;
		if (!take_seconds(at, &fault->from_ms))
			return false;
		if (**at == '-') {
			++*at;
			if (!take_seconds(at, &fault->to_ms) || fault->to_ms <= fault->from_ms)
				return false;
		}
	}
	return **at == '\0';
}

bool fault_parse(
	const char *text, struct fault *ret_fault, char ret_reason[static FAULT_REASON_MAX])
{
	struct fault fault = {.count = -1, .to_ms = INT64_MAX};
	const char *at = text + strcspn(text, ":*@");
	if (!find_kind(text, (size_t)(at - text), &fault.kind))
		return refuse_kind(text, ret_reason);
	if (!take_argument(&at, &fault))
		return refuse_argument(&faults[fault.kind], ret_reason);
	if (!take_when(&at, &fault)) {
		snprintf(ret_reason, FAULT_REASON_MAX,
			"`%.60s`: `%.30s` is not understood; behind the fault may stand *COUNT "
			"(requests) and @FROM-TO (seconds since the start)",
			text, at);
		return false;
	}
	*ret_fault = fault;
	return true;
}

bool fault_holds(const struct fault *fault, int64_t elapsed_ms)
{
	return fault->kind != FAULT_NONE && fault->count != 0 && elapsed_ms >= fault->from_ms &&
	       elapsed_ms < fault->to_ms;
}

void fault_spend(struct fault *fault)
{
	if (fault->count > 0)
		fault->count--;
}
