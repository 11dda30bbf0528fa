/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_input.h -- What YAML targets leave out: libfyaml 0.7.12 leaks 4 KiB over a
 * scalar with five doubled quotes in a row (a: ''''''''''''), and its caller has no
 * way to free them. Found by these targets; no file of a person has that, and
 * everything else must not leak.
 */
#ifndef TESTS_FUZZ_YAML_INPUT_H
#define TESTS_FUZZ_YAML_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUOTES_IN_A_ROW_MAX = 9 };

static inline bool yaml_input_leaks_in_libfyaml(const uint8_t *input, size_t length)
{
	size_t run = 0, longest = 0;
	for (size_t i = 0; i < length; i++) {
		run = input[i] == '\'' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest > QUOTES_IN_A_ROW_MAX;
}

#endif
