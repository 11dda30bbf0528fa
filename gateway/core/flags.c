/* SPDX-License-Identifier: Apache-2.0 */
/* flags.c -- flags.h: the table, and how a template becomes a sentence. */
#include "gateway/core/flags.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct flag_info flags[FLAG_COUNT] = {
	[FLAG_LARGEST_POWER] = {
		.needs = "the meter's main fuse",
		.limits = {"main_fuse"}, .at_closing = true,
		.reason = {"a mean power of {amount}, and the fuse before it carries {against}",
		           "en middeleffekt på {amount}, og sikringen foran tåler {against}"},
	},
	[FLAG_SPIKE] = {
		.needs = "some days of measured intervals",
		.limits = {"spike_factor", "spike_history", "min_steps"}, .at_closing = true,
		.reason = {"{amount} in one interval, {times} times the most of the past four weeks ({against})",
		           "{amount} i ett intervall, {times} ganger det meste i de siste fire ukene ({against})"},
	},
	[FLAG_DOUBLED_HOUR] = {
		.needs = "four full hours measured before it and one after it",
		.limits = {"doubled_band_percent", "doubled_neighbours_percent", "min_steps"},
		.reason = {"{amount} in one hour, twice the hours beside it ({against}): was it counted twice?",
		           "{amount} på én time, det dobbelte av timene ved siden av ({against}): er den talt to ganger?"},
	},
	[FLAG_WITHHELD_READING] = {
		.needs = "a reading between two good ones",
		.limits = {NULL}, .at_closing = true,
		.reason = {"a reading between two good ones was left out: a zero or a torn word",
		           "en avlesning mellom to gode er utelatt: en null eller et ødelagt ord"},
	},
	[FLAG_REGISTER_AGAINST_POWER] = {
		.needs = "the meter's own power, without a gap, while the register moves some steps",
		.limits = {"min_steps", "power_band_percent"}, .lasts = true,
		.reason = {"the register climbed {amount} while the power says {against}: {cause}",
		           "telleverket steg {amount} mens effekten sier {against}: {cause}"},
		.over = {"register and power agree", "telleverk og effekt stemmer overens"},
	},
	[FLAG_SUBMETERS_ABOVE_MAIN] = {
		.needs = "the same interval measured of the meter and of all meters below it",
		.limits = {"submeter_tolerance_percent"}, .lasts = true,
		.reason = {"the sub-meters together show {amount}, this meter above them {against}",
		           "undermålerne viser til sammen {amount}, denne måleren over dem {against}"},
		.over = {"the sub-meters are no longer above it", "undermålerne ligger ikke lenger over"},
	},
	[FLAG_HEAT_AGAINST_VOLUME] = {
		.needs = "volume and both temperatures (or their difference), without a gap, while heat and volume move 50 steps",
		.limits = {"heat_factor", "heat_band_percent", "heat_window"}, .lasts = true,
		.reason = {"the heat is {amount} in {span}, volume times temperature difference says {against}",
		           "varmen er {amount} på {span}, volum ganger temperaturdifferanse sier {against}"},
		.over = {"heat, volume and temperatures agree", "varme, volum og temperaturer stemmer overens"},
	},
	[FLAG_FROZEN] = {
		.needs = "the meter's own power, without a gap; or a register that moved before",
		.limits = {"min_steps", "frozen_after", "frozen_factor"}, .lasts = true,
		.reason = {"the register stands: {cause}", "telleverket står stille: {cause}"},
		.over = {"the register moves", "telleverket går"},
	},
};

static const char *const causes[FLAG_CAUSE_COUNT][FLAG_LANGUAGE_COUNT] = {
	[FLAG_CAUSE_NONE]            = {NULL, NULL},
	[FLAG_CAUSE_REGISTER_TIMES]  = {"{times} times as much; the scale of one of the two is wrong",
	                                "{times} ganger så mye; skalaen til en av de to er feil"},
	[FLAG_CAUSE_POWER_TIMES]     = {"one part in {times}; the scale of one of the two is wrong",
	                                "en {times}-del; skalaen til en av de to er feil"},
	[FLAG_CAUSE_SIGN]            = {"the sign of the power is turned round, or import and export are",
	                                "effekten har feil fortegn, eller import og eksport er byttet"},
	[FLAG_CAUSE_WORD_ORDER]      = {"the word order of one of the two looks wrong",
	                                "ordrekkefølgen til en av de to ser feil ut"},
	[FLAG_CAUSE_STANDS_AT_POWER] = {"the power says {against} in {span}",
	                                "effekten sier {against} på {span}"},
	[FLAG_CAUSE_STANDS_LONG]     = {"for {span}, much longer than ever before",
	                                "i {span}, mye lenger enn noen gang før"},
};
/* clang-format on */

const struct flag_info *flag_info(enum flag flag)
{
	assert((size_t)flag < FLAG_COUNT);

	return &flags[flag];
}

const char *flag_cause_text(enum flag_cause cause, enum flag_language language)
{
	assert((size_t)cause < FLAG_CAUSE_COUNT && (size_t)language < FLAG_LANGUAGE_COUNT);

	return causes[cause][language];
}

/* ---- Numbers ---- */

int64_t flag_clamp(flag_sum value)
{
	return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

bool flag_is_near(flag_sum a, flag_sum b, int64_t percent)
{
	flag_sum apart = a > b ? a - b : b - a;

	return apart * 100 <= (b < 0 ? -b : b) * percent;
}

int64_t flag_times(flag_sum a, flag_sum b)
{
	return b == 0 ? 0 : flag_clamp((a + b / 2) / b);
}

/* ---- Words ---- */

enum { PART_TEXT_MAX = 96, HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS, MINUTE_MS = 60000 };

/* A sentence under way. */
struct flag_words {
	const struct flag_finding *finding;
	enum flag_language language;
};

/* To three decimals: "12.34 kWh", "12,34 kWh". */
static void amount_text(
	const struct flag_words *words, int64_t steps, char ret_text[static PART_TEXT_MAX])
{
	const struct quantity_info *info = quantity_info(words->finding->quantity);
	char number[DECIMAL_TEXT_MAX];
	int64_t unit = 1;

	for (int decimals = 3; decimals < info->decimals; decimals++) {
		unit *= 10;
	}
	if (steps >= unit || steps <= -unit) {
		int64_t rest = steps % unit;
		int64_t up = 2 * rest >= unit && unit > 1, down = -2 * rest >= unit && unit > 1;
		steps = (steps / unit + up - down) * unit;
	}
	decimal_print(number, steps, info->decimals);
	char *point = strchr(number, '.');
	if (point && words->language == FLAG_NORWEGIAN) {
		*point = ',';
	}
	snprintf(ret_text, PART_TEXT_MAX, "%s %s", number, info->unit);
}

static void span_text(const struct flag_words *words, char ret_text[static PART_TEXT_MAX])
{
	static const struct {
		int64_t from_ms;
		int64_t unit_ms;
		const char *names[FLAG_LANGUAGE_COUNT];
	} units[] = {
		{2 * DAY_MS,  DAY_MS,    {"days", "døgn"}      },
		{2 * HOUR_MS, HOUR_MS,   {"hours", "timer"}     },
		{0,           MINUTE_MS, {"minutes", "minutter"}},
	};
	size_t i = 0;

	while (words->finding->span_ms < units[i].from_ms) {
		i++;
	}
	snprintf(ret_text, PART_TEXT_MAX, "%lld %s",
		(long long)(words->finding->span_ms / units[i].unit_ms),
		units[i].names[words->language]);
}

static void expand(const struct flag_words *words, const char *template, char *text, size_t size);

/* What stands between braces. */
static void part_text(const struct flag_words *words, const char *name, size_t length,
	char ret_text[static PART_TEXT_MAX])
{
	const struct flag_finding *finding = words->finding;

	ret_text[0] = '\0';
	if (strncmp(name, "amount", length) == 0) {
		amount_text(words, finding->amount, ret_text);
	} else if (strncmp(name, "against", length) == 0) {
		amount_text(words, finding->against, ret_text);
	} else if (strncmp(name, "span", length) == 0) {
		span_text(words, ret_text);
	} else if (strncmp(name, "times", length) == 0) {
		snprintf(ret_text, PART_TEXT_MAX, "%lld", (long long)finding->times);
	} else if (finding->cause != FLAG_CAUSE_NONE) {
		expand(words, flag_cause_text(finding->cause, words->language), ret_text,
			PART_TEXT_MAX);
	}
}

static void expand(const struct flag_words *words, const char *template, char *text, size_t size)
{
	size_t length = 0;

	while (*template && length + 1 < size) {
		if (*template != '{') {
			text[length++] = *template ++;
			continue;
		}
		char part[PART_TEXT_MAX];
		size_t name = strcspn(++template, "}");
		part_text(words, template, name, part);
		template += name + 1;
		size_t room = size - 1 - length;
		size_t bytes = strlen(part) < room ? strlen(part) : room;
		memcpy(text + length, part, bytes);
		length += bytes;
	}
	text[length] = '\0';
}

void flag_reason(const struct flag_finding *finding, enum flag_language language,
	char ret_text[static FLAG_TEXT_MAX])
{
	const struct flag_words words = {finding, language};

	assert((size_t)language < FLAG_LANGUAGE_COUNT);
	expand(&words, flag_info(finding->flag)->reason[language], ret_text, FLAG_TEXT_MAX);
}
