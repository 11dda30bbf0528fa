/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_presence.c -- Which fields of an object have a value, and what its
 * quantity says.
 */
#include "gateway/message_decimal.h"
#include "gateway/message_fields.h"

const struct quantity_info *message_record_quantity(
	const struct message_record *record, const void *object)
{
	return quantity_info(*(const uint8_t *)message_at(object, record->quantity_offset));
}

const char *message_counting_name(enum quantity_kind kind)
{
	return kind == QUANTITY_COUNTER ? "counter" : "gauge";
}

/* Whether what stands at a field's own place says that there is a value. */
static bool is_set(
	const struct message_record *record, const struct message_field *field, const void *object)
{
	const void *at = message_at(object, field->offset);
	struct scale outside;
	switch (field->type) {
	case MESSAGE_TEXT:
		return *(const char *const *)at != NULL;
	case MESSAGE_TEXT_INSIDE:
		return *(const char *)at != '\0';
	case MESSAGE_INSTANT:
		return *(const int64_t *)at != INSTANT_UNKNOWN;
	case MESSAGE_WORD:
		return *(const uint8_t *)at != 0;
	case MESSAGE_FRACTION:
		return message_fraction_outside(*(const struct scale *)at,
			message_record_quantity(record, object)->decimals, &outside);
	case MESSAGE_BOOLEAN:
	case MESSAGE_INTEGER:
	case MESSAGE_INTEGER_32:
	case MESSAGE_MILLI:
	case MESSAGE_MICRO:
	case MESSAGE_STEPS:
	case MESSAGE_QUANTITY:
	case MESSAGE_UNIT:
	case MESSAGE_COUNTING:
	case MESSAGE_FLAGS:
	case MESSAGE_COUNTS:
	case MESSAGE_LABELS:
	case MESSAGE_LIST:
	case MESSAGE_MAP:
	case MESSAGE_FIELD_TYPE_COUNT:
		break;
	}
	return true;
}

bool message_field_present(
	const struct message_record *record, const struct message_field *field, const void *object)
{
	const void *has = message_at(object, field->has_offset);
	switch (field->presence) {
	case MESSAGE_ALWAYS:
		return true;
	case MESSAGE_IF_SET:
		return is_set(record, field, object);
	case MESSAGE_IF_FLAG:
		return *(const bool *)has;
	case MESSAGE_IF_ENERGY:
		return *(const uint8_t *)has == QUALITY_MEASURED ||
		       *(const uint8_t *)has == QUALITY_ESTIMATED;
	}
	return false;
}
