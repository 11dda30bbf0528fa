/* SPDX-License-Identifier: Apache-2.0 */
/* identify_rules.h -- What a model's identification rules make of answers. Pure. */
#ifndef DRIVERS_IDENTIFY_RULES_H
#define DRIVERS_IDENTIFY_RULES_H

#include "drivers/device_reader.h"

/* Do the words hold one of the rule's matches: a number, a range of numbers, the beginning of a
 * text? */
bool identify_register_holds(const struct model_identification *rule, const uint16_t *words);

/* Does the text of function 43/14 contain one of the matches? */
bool identify_text_holds(const struct model_identification *rule, const char *text);

/* The objects of an answer to 43/14, with commas between; "" where there are none. `size` at
 * least 1. */
void identify_objects_text(const struct bus_answer *answer, char *ret_text, size_t size);

/* Does a quantity tell a right map from a wrong one, and is this what it is in a building? */
bool identify_is_telling(enum quantity quantity);
bool identify_looks_right(const struct sample *sample);

#endif
