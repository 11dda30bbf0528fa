/* SPDX-License-Identifier: Apache-2.0 */
/* series.c -- The words for what stands in a row; they go into messages and the store's views. */
#include "gateway/core/series.h"

#include <stddef.h>

static const char *const stream_names[STREAM_COUNT] = {
	[STREAM_ENERGY] = "energy",
	[STREAM_TRENDS] = "trends",
};

static const char *const quality_names[QUALITY_COUNT] = {
	[QUALITY_MEASURED] = "measured",
	[QUALITY_ESTIMATED] = "estimated",
	[QUALITY_REJECTED] = "rejected",
	[QUALITY_MISSING] = "missing",
};

static const char *const method_names[METHOD_COUNT] = {
	[METHOD_NONE] = NULL,
	[METHOD_EVEN] = "even",
	[METHOD_PROFILE] = "profile",
};

static const char *const flag_names[FLAG_COUNT] = {
	[FLAG_LARGEST_POWER] = "largest_power",
	[FLAG_SPIKE] = "spike",
	[FLAG_DOUBLED_HOUR] = "doubled_hour",
	[FLAG_WITHHELD_READING] = "withheld_reading",
	[FLAG_REGISTER_AGAINST_POWER] = "register_against_power",
	[FLAG_SUBMETERS_ABOVE_MAIN] = "submeters_above_main",
	[FLAG_HEAT_AGAINST_VOLUME] = "heat_against_volume",
	[FLAG_FROZEN] = "frozen",
};

static const char *const clock_names[CLOCK_STATE_COUNT] = {
	[CLOCK_STATE_UNKNOWN] = "unknown",
	[CLOCK_STATE_SYNCHRONISED] = "synchronised",
	[CLOCK_STATE_TRUSTED] = "trusted",
};

static const char *const event_names[EVENT_KIND_COUNT] = {
	[EVENT_STARTED] = "started",
	[EVENT_STOPPED] = "stopped",
	[EVENT_CONFIGURATION] = "configuration",
	[EVENT_METER_SILENT] = "meter_silent",
	[EVENT_METER_BACK] = "meter_back",
	[EVENT_METER_EXCHANGED] = "meter_exchanged",
	[EVENT_SERIAL_NUMBER] = "serial_number",
	[EVENT_COUNTER_ROLLED_OVER] = "counter_rolled_over",
	[EVENT_COUNTER_REJECTED] = "counter_rejected",
	[EVENT_ENERGY_WITHHELD] = "energy_withheld",
	[EVENT_BUS_LOST] = "bus_lost",
	[EVENT_BUS_BACK] = "bus_back",
	[EVENT_CLOCK_KNOWN] = "clock_known",
	[EVENT_CLOCK_STEPPED] = "clock_stepped",
	[EVENT_STORE_FULL] = "store_full",
	[EVENT_STORE_BACK] = "store_back",
	[EVENT_NEW_SERIES] = "new_series",
	[EVENT_SETTLED] = "settled",
	[EVENT_SCALE_CHANGED] = "scale_changed",
	[EVENT_METERS_SWAPPED] = "meters_swapped",
	[EVENT_FLAGGED] = "flagged",
	[EVENT_GAP_BRIDGED] = "gap_bridged",
	[EVENT_COUNTER_DOUBTED] = "counter_doubted",
	[EVENT_STORE_COPIED] = "store_copied",
	[EVENT_RECEIPT_LOWER] = "receipt_lower",
	[EVENT_NAME_USED_TWICE] = "name_used_twice",
};

const char *stream_name(enum stream stream)
{
	return stream < STREAM_COUNT ? stream_names[stream] : "?";
}

const char *quality_name(enum quality quality)
{
	return quality < QUALITY_COUNT ? quality_names[quality] : "?";
}

const char *estimate_method_name(enum estimate_method method)
{
	return method < METHOD_COUNT ? method_names[method] : "?";
}

const char *flag_name(enum flag flag)
{
	return flag < FLAG_COUNT ? flag_names[flag] : "?";
}

const char *clock_state_name(enum clock_state state)
{
	return state < CLOCK_STATE_COUNT ? clock_names[state] : "?";
}

const char *event_kind_name(enum event_kind kind)
{
	return kind < EVENT_KIND_COUNT ? event_names[kind] : "?";
}
