/* SPDX-License-Identifier: Apache-2.0 */
/* expect.h -- Diagnostics judged in tests: the place, and words that must stand in the message. */
#ifndef TESTS_UNIT_CONFIG_EXPECT_H
#define TESTS_UNIT_CONFIG_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/diagnostics.h"

/* The diagnostic at line:column whose message has `words` in it; fails the test when there is none.
 */
static inline void expect_diagnostic(const struct diagnostics *diagnostics,
	enum diagnostic_severity severity, struct file_position at, const char *words)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *item = &diagnostics->items[i];
		if (item->severity == severity && item->at.line == at.line &&
			item->at.column == at.column && strstr(item->message, words)) {
			return;
		}
	}
	fprintf(stderr, "wanted at %d:%d: %s\nthere is:\n", at.line, at.column, words);
	diagnostics_print(diagnostics, stderr, false);
	fail();
}

static inline void expect_error(
	const struct diagnostics *diagnostics, int line, int column, const char *words)
{
	expect_diagnostic(
		diagnostics, DIAGNOSTIC_ERROR, (struct file_position){line, column}, words);
}

static inline void expect_counts(
	const struct diagnostics *diagnostics, size_t errors, size_t warnings)
{
	if (diagnostics->errors != errors || diagnostics->warnings != warnings) {
		diagnostics_print(diagnostics, stderr, false);
	}
	assert_int_equal(diagnostics->errors, errors);
	assert_int_equal(diagnostics->warnings, warnings);
}

#endif
