/* SPDX-License-Identifier: Apache-2.0 */
/* accounting_text.c -- accounting_text.h. */
#include "gateway/core/accounting_text.h"

#include <stdio.h>

enum { AMOUNT_TEXT_MAX = DECIMAL_TEXT_MAX + 16 }; /* bytes: the number, a space, the unit */

/* "1234.5 kWh" */
static const char *amount_text(
	char buffer[static AMOUNT_TEXT_MAX], const struct counter_rules *rules, int64_t steps)
{
	const struct quantity_info *info = quantity_info(rules->quantity);
	char number[DECIMAL_TEXT_MAX];

	decimal_print(number, steps, info->decimals);
	snprintf(buffer, AMOUNT_TEXT_MAX, "%s %s", number, info->unit);
	return buffer;
}

static struct event_row event_make(const struct counter_rules *rules, enum event_kind kind,
	const struct reading *at, int64_t amount)
{
	struct event_row event = {
		.at_wall_ms = at->at_wall_ms,
		.amount = amount,
		.has_amount = true,
		.kind = (uint8_t)kind,
		.quantity = (uint8_t)rules->quantity,
		.clock = at->clock,
	};

	snprintf(event.meter, sizeof(event.meter), "%s", rules->meter);
	return event;
}

/* How a reading that is not taken is told: the two readings stand between the pieces. */
struct odd_wording {
	enum event_kind kind;
	const char *pieces[3];
};

static struct event_row event_of_odd(const struct counter_rules *rules,
	const struct odd_wording *wording, const struct reading *before, const struct reading *odd)
{
	struct event_row event = event_make(rules, wording->kind, odd, odd->value - before->value);
	char odd_text[AMOUNT_TEXT_MAX];
	char before_text[AMOUNT_TEXT_MAX];

	snprintf(event.text, sizeof(event.text), "%s%s%s%s%s", wording->pieces[0],
		amount_text(odd_text, rules, odd->value), wording->pieces[1],
		amount_text(before_text, rules, before->value), wording->pieces[2]);
	return event;
}

struct event_row accounting_text_noise(
	const struct counter_rules *rules, const struct reading *before, const struct reading *odd)
{
	static const struct odd_wording wording = {
		EVENT_ENERGY_WITHHELD, {"a reading of ", " was withheld: it came after ",
                                        ", and the next one did not confirm it"}
        };

	return event_of_odd(rules, &wording, before, odd);
}

struct event_row accounting_text_rollover(const struct counter_rules *rules,
	const struct reading *before, const struct reading *after)
{
	struct event_row event = event_make(rules, EVENT_COUNTER_ROLLED_OVER, after,
		after->value + rules->modulus - before->value);
	char before_text[AMOUNT_TEXT_MAX];
	char after_text[AMOUNT_TEXT_MAX];

	snprintf(event.text, sizeof(event.text),
		"the counter reached its end after %s and went on at %s; nothing is lost",
		amount_text(before_text, rules, before->value),
		amount_text(after_text, rules, after->value));
	return event;
}

struct event_row accounting_text_rejected(const struct counter_rules *rules,
	const struct reading *before, const struct reading *after)
{
	struct event_row event =
		event_make(rules, EVENT_COUNTER_REJECTED, after, after->value - before->value);
	char before_text[AMOUNT_TEXT_MAX];
	char after_text[AMOUNT_TEXT_MAX];

	snprintf(event.text, sizeof(event.text),
		"the reading %s from %s to %s%s; the intervals it touches have no value",
		after->value < before->value ? "fell" : "climbed",
		amount_text(before_text, rules, before->value),
		amount_text(after_text, rules, after->value),
		after->value < before->value ? "" : ", more than is possible");
	return event;
}

struct event_row accounting_text_doubted(
	const struct counter_rules *rules, const struct reading *before, const struct reading *odd)
{
	static const struct odd_wording wording = {
		EVENT_COUNTER_DOUBTED,
		{"it shows ", " again and again, after ",
                  "; not believed before it climbs from there, for a day at most"}
        };

	return event_of_odd(rules, &wording, before, odd);
}

struct event_row accounting_text_unpublished(
	const struct counter_rules *rules, const struct reading *end, int64_t amount)
{
	struct event_row event = event_make(rules, EVENT_ENERGY_WITHHELD, end, amount);
	char text[AMOUNT_TEXT_MAX];

	snprintf(event.text, sizeof(event.text),
		"%s were counted before and after a break, inside intervals without a value",
		amount_text(text, rules, amount));
	return event;
}
