/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message_fields.h -- The table of fields behind message.h: writer, reader and
 * JSON Schema walk it, and so do the tests. For those modules only.
 *
 * A field that another of its record needs for its meaning (the quantity of a
 * value) stands before it.
 */
#ifndef GATEWAY_MESSAGE_FIELDS_H
#define GATEWAY_MESSAGE_FIELDS_H

#include "gateway/message.h"

/* What stands in the struct -> what stands in the JSON. */
enum message_field_type {
	MESSAGE_TEXT,        /* const char * -> string */
	MESSAGE_TEXT_INSIDE, /* char[size] -> string */
	MESSAGE_BOOLEAN,     /* bool */
	MESSAGE_INTEGER,     /* int64_t, never negative */
	MESSAGE_INTEGER_32,  /* int32_t, never negative */
	MESSAGE_INSTANT,     /* int64_t _wall_ms -> string, RFC 3339 */
	MESSAGE_MILLI,       /* int64_t thousandths -> number */
	MESSAGE_MICRO,       /* int64_t millionths -> number */
	MESSAGE_STEPS,       /* int64_t inside steps of the record's quantity -> number */
	MESSAGE_WORD,        /* uint8_t of an enum -> string, one of `words` */
	MESSAGE_QUANTITY,    /* uint8_t, the record's quantity -> string */
	MESSAGE_UNIT,        /* nothing; the unit of the record's quantity -> string */
	MESSAGE_COUNTING,    /* nothing; "counter" or "gauge", of the record's quantity */
	MESSAGE_FRACTION,    /* struct scale, inside steps -> string "1/100", outside units */
	MESSAGE_FLAGS,       /* uint32_t bits -> array of `words` */
	MESSAGE_COUNTS,      /* int64_t[words] -> object, those that are not 0 */
	MESSAGE_LABELS,      /* const struct config_label *, size_t -> object */
	MESSAGE_LIST,        /* const struct *, size_t -> array of `record` */
	MESSAGE_MAP,         /* the same -> object of `record` by quantity */
	MESSAGE_FIELD_TYPE_COUNT
};

/* When a field has a value; without, it is null. */
enum message_presence {
	MESSAGE_ALWAYS,
	MESSAGE_IF_SET,    /* pointer not NULL, text not empty, word not 0, instant known,
			      fraction printable */
	MESSAGE_IF_FLAG,   /* the bool at has_offset */
	MESSAGE_IF_ENERGY, /* the quality at has_offset is measured or estimated */
};

/* The names of an enum's values; NULL for one that has none. */
struct message_words {
	const char *(*name)(unsigned number);
	unsigned count;
};

struct message_record;

struct message_field {
	const char *key;
	enum message_field_type type;
	enum message_presence presence;
	bool left_out; /* when it has no value, instead of null */
	bool added;    /* within the version: not there from an older gateway, which is as null */
	bool is_above; /* an integer that must be more than the one at above_offset */
	uint16_t offset;
	uint16_t has_offset;
	uint16_t count_offset; /* labels, list, map */
	uint16_t above_offset;
	uint16_t size;      /* text inside */
	uint16_t items_max; /* of a list; 0: any */
	const struct message_words *words;
	const struct message_record *record;
	const char *help;
};

struct message_record {
	const struct message_field *fields;
	size_t fields_count;
	size_t size;              /* of the struct */
	uint16_t quantity_offset; /* of the uint8_t that units and steps go by */
	const char *help;
};

/* The record of a whole message. */
const struct message_record *message_record(enum message_kind kind);

/* Whether a field of this object has a value. */
bool message_field_present(
	const struct message_record *record, const struct message_field *field, const void *object);

/* The quantity a record's units and steps go by. */
const struct quantity_info *message_record_quantity(
	const struct message_record *record, const void *object);

/* "counter", "gauge". */
const char *message_counting_name(enum quantity_kind kind);

/* What stands at an offset. */
static inline const void *message_at(const void *object, uint16_t offset)
{
	return (const char *)object + offset;
}

/* Write an object of this record, any message or row. */
void message_write_record(
	struct json_writer *writer, const struct message_record *record, const void *object);

/* Write one field of it, key and all. */
void message_write_field(struct json_writer *writer, const struct message_record *record,
	const struct message_field *field, const void *object);

#endif
