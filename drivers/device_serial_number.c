/* SPDX-License-Identifier: Apache-2.0 */
/* device_serial_number.c -- A serial number's registers as text; see device_reader.h. */
#include "drivers/device_reader.h"

#include <inttypes.h>
#include <stdio.h>

static bool all_are(const uint16_t *words, size_t count, uint16_t word)
{
	for (size_t i = 0; i < count; i++) {
		if (words[i] != word) {
			return false;
		}
	}
	return true;
}

void device_serial_number_text(const uint16_t *words, struct register_format format,
	char ret_text[static SERIAL_NUMBER_MAX])
{
	const struct scale one = {1, 1};
	int64_t number = 0;

	ret_text[0] = '\0';
	/* Flash that was never written; it would read as a number, or as question marks. */
	if (all_are(words, format.registers, UINT16_MAX)) {
		return;
	}
	if (format.encoding == ENCODING_STRING) {
		register_decode_text(words, format, ret_text);
	} else if (register_decode(words, format, one, &number) == DECODE_OK && number > 0) {
		snprintf(ret_text, SERIAL_NUMBER_MAX, "%" PRId64, number);
	}
}
