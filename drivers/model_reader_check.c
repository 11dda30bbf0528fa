/* SPDX-License-Identifier: Apache-2.0 */
/* model_reader_check.c -- What must hold for a model as a whole, whoever wrote it. */
#include "drivers/model_reader_parts.h"

static bool overlap(struct register_range a, struct register_range b)
{
	return a.space == b.space && a.first <= b.last && b.first <= a.last;
}

static bool inside(struct register_range a, struct register_range b)
{
	return a.space == b.space && a.first >= b.first && a.last <= b.last;
}

static struct register_range part_of(const struct model_value *value, size_t part)
{
	uint16_t first = value->addresses[part];

	return (struct register_range){
		value->space, first, (uint16_t)(first + value->format.registers - 1)};
}

/* Two values may share a whole register (a sum and its parts), never a piece of one. */
static bool share_a_piece(const struct model_value *a, const struct model_value *b)
{
	for (size_t i = 0; i < a->addresses_count; i++) {
		for (size_t j = 0; j < b->addresses_count; j++) {
			struct register_range x = part_of(a, i);
			struct register_range y = part_of(b, j);

			if (overlap(x, y) && (x.first != y.first || x.last != y.last)) {
				return true;
			}
		}
	}
	return false;
}

static bool check_pair(
	const struct model_reader *reader, const struct model_entry *a, const struct model_entry *b)
{
	if (a->at.line > b->at.line) { /* sorted by address; the later line is the offending one */
		const struct model_entry *later = a;

		a = b;
		b = later;
	}

	const char *a_name = quantity_info(a->value.quantity)->name;
	const char *b_name = quantity_info(b->value.quantity)->name;

	if (a->value.quantity == b->value.quantity && a->value.channel == b->value.channel) {
		model_error(&reader->messages, b->at, "%s of channel %d stands here and in line %d",
			b_name, b->value.channel, a->at.line);
		return false;
	}
	if (share_a_piece(&a->value, &b->value)) {
		model_error(&reader->messages, b->at,
			"the registers of %s overlap those of %s in line %d", b_name, a_name,
			a->at.line);
		return false;
	}
	return true;
}

static bool check_own_parts(const struct model_reader *reader, const struct model_entry *entry)
{
	const struct model_value *value = &entry->value;

	for (size_t i = 0; i < value->addresses_count; i++) {
		for (size_t j = i + 1; j < value->addresses_count; j++) {
			if (overlap(part_of(value, i), part_of(value, j))) {
				model_error(&reader->messages, entry->at,
					"the parts of %s at %d and %d overlap",
					quantity_info(value->quantity)->name, value->addresses[i],
					value->addresses[j]);
				return false;
			}
		}
	}
	return true;
}

static bool check_block(const struct model_reader *reader, const struct model_entry *entry)
{
	const struct register_range span = model_value_span(&entry->value);
	unsigned registers = (unsigned)span.last - span.first + 1;

	if (registers > reader->model->block_registers_max) {
		model_error(&reader->messages, entry->at,
			"%s needs registers %d to %d in one block: %u, but largest_block is %d",
			quantity_info(entry->value.quantity)->name, span.first, span.last,
			registers, reader->model->block_registers_max);
		return false;
	}
	return true;
}

static bool check_forbidden(const struct model_reader *reader, struct register_range span,
	const char *what, struct file_position at)
{
	const struct meter_model *model = reader->model;

	for (size_t i = 0; i < model->forbidden_count; i++) {
		if (overlap(span, model->forbidden[i])) {
			model_error(&reader->messages, at,
				"%s, registers %d to %d, touches the forbidden range %d to %d",
				what, span.first, span.last, model->forbidden[i].first,
				model->forbidden[i].last);
			return false;
		}
	}
	return true;
}

static bool check_readable(const struct model_reader *reader, struct register_range span,
	const char *what, struct file_position at)
{
	const struct meter_model *model = reader->model;
	bool readable = model->readable_count == 0;

	for (size_t i = 0; i < model->readable_count; i++) {
		readable = readable || inside(span, model->readable[i]);
	}
	if (!readable) {
		model_error(&reader->messages, at,
			"%s, registers %d to %d, lies in none of the readable ranges", what,
			span.first, span.last);
	}
	return readable;
}

static bool check_channel(const struct model_reader *reader, const struct model_entry *entry)
{
	if (entry->value.channel > reader->model->channels) {
		model_error(&reader->messages, entry->at,
			"\"channel: %d\", but the model has \"channels: %d\"", entry->value.channel,
			reader->model->channels);
		return false;
	}
	return true;
}

/* All values of a number, whole, in one block. */
static bool check_together(const struct model_reader *reader, size_t first)
{
	const struct model_entry *entries = reader->entries;
	struct register_range all = model_value_span(&entries[first].value);

	for (size_t i = 0; i < reader->entries_count; i++) {
		struct register_range span = model_value_span(&entries[i].value);

		if (entries[i].value.together != entries[first].value.together) {
			continue;
		}
		if (i < first) {
			return true; /* checked with the first of the group */
		}
		if (span.space != all.space || entries[i].value.slow != entries[first].value.slow) {
			model_error(&reader->messages, entries[i].at,
				"\"together: %d\" joins different spaces or groups; line %d is the "
				"other",
				entries[i].value.together, entries[first].at.line);
			return false;
		}
		all.first = span.first < all.first ? span.first : all.first;
		all.last = span.last > all.last ? span.last : all.last;
	}
	if (all.last - all.first + 1 > reader->model->block_registers_max) {
		model_error(&reader->messages, entries[first].at,
			"\"together: %d\" spans registers %d to %d, more than the largest block of "
			"%d",
			entries[first].value.together, all.first, all.last,
			reader->model->block_registers_max);
		return false;
	}
	return true;
}

static bool check_serial_number(const struct model_reader *reader)
{
	const struct meter_model *model = reader->model;
	uint16_t first = model->serial_number_address;

	if (!model->has_serial_number || model->base.relative) { /* then it is of another base */
		return true;
	}
	return check_forbidden(reader,
		(struct register_range){model->serial_number_space, first,
			(uint16_t)(first + model->serial_number_format.registers - 1)},
		"the serial number", reader->serial_number_at);
}

bool model_check(const struct model_reader *reader)
{
	bool good = check_serial_number(reader);

	for (size_t i = 0; i < reader->entries_count; i++) {
		const struct model_entry *entry = &reader->entries[i];
		struct register_range span = model_value_span(&entry->value);
		const char *name = quantity_info(entry->value.quantity)->name;

		good = check_own_parts(reader, entry) && good;
		good = check_block(reader, entry) && good;
		good = check_channel(reader, entry) && good;
		good = check_forbidden(reader, span, name, entry->at) && good;
		good = check_readable(reader, span, name, entry->at) && good;
		if (entry->value.together >= 0) {
			good = check_together(reader, i) && good;
		}
		for (size_t j = 0; j < i; j++) {
			good = check_pair(reader, &reader->entries[j], entry) && good;
		}
	}
	return good;
}
