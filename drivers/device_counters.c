/* SPDX-License-Identifier: Apache-2.0 */
/* device_counters.c -- Names of states and errors, and what an answer counts as. */
#include "drivers/device_counters.h"

#include <assert.h>

/* clang-format off */
static const char *const state_texts[DEVICE_STATE_COUNT] = {
	[DEVICE_UNKNOWN] = "unknown",
	[DEVICE_OK]      = "ok",
	[DEVICE_SILENT]  = "silent",
	[DEVICE_REFUSES] = "refuses",
};

static const char *const error_names[BUS_ERROR_KIND_COUNT] = {
	[BUS_ERROR_TIMEOUT]           = "timeout",
	[BUS_ERROR_CRC]               = "crc",
	[BUS_ERROR_SHORT]             = "short",
	[BUS_ERROR_WRONG_ADDRESS]     = "wrong_address",
	[BUS_ERROR_WRONG_FUNCTION]    = "wrong_function",
	[BUS_ERROR_WRONG_LENGTH]      = "wrong_length",
	[BUS_ERROR_WRONG_TRANSACTION] = "wrong_transaction",
	[BUS_ERROR_EXCEPTION]         = "exception",
	[BUS_ERROR_LATE]              = "late",
	[BUS_ERROR_IMPLAUSIBLE]       = "implausible",
};

static const enum bus_error_kind verdict_errors[FRAME_VERDICT_COUNT] = {
	[FRAME_GOOD]              = BUS_ERROR_TIMEOUT,
	[FRAME_EXCEPTION]         = BUS_ERROR_EXCEPTION,
	[FRAME_SHORT]             = BUS_ERROR_SHORT,
	[FRAME_BAD_CRC]           = BUS_ERROR_CRC,
	[FRAME_WRONG_ADDRESS]     = BUS_ERROR_WRONG_ADDRESS,
	[FRAME_WRONG_FUNCTION]    = BUS_ERROR_WRONG_FUNCTION,
	[FRAME_WRONG_LENGTH]      = BUS_ERROR_WRONG_LENGTH,
	[FRAME_WRONG_TRANSACTION] = BUS_ERROR_WRONG_TRANSACTION,
};
/* clang-format on */

const char *device_state_text(enum device_state state)
{
	assert((size_t)state < DEVICE_STATE_COUNT);

	return state_texts[state];
}

const char *bus_error_kind_name(enum bus_error_kind kind)
{
	assert((size_t)kind < BUS_ERROR_KIND_COUNT);

	return error_names[kind];
}

void device_counters_count(struct device_counters *counters, struct response_timeout *timeout,
	const struct counted_answer *counted)
{
	const struct bus_answer *answer = counted->answer;
	const enum bus_status status = counted->status;

	counters->requests++;
	if (status == BUS_OK) {
		counters->answers++;
	} else if (status == BUS_REFUSED) {
		counters->errors[BUS_ERROR_EXCEPTION]++;
		if (answer->exception < EXCEPTION_CODES_MAX) {
			counters->exceptions[answer->exception]++;
		}
	} else if (status == BUS_TIMEOUT) {
		counters->errors[BUS_ERROR_TIMEOUT]++;
		response_timeout_missed(timeout);
	} else if (status == BUS_BAD_FRAME) {
		counters->errors[verdict_errors[answer->verdict]]++;
	}
	if (status != BUS_OK && status != BUS_REFUSED) {
		return;
	}
	const int64_t began_mono_us =
		answer->began_mono_us ? answer->began_mono_us : answer->done_mono_us;
	const int64_t took_us =
		began_mono_us > counted->asked_mono_us ? began_mono_us - counted->asked_mono_us : 0;

	response_timeout_answered(timeout, (uint32_t)took_us);
	counters->answer_time_us = timeout->mean_us;
	if (took_us > counters->answer_time_us_max) {
		counters->answer_time_us_max = (uint32_t)took_us;
	}
}
