/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_fields.c -- Every field of every message, one row each.
 */
#include "gateway/message_fields.h"

#define WORDS(function, type)                               \
	static const char *function##_word(unsigned number) \
	{                                                   \
		return function((enum type)number);         \
	}

WORDS(stream_name, stream)
WORDS(quality_name, quality)
WORDS(estimate_method_name, estimate_method)
WORDS(flag_name, flag)
WORDS(clock_state_name, clock_state)
WORDS(event_kind_name, event_kind)
WORDS(carrier_name, config_carrier)
WORDS(use_name, config_use)
WORDS(device_state_text, device_state)
WORDS(bus_error_kind_name, bus_error_kind)
WORDS(totals_part_name, totals_part_name)
WORDS(total_lack_name, total_lack)
WORDS(peak_rule_name, peak_rule)
WORDS(flash_pre_eol_name, flash_pre_eol)

static const char *presence_word(unsigned number)
{
	return number == PRESENCE_ONLINE ? "online" : "offline";
}

static const char *bus_state_word(unsigned number)
{
	return number == HEALTH_BUS_OPEN ? "open" : "gone";
}

static const char *period_word(unsigned number)
{
	bool is_period = number == SPAN_DAY || number == SPAN_MONTH || number == SPAN_YEAR;
	return is_period ? calendar_span_name((enum calendar_span)number) : NULL;
}

static const char *peak_span_word(unsigned number)
{
	return number <= SPAN_DAY ? calendar_span_name((enum calendar_span)number) : NULL;
}

static const char *exception_word(unsigned number)
{
	static const char *const codes[EXCEPTION_CODES_MAX] = {
		"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"};
	return codes[number];
}

/* clang-format off */
static const struct message_words streams     = {stream_name_word, STREAM_COUNT};
static const struct message_words qualities   = {quality_name_word, QUALITY_COUNT};
static const struct message_words methods     = {estimate_method_name_word, METHOD_COUNT};
static const struct message_words clocks      = {clock_state_name_word, CLOCK_STATE_COUNT};
static const struct message_words event_kinds = {event_kind_name_word, EVENT_KIND_COUNT};
static const struct message_words carriers    = {carrier_name_word, CARRIER_COUNT};
static const struct message_words uses        = {use_name_word, USE_COUNT};
static const struct message_words devices     = {device_state_text_word, DEVICE_STATE_COUNT};
static const struct message_words errors      = {bus_error_kind_name_word, BUS_ERROR_KIND_COUNT};
static const struct message_words exceptions  = {exception_word, EXCEPTION_CODES_MAX};
static const struct message_words presences   = {presence_word, PRESENCE_COUNT};
static const struct message_words bus_states  = {bus_state_word, HEALTH_BUS_STATE_COUNT};
static const struct message_words flags       = {flag_name_word, FLAG_COUNT};
static const struct message_words parts       = {totals_part_name_word, PART_COUNT};
static const struct message_words lacks       = {total_lack_name_word, LACK_COUNT};
static const struct message_words peak_rules  = {peak_rule_name_word, PEAK_RULE_COUNT};
static const struct message_words pre_eols    = {flash_pre_eol_name_word, FLASH_PRE_EOL_COUNT};
static const struct message_words periods     = {period_word, SPAN_COUNT};
static const struct message_words peak_spans  = {peak_span_word, SPAN_COUNT};

/* Columns of a row: what, where in struct S, when present, then what its type needs. */
#define FIELD(name, kind, member, text) \
	.key = name, .type = kind, .offset = offsetof(S, member), .help = text
#define IF_SET           .presence = MESSAGE_IF_SET
#define IF_FLAG(member)  .presence = MESSAGE_IF_FLAG, .has_offset = offsetof(S, member)
#define IF_ENERGY(member) .presence = MESSAGE_IF_ENERGY, .has_offset = offsetof(S, member)
#define ABOVE(member)    .is_above = true, .above_offset = offsetof(S, member)
#define COUNTED(member)  .count_offset = offsetof(S, member)
#define INSIDE(member)   .size = sizeof(((S *)NULL)->member)
#define RECORD(rows, type, text) \
	{.fields = rows, .fields_count = sizeof(rows) / sizeof(rows[0]), .size = sizeof(type), .help = text}
#define RECORD_OF_QUANTITY(rows, type, member, text) \
	{.fields = rows, .fields_count = sizeof(rows) / sizeof(rows[0]), .size = sizeof(type), \
	 .quantity_offset = offsetof(type, member), .help = text}

#define S struct status_message
static const struct message_field status_fields[] = {
	{FIELD("state", MESSAGE_WORD, presence, "Whether the gateway is connected; offline is what the broker says in its place."), .words = &presences},
	{FIELD("version", MESSAGE_TEXT, version, "Version of the gateway's program.")},
	{FIELD("store", MESSAGE_TEXT, store, "Id of the gateway's store; ids of rows belong to it.")},
	{FIELD("generation", MESSAGE_INTEGER, generation, "Generation of the store; a larger one is newer.")},
	{FIELD("clock", MESSAGE_WORD, clock, "What the gateway knows of the time."), .words = &clocks},
	{FIELD("started", MESSAGE_INSTANT, started_wall_ms, "When the program started; null while the time is not known."), IF_SET},
	{FIELD("at", MESSAGE_INSTANT, at_wall_ms, "When this was said; null in the broker's word and while the time is not known."), IF_SET},
	{FIELD("boot", MESSAGE_TEXT, boot, "The kernel's id of this boot; null where it is not known."), IF_SET},
	{FIELD("session", MESSAGE_INTEGER, session, "How many times the program has connected since it started, this time included.")},
	{FIELD("run", MESSAGE_TEXT, run, "At random, another one at each start of the program: two of them at one time are two gateways with one name."), IF_SET, .left_out = true},
};
#undef S
static const struct message_record status_record = RECORD(status_fields, struct status_message,
	"Whether a gateway is there, and which store its rows come from.");

#define S struct about_quantity
static const struct message_field about_quantity_fields[] = {
	{FIELD("quantity", MESSAGE_QUANTITY, quantity, "What is measured.")},
	{FIELD("unit", MESSAGE_UNIT, quantity, "Unit of its values.")},
	{FIELD("kind", MESSAGE_COUNTING, quantity, "counter: only climbs, goes to intervals; gauge: moves, goes to trends.")},
	{FIELD("scale", MESSAGE_FRACTION, scale, "What one step of the register is worth, in the unit, as an exact fraction."), IF_SET},
	{FIELD("modulus", MESSAGE_STEPS, modulus, "Reading at which the counter starts again at 0; null: not known."), IF_FLAG(has_modulus)},
	{FIELD("resolution", MESSAGE_STEPS, resolution, "Smallest step the device counts in; null: not known."), IF_FLAG(has_resolution)},
};
#undef S
static const struct message_record about_quantity_record = RECORD_OF_QUANTITY(about_quantity_fields,
	struct about_quantity, quantity, "One quantity of a meter: how a reading comes to its value.");

#define S struct about_meter
static const struct message_field about_meter_fields[] = {
	{FIELD("id", MESSAGE_TEXT, id, "The meter's id, for ever.")},
	{FIELD("name", MESSAGE_TEXT, name, "Its name, free text.")},
	{FIELD("model", MESSAGE_TEXT, model, "Its meter model.")},
	{FIELD("carrier", MESSAGE_WORD, carrier, "Energy carrier."), IF_SET, .words = &carriers},
	{FIELD("use", MESSAGE_WORD, use, "What the energy is used for."), .words = &uses},
	{FIELD("parent", MESSAGE_TEXT, parent, "Id of the meter this one is a part of; null: none."), IF_SET},
	{FIELD("serial_number", MESSAGE_TEXT, serial_number, "Serial number of the device there now; null: not read."), IF_SET},
	{FIELD("bus", MESSAGE_TEXT, bus, "Id of its bus.")},
	{FIELD("address", MESSAGE_INTEGER, address, "Its Modbus address.")},
	{FIELD("channel", MESSAGE_INTEGER, channel, "Counter inside the device, from 1.")},
	{FIELD("ct", MESSAGE_TEXT, ct, "Current transformer, primary/secondary in A; null: none."), IF_SET},
	{FIELD("ct_in_meter", MESSAGE_BOOLEAN, ct_in_meter, "Whether the device multiplies by it already.")},
	{FIELD("dwelling", MESSAGE_BOOLEAN, dwelling, "A household's own: told by the day only, and not live."), IF_FLAG(dwelling), .left_out = true},
	{FIELD("labels", MESSAGE_LABELS, labels, "Free labels, passed on."), COUNTED(labels_count)},
	{FIELD("quantities", MESSAGE_LIST, quantities, "What is read of it."), COUNTED(quantities_count), .record = &about_quantity_record},
};
#undef S
static const struct message_record about_meter_record = RECORD(about_meter_fields, struct about_meter,
	"One metering point.");

#define S struct about_message
static const struct message_field about_fields[] = {
	{FIELD("city", MESSAGE_TEXT, city, "The city's id.")},
	{FIELD("site", MESSAGE_TEXT, site, "The building's id.")},
	{FIELD("site_name", MESSAGE_TEXT, site_name, "Its name; null: none."), IF_SET},
	{FIELD("gateway", MESSAGE_TEXT, gateway, "The gateway's id.")},
	{FIELD("timezone", MESSAGE_TEXT, timezone, "The building's time zone, for days and months.")},
	{FIELD("version", MESSAGE_TEXT, version, "Version of the gateway's program.")},
	{FIELD("interval_s", MESSAGE_INTEGER, interval_s, "Length of an interval, in seconds.")},
	{FIELD("meters", MESSAGE_LIST, meters, "Every meter."), COUNTED(meters_count), .record = &about_meter_record},
};
#undef S
static const struct message_record about_record = RECORD(about_fields, struct about_message,
	"The monitoring plan of a gateway: its meters and what is read of each.");

#define S struct live_value
static const struct message_field live_value_fields[] = {
	{FIELD("value", MESSAGE_STEPS, value, "The value; null: there is none now."), IF_FLAG(has_value)},
	{FIELD("unit", MESSAGE_UNIT, quantity, "Its unit.")},
	{FIELD("at", MESSAGE_INSTANT, at_wall_ms, "When it was read, or found missing; null while the time is not known."), IF_SET},
	{FIELD("reason", MESSAGE_TEXT, reason, "Why there is no value."), IF_SET, .left_out = true},
};
#undef S
static const struct message_record live_value_record = RECORD_OF_QUANTITY(live_value_fields,
	struct live_value, quantity, "The latest sample of one quantity.");

#define S struct live_message
static const struct message_field live_fields[] = {
	{FIELD("meter", MESSAGE_TEXT, meter, "The meter's id.")},
	{FIELD("values", MESSAGE_MAP, values, "The latest sample of each quantity, by its name."), COUNTED(values_count), .record = &live_value_record},
};
#undef S
static const struct message_record live_record = RECORD(live_fields, struct live_message,
	"The latest samples of one meter.");

#define S struct interval_message_row
static const struct message_field interval_row_fields[] = {
	{FIELD("id", MESSAGE_INTEGER, row.id, "Id in the stream.")},
	{FIELD("meter", MESSAGE_TEXT, meter, "The meter's id.")},
	{FIELD("quantity", MESSAGE_QUANTITY, quantity, "What is measured.")},
	{FIELD("unit", MESSAGE_UNIT, quantity, "Unit of value and readings.")},
	{FIELD("start", MESSAGE_INSTANT, row.start_wall_ms, "Beginning of the interval.")},
	{FIELD("end", MESSAGE_INSTANT, row.end_wall_ms, "End, exclusive.")},
	{FIELD("quality", MESSAGE_WORD, row.quality, "How the value came about."), .words = &qualities},
	{FIELD("value", MESSAGE_STEPS, row.energy, "What was used in the interval; null: not known, never 0."), IF_ENERGY(row.quality)},
	{FIELD("method", MESSAGE_WORD, row.method, "How it was estimated; null: it was not."), IF_SET, .words = &methods},
	{FIELD("flags", MESSAGE_FLAGS, row.flags, "What looked odd about it; a flag never changes the value."), .words = &flags},
	{FIELD("correction", MESSAGE_BOOLEAN, row.correction, "There, and true, when a person's act changed it after it was final."), IF_FLAG(row.correction), .left_out = true},
	{FIELD("revision", MESSAGE_INTEGER_32, row.revision, "0 first; the newest (generation, revision) of an interval holds.")},
	{FIELD("reading_start", MESSAGE_STEPS, row.reading_start, "The counter's reading at the start; null: not known."), IF_FLAG(row.has_readings)},
	{FIELD("reading_end", MESSAGE_STEPS, row.reading_end, "The counter's reading at the end; null: not known."), IF_FLAG(row.has_readings)},
	{FIELD("clock", MESSAGE_WORD, row.clock, "What the gateway knew of the time."), .words = &clocks},
};
#undef S
static const struct message_record interval_row_record = RECORD_OF_QUANTITY(interval_row_fields,
	struct interval_message_row, quantity, "Energy or volume of one counter over one interval.");

#define S struct event_row
static const struct message_field event_row_fields[] = {
	{FIELD("id", MESSAGE_INTEGER, id, "Id in the stream.")},
	{FIELD("at", MESSAGE_INSTANT, at_wall_ms, "When it happened; null while the time is not known."), IF_SET},
	{FIELD("kind", MESSAGE_WORD, kind, "What happened."), .words = &event_kinds},
	{FIELD("meter", MESSAGE_TEXT_INSIDE, meter, "The meter's id; null: it is about the gateway or a bus."), IF_SET, INSIDE(meter)},
	{FIELD("quantity", MESSAGE_QUANTITY, quantity, "Of which quantity; null without an amount."), IF_FLAG(has_amount)},
	{FIELD("unit", MESSAGE_UNIT, quantity, "Unit of the amount; null without one."), IF_FLAG(has_amount)},
	{FIELD("amount", MESSAGE_STEPS, amount, "How much; null: nothing was counted."), IF_FLAG(has_amount)},
	{FIELD("text", MESSAGE_TEXT_INSIDE, text, "One sentence for people."), INSIDE(text)},
	{FIELD("clock", MESSAGE_WORD, clock, "What the gateway knew of the time."), .words = &clocks},
};
#undef S
static const struct message_record event_row_record = RECORD_OF_QUANTITY(event_row_fields,
	struct event_row, quantity, "Something that happened.");

#define S struct trend_message_row
static const struct message_field trend_row_fields[] = {
	{FIELD("id", MESSAGE_INTEGER, row.id, "Id in the stream.")},
	{FIELD("meter", MESSAGE_TEXT, meter, "The meter's id.")},
	{FIELD("quantity", MESSAGE_QUANTITY, quantity, "What is measured.")},
	{FIELD("unit", MESSAGE_UNIT, quantity, "Unit of the values.")},
	{FIELD("start", MESSAGE_INSTANT, row.start_wall_ms, "Beginning.")},
	{FIELD("end", MESSAGE_INSTANT, row.end_wall_ms, "End, exclusive.")},
	{FIELD("mean", MESSAGE_STEPS, row.mean, "Mean of the samples.")},
	{FIELD("min", MESSAGE_STEPS, row.min, "Smallest sample.")},
	{FIELD("max", MESSAGE_STEPS, row.max, "Largest sample.")},
	{FIELD("count", MESSAGE_INTEGER_32, row.count, "How many samples.")},
	{FIELD("clock", MESSAGE_WORD, row.clock, "What the gateway knew of the time."), .words = &clocks},
};
#undef S
static const struct message_record trend_row_record = RECORD_OF_QUANTITY(trend_row_fields,
	struct trend_message_row, quantity, "A gauge over one span.");

#define S struct stream_message
#define STREAM_FIELDS(row_record) { \
	{FIELD("store", MESSAGE_TEXT, store, "Id of the gateway's store; ids of rows belong to it.")}, \
	{FIELD("generation", MESSAGE_INTEGER, generation, "Generation of the store; a larger one is newer.")}, \
	{FIELD("stream", MESSAGE_WORD, stream, "Whose ids these are; intervals and events share one stream."), .words = &streams}, \
	{FIELD("after", MESSAGE_INTEGER, after, "Id the stream's message before ended with; another one there: something is missing.")}, \
	{FIELD("gone", MESSAGE_BOOLEAN, gone, "There, and true, without rows: those after `after`, through `through`, are not in the store any more."), IF_FLAG(gone), .left_out = true}, \
	{FIELD("rows", MESSAGE_LIST, rows, "The rows, in order of their ids."), COUNTED(rows_count), .record = &(row_record)}, \
	{FIELD("through", MESSAGE_INTEGER, through, "Id this message ends with.")}, \
}
static const struct message_field intervals_fields[] = STREAM_FIELDS(interval_row_record);
static const struct message_field events_fields[] = STREAM_FIELDS(event_row_record);
static const struct message_field trends_fields[] = STREAM_FIELDS(trend_row_record);
#undef S
static const struct message_record intervals_record = RECORD(intervals_fields, struct stream_message,
	"Energy by interval. An interval's key is meter, quantity, start and end.");
static const struct message_record events_record = RECORD(events_fields, struct stream_message,
	"What happened, in one sequence with the intervals.");
static const struct message_record trends_record = RECORD(trends_fields, struct stream_message,
	"Mean, smallest and largest of gauges.");

#define S struct health_bus
static const struct message_field health_bus_fields[] = {
	{FIELD("id", MESSAGE_TEXT, id, "The bus's id.")},
	{FIELD("state", MESSAGE_WORD, state, "open, or gone: port or connection is not there."), .words = &bus_states},
	{FIELD("reason", MESSAGE_TEXT, reason, "Why it is gone; null: it is not."), IF_SET},
	{FIELD("requests", MESSAGE_INTEGER, requests, "Requests sent since the start.")},
	{FIELD("answers", MESSAGE_INTEGER, answers, "Good answers since the start.")},
};
#undef S
static const struct message_record health_bus_record = RECORD(health_bus_fields, struct health_bus,
	"One bus.");

#define S struct health_meter
static const struct message_field health_meter_fields[] = {
	{FIELD("id", MESSAGE_TEXT, id, "The meter's id.")},
	{FIELD("bus", MESSAGE_TEXT, bus, "Its bus.")},
	{FIELD("state", MESSAGE_WORD, state, "How its device answers."), .words = &devices},
	{FIELD("reason", MESSAGE_TEXT, reason, "What went wrong last, in words; null: nothing."), IF_SET},
	{FIELD("last_reading", MESSAGE_INSTANT, last_reading_wall_ms, "When it was read last; null: never, or the time is not known."), IF_SET},
	{FIELD("requests", MESSAGE_INTEGER, requests, "Requests sent since the start.")},
	{FIELD("answers", MESSAGE_INTEGER, answers, "Good answers since the start.")},
	{FIELD("skipped", MESSAGE_INTEGER, skipped, "Polls given up because they were overdue.")},
	{FIELD("errors", MESSAGE_COUNTS, errors, "What went wrong, by kind; a kind not named: never."), .words = &errors},
	{FIELD("exceptions", MESSAGE_COUNTS, exceptions, "Modbus exceptions, by code; a code not named: never."), .words = &exceptions},
	{FIELD("answer_ms", MESSAGE_MILLI, answer_time_us, "Answer time, smoothed, in ms; 0: none yet.")},
	{FIELD("answer_ms_max", MESSAGE_MILLI, answer_time_us_max, "Longest answer time, in ms.")},
	{FIELD("timeout_ms", MESSAGE_INTEGER, timeout_ms, "Time-out in force, in ms.")},
};
#undef S
static const struct message_record health_meter_record = RECORD(health_meter_fields, struct health_meter,
	"One meter's device.");

/* One counter of what was written. */
#define FLASH_FIELDS(name, at, text) \
	{FIELD(name, MESSAGE_INTEGER, at.since_start, "Bytes that " text ". Since the start."), IF_FLAG(at.is_known), .added = true}, \
	{FIELD(name "_day", MESSAGE_INTEGER, at.day, "The same over the last 24 hours; null also before it has run for a day."), IF_FLAG(at.has_day), .added = true}, \
	{FIELD(name "_per_row", MESSAGE_INTEGER, at.per_row, "The same for each row stored since the start; null also where none was."), IF_FLAG(at.has_row), .added = true}

#define S struct health_message
static const struct message_field health_fields[] = {
	{FIELD("at", MESSAGE_INSTANT, at_wall_ms, "When this was said; null while the time is not known."), IF_SET},
	{FIELD("uptime_s", MESSAGE_INTEGER, uptime_s, "Seconds since the program started.")},
	{FIELD("clock", MESSAGE_WORD, clock, "What the gateway knows of the time."), .words = &clocks},
	{FIELD("backlog_energy", MESSAGE_INTEGER, backlog_energy, "Rows of the stream energy not sent yet.")},
	{FIELD("backlog_trends", MESSAGE_INTEGER, backlog_trends, "Rows of the stream trends not sent yet.")},
	{FIELD("undelivered_energy", MESSAGE_INTEGER, undelivered_energy, "Rows of the stream energy that not every archive has given a receipt for; null: none gives receipts."), IF_FLAG(has_receipts_energy)},
	{FIELD("undelivered_trends", MESSAGE_INTEGER, undelivered_trends, "Rows of the stream trends that not every archive has given a receipt for; null: none gives receipts."), IF_FLAG(has_receipts_trends)},
	{FIELD("store_bytes", MESSAGE_INTEGER, store_bytes, "Bytes the store takes.")},
	{FIELD("store_bytes_max", MESSAGE_INTEGER, store_bytes_max, "Bytes it may take; null: not told."), IF_FLAG(has_store_bytes_max), .added = true},
	FLASH_FIELDS("written_bytes", flash.counters[FLASH_WRITTEN], "the gateway had the kernel write, without the file system's own; null: not known"),
	FLASH_FIELDS("device_bytes", flash.counters[FLASH_DEVICE], "all programs and the file system wrote to the partition or disk under the store; null: there is none, or it does not count"),
	{FIELD("card_life_left", MESSAGE_INTEGER, flash.life_left_percent, "Percent of the card's life left by its own estimate, at least; in steps of 10; null: it does not tell."), IF_FLAG(flash.has_life_left), .added = true},
	{FIELD("card_reserve", MESSAGE_WORD, flash.pre_eol, "The card's reserve blocks: normal; warning: 80 % used; urgent: 90 % used; null: it does not tell."), IF_SET, .added = true, .words = &pre_eols},
	{FIELD("certificate_end", MESSAGE_INSTANT, certificate_end_wall_ms, "End of the gateway's own certificate at the broker; null: it has none."), IF_SET, .added = true},
	{FIELD("buses", MESSAGE_LIST, buses, "Every bus."), COUNTED(buses_count), .record = &health_bus_record},
	{FIELD("meters", MESSAGE_LIST, meters, "Every meter."), COUNTED(meters_count), .record = &health_meter_record},
};
#undef S
static const struct message_record health_record = RECORD(health_fields, struct health_message,
	"How a gateway, its buses and its meters are.");

/* An energy, or its bounds; coverage and estimate of a whole row. */
#define ENERGY_FIELDS(at) \
	{FIELD("energy", MESSAGE_MICRO, at energy, "Energy; null: a part of it has no value."), IF_FLAG(at has_energy)}, \
	{FIELD("at_least", MESSAGE_MICRO, at at_least, "Without an energy: it is at least this."), IF_FLAG(at has_at_least), .left_out = true}, \
	{FIELD("at_most", MESSAGE_MICRO, at at_most, "Without an energy: it is at most this."), IF_FLAG(at has_at_most), .left_out = true}
#define SHARE_FIELDS(at) \
	{FIELD("coverage", MESSAGE_MILLI, at coverage_permille, "Share of the time so far with a value, of the part that has the least; 1: all of it.")}, \
	{FIELD("estimated", MESSAGE_MILLI, at estimated_permille, "Share of the energy that is estimated; not there: none."), IF_FLAG(at has_estimate), .left_out = true}

#define S struct totals_row
static const struct message_field totals_row_fields[] = {
	{FIELD("start", MESSAGE_INSTANT, start_wall_ms, "Beginning; it ends where the next begins, the last one at `through`.")},
	ENERGY_FIELDS(),
	SHARE_FIELDS(),
};
#undef S
static const struct message_record totals_row_record = RECORD(totals_row_fields, struct totals_row,
	"One hour, day or month.");

#define S struct totals_part
static const struct message_field totals_part_fields[] = {
	{FIELD("part", MESSAGE_WORD, part, "Which part; stationary energy is import + own_use + heat + cooling + fuel - mobile."), .words = &parts},
	{FIELD("energy", MESSAGE_MICRO, energy.energy, "Its energy; null: something of it has no value."), IF_FLAG(energy.is_known)},
	{FIELD("at_least", MESSAGE_MICRO, energy.at_least, "Without an energy: it is at least this."), IF_FLAG(energy.has_at_least), .left_out = true},
	{FIELD("at_most", MESSAGE_MICRO, energy.at_most, "Without an energy: it is at most this."), IF_FLAG(energy.has_at_most), .left_out = true},
};
#undef S
static const struct message_record totals_part_record = RECORD(totals_part_fields, struct totals_part,
	"A part of the gateway's total.");

#define S struct totals_lacking
static const struct message_field totals_lacking_fields[] = {
	{FIELD("meter", MESSAGE_TEXT, meter, "The meter's id.")},
	{FIELD("part", MESSAGE_WORD, part, "Of which part."), .words = &parts},
	{FIELD("why", MESSAGE_WORD, lack, "no_value: intervals are missing; not_read: the meter is not asked for it; no_kwh: counted in cubic metres only."), .words = &lacks},
};
#undef S
static const struct message_record totals_lacking_record = RECORD(totals_lacking_fields, struct totals_lacking,
	"A meter whose part is missing.");

#define S struct totals_peak
static const struct message_field totals_peak_fields[] = {
	{FIELD("start", MESSAGE_INSTANT, start_wall_ms, "Beginning of the hour or day.")},
	{FIELD("power", MESSAGE_MICRO, power, "Its mean power in kW.")},
};
#undef S
static const struct message_record totals_peak_record = RECORD(totals_peak_fields, struct totals_peak,
	"An hour or day that the peak is made of.");

#define S struct totals_message
static const struct message_field totals_fields[] = {
	{FIELD("scope", MESSAGE_TEXT, scope, "gateway, carrier-<carrier>, use-<use> or meter-<id>.")},
	{FIELD("period", MESSAGE_WORD, period, "day: today by hour; month: this month by day; year: this year by month."), .words = &periods},
	{FIELD("timezone", MESSAGE_TEXT, timezone, "The zone whose hours, days and months these are.")},
	{FIELD("start", MESSAGE_INSTANT, start_wall_ms, "Beginning of the period.")},
	{FIELD("end", MESSAGE_INSTANT, end_wall_ms, "Its end, exclusive.")},
	{FIELD("through", MESSAGE_INSTANT, through_wall_ms, "Up to here it is counted, exclusive.")},
	{FIELD("unit", MESSAGE_TEXT, unit, "Unit of all energies.")},
	ENERGY_FIELDS(total.),
	SHARE_FIELDS(total.),
	{FIELD("parts", MESSAGE_LIST, parts, "The gateway's: what it is made of."), IF_FLAG(has_parts), .left_out = true, COUNTED(parts_count), .record = &totals_part_record},
	{FIELD("missing", MESSAGE_LIST, lacking, "Meters whose part is missing; eight at most are named."), COUNTED(lacking_count), .record = &totals_lacking_record},
	{FIELD("peak_rule", MESSAGE_WORD, peak_rule, "A month's: how its power peak is found."), IF_FLAG(has_peaks), .left_out = true, .words = &peak_rules},
	{FIELD("peak_span", MESSAGE_WORD, peak_span, "hour, or day where the register's steps do not resolve hours."), IF_FLAG(has_peaks), .left_out = true, .words = &peak_spans},
	{FIELD("peak_power", MESSAGE_MICRO, peak_power, "The peak so far in kW; not there: no hour counts yet."), IF_FLAG(has_peak_power), .left_out = true},
	{FIELD("peaks", MESSAGE_LIST, peaks, "What it is the mean of, the greatest first."), IF_FLAG(has_peaks), .left_out = true, COUNTED(peaks_count), .record = &totals_peak_record},
	{FIELD("rows", MESSAGE_LIST, rows, "The hours, days or months so far, in order."), COUNTED(rows_count), .record = &totals_row_record},
};
#undef S
static const struct message_record totals_record = RECORD(totals_fields, struct totals_message,
	"Energy of the period that runs, in local time.");

#define S struct receipt_range
static const struct message_field receipt_range_fields[] = {
	{FIELD("after", MESSAGE_INTEGER, after, "Id before the first one that lacks.")},
	{FIELD("through", MESSAGE_INTEGER, through, "Id of the last one that lacks."), ABOVE(after)},
};
#undef S
static const struct message_record receipt_range_record = RECORD(receipt_range_fields, struct receipt_range,
	"Rows of a stream that lack.");

#define S struct receipt_stream
static const struct message_field receipt_stream_fields[] = {
	{FIELD("stream", MESSAGE_WORD, stream, "Whose ids these are."), .words = &streams},
	{FIELD("through", MESSAGE_INTEGER, through, "Every row up to this id is committed, or the gateway has said that it is gone.")},
	{FIELD("missing", MESSAGE_LIST, missing, "Ranges above it that lack, the lowest first; more may lack than are named."), COUNTED(missing_count), .items_max = RECEIPT_RANGES_MAX, .record = &receipt_range_record},
};
#undef S
static const struct message_record receipt_stream_record = RECORD(receipt_stream_fields, struct receipt_stream,
	"How far one stream has come at the archive.");

#define ARCHIVE_FIELDS() \
	{FIELD("archive", MESSAGE_TEXT, archive, "The archive's id.")}, \
	{FIELD("at", MESSAGE_INSTANT, at_wall_ms, "When the archive said this.")}

#define S struct receipt_message
static const struct message_field receipt_fields[] = {
	ARCHIVE_FIELDS(),
	{FIELD("store", MESSAGE_TEXT, store, "Id of the store whose rows these are.")},
	{FIELD("generation", MESSAGE_INTEGER, generation, "Its generation.")},
	{FIELD("streams", MESSAGE_LIST, streams, "Each stream once; one not named: nothing is said of it."), COUNTED(streams_count), .items_max = STREAM_COUNT, .record = &receipt_stream_record},
};
#undef S
static const struct message_record receipt_record = RECORD(receipt_fields, struct receipt_message,
	"What an archive has committed of a gateway's store.");

#define S struct replay_message
static const struct message_field replay_fields[] = {
	ARCHIVE_FIELDS(),
	{FIELD("store", MESSAGE_TEXT, store, "Id of the store whose rows are wanted.")},
	{FIELD("stream", MESSAGE_WORD, stream, "Whose ids these are."), .words = &streams},
	{FIELD("after", MESSAGE_INTEGER, after, "Id before the first one wanted.")},
	{FIELD("through", MESSAGE_INTEGER, through, "Id of the last one wanted."), ABOVE(after)},
};
#undef S
static const struct message_record replay_record = RECORD(replay_fields, struct replay_message,
	"A range of a stream that an archive wants (again).");

#define S struct anchor_counter
static const struct message_field anchor_counter_fields[] = {
	{FIELD("meter", MESSAGE_TEXT, meter, "The meter's id.")},
	{FIELD("quantity", MESSAGE_QUANTITY, quantity, "What is measured.")},
	{FIELD("unit", MESSAGE_UNIT, quantity, "Unit of the reading.")},
	{FIELD("at", MESSAGE_INSTANT, at_wall_ms, "End of its newest interval with readings.")},
	{FIELD("reading", MESSAGE_STEPS, reading, "The counter's reading then.")},
};
#undef S
static const struct message_record anchor_counter_record = RECORD_OF_QUANTITY(anchor_counter_fields,
	struct anchor_counter, quantity, "Where one counter stood.");

#define S struct anchor_message
static const struct message_field anchor_fields[] = {
	ARCHIVE_FIELDS(),
	{FIELD("store", MESSAGE_TEXT, store, "Id of the store that begins.")},
	{FIELD("generation", MESSAGE_INTEGER, generation, "The highest generation the archive has seen of this gateway.")},
	{FIELD("counters", MESSAGE_LIST, counters, "Some of the counters; as many messages as they need."), COUNTED(counters_count), .record = &anchor_counter_record},
};
#undef S
static const struct message_record anchor_record = RECORD(anchor_fields, struct anchor_message,
	"Where the counters of a gateway stood, for a store that begins.");

static const struct message_record *const records[MESSAGE_KIND_COUNT] = {
	[MESSAGE_STATUS]    = &status_record,
	[MESSAGE_ABOUT]     = &about_record,
	[MESSAGE_LIVE]      = &live_record,
	[MESSAGE_INTERVALS] = &intervals_record,
	[MESSAGE_EVENTS]    = &events_record,
	[MESSAGE_TRENDS]    = &trends_record,
	[MESSAGE_HEALTH]    = &health_record,
	[MESSAGE_TOTALS]    = &totals_record,
	[MESSAGE_RECEIPT]   = &receipt_record,
	[MESSAGE_REPLAY]    = &replay_record,
	[MESSAGE_ANCHOR]    = &anchor_record,
};
/* clang-format on */

const struct message_record *message_record(enum message_kind kind)
{
	return records[kind];
}
