/* SPDX-License-Identifier: Apache-2.0 */
/* identify_rules.c -- identify_rules.h. */
#include "drivers/identify_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECT_HEAD_BYTES = 2 }; /* id and length: Modbus Application Protocol 1.1b3, 6.21 */

/* ---- rules ---- */

/* "112", "330-345" */
static bool number_matches(const char *match, int64_t number)
{
	char *end;
	int64_t first = strtoll(match, &end, 0);

	if (end == match || (*end != '\0' && *end != '-')) {
		return false;
	}
	int64_t last = *end == '-' ? strtoll(end + 1, NULL, 0) : first;

	return number >= first && number <= last;
}

bool identify_register_holds(const struct model_identification *rule, const uint16_t *words)
{
	const struct scale one = {1, 1};
	char text[2 * FRAME_REGISTERS_MAX + 1] = "";
	int64_t number = 0;
	bool is_text = rule->format.encoding == ENCODING_STRING;

	if (is_text) {
		register_decode_text(words, rule->format, text);
	} else if (register_decode(words, rule->format, one, &number) != DECODE_OK) {
		return false;
	}
	for (size_t i = 0; i < rule->matches_count; i++) {
		const char *match = rule->matches[i];
		if (is_text ? strncmp(text, match, strlen(match)) == 0
			    : number_matches(match, number)) {
			return true;
		}
	}
	return false;
}

bool identify_text_holds(const struct model_identification *rule, const char *text)
{
	for (size_t i = 0; i < rule->matches_count; i++) {
		if (strstr(text, rule->matches[i])) {
			return true;
		}
	}
	return false;
}

static size_t add_object(char *text, size_t size, size_t used, const uint8_t *object)
{
	const size_t length = object[1];

	if (used > 0 && used + 2 < size) {
		text[used++] = ',';
		text[used++] = ' ';
	}
	for (size_t i = 0; i < length && used + 1 < size; i++) {
		uint8_t byte = object[OBJECT_HEAD_BYTES + i];
		text[used++] = byte >= ' ' && byte < 0x7F ? (char)byte : '?';
	}
	return used;
}

void identify_objects_text(const struct bus_answer *answer, char *ret_text, size_t size)
{
	size_t used = 0;

	for (size_t at = 0; at + OBJECT_HEAD_BYTES <= answer->bytes_length;
		at += OBJECT_HEAD_BYTES + answer->bytes[at + 1]) {
		if (at + OBJECT_HEAD_BYTES + answer->bytes[at + 1] > answer->bytes_length) {
			break;
		}
		used = add_object(ret_text, size, used, answer->bytes + at);
	}
	ret_text[used] = '\0';
}

/* ---- values ---- */

/* In steps of mV, mHz, m°C and mK. Zero volts on a phase speaks against a map of three phases. */
static const struct telling {
	enum quantity quantity;
	int64_t min;
	int64_t max;
} telling[] = {
	{QUANTITY_VOLTAGE_L1,             80000, 300000},
	{QUANTITY_VOLTAGE_L2,             80000, 300000},
	{QUANTITY_VOLTAGE_L3,             80000, 300000},
	{QUANTITY_FREQUENCY,              45000, 65000 },
	{QUANTITY_FLOW_TEMPERATURE,       1000,  150000},
	{QUANTITY_RETURN_TEMPERATURE,     1000,  150000},
	{QUANTITY_TEMPERATURE_DIFFERENCE, 0,     120000},
};

static const struct telling *telling_of(enum quantity quantity)
{
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		if (telling[i].quantity == quantity) {
			return &telling[i];
		}
	}
	return NULL;
}

bool identify_is_telling(enum quantity quantity)
{
	return telling_of(quantity) != NULL;
}

bool identify_looks_right(const struct sample *sample)
{
	const struct telling *range = telling_of((enum quantity)sample->quantity);

	return sample->status == DECODE_OK && range && sample->value >= range->min &&
	       sample->value <= range->max;
}
