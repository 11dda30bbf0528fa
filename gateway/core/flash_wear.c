/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash_wear.c -- The kernel's texts, and sums of their differences.
 *
 * Sources: Linux Documentation/filesystems/proc.rst (io), Documentation/block/
 * stat.rst (sectors of 512 bytes), drivers/mmc/core/mmc.c (life_time: types A and
 * B as "0x%02x 0x%02x", pre_eol_info as "0x%02x"); JEDEC JESD84-B51, fields
 * PRE_EOL_INFO, DEVICE_LIFE_TIME_EST_TYP_A and _B.
 */
#include "gateway/core/flash_wear.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	STAT_SECTORS_WRITTEN = 7, /* the seventh number */
	LIFE_STEP_LAST = 10,      /* 90 to 100 % of the life is used */
	LIFE_STEP_EXCEEDED = 11,
};

const char *flash_pre_eol_name(enum flash_pre_eol pre_eol)
{
	static const char *const names[FLASH_PRE_EOL_COUNT] = {
		[FLASH_PRE_EOL_NORMAL] = "normal",
		[FLASH_PRE_EOL_WARNING] = "warning",
		[FLASH_PRE_EOL_URGENT] = "urgent",
	};
	return names[pre_eol];
}

/* ---- texts ---- */

/* The next number of a text, decimal or 0x..., never negative; NULL when there is none. */
static const char *read_number(const char *text, int64_t *ret_number)
{
	char *end;
	while (isspace((unsigned char)*text))
		text++;
	if (!isdigit((unsigned char)*text))
		return NULL;
	unsigned long long number = strtoull(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
	if (number > INT64_MAX / FLASH_SECTOR_BYTES)
		return NULL;
	*ret_number = (int64_t)number;
	return end;
}

bool flash_read_io(const char *text, int64_t *ret_bytes)
{
	static const char key[] = "write_bytes:";
	while (text != NULL && strncmp(text, key, sizeof(key) - 1) != 0) {
		text = strchr(text, '\n'); /* "cancelled_write_bytes" has it inside its line */
		text = text != NULL ? text + 1 : NULL;
	}
	return text != NULL && read_number(text + sizeof(key) - 1, ret_bytes) != NULL;
}

bool flash_read_stat(const char *text, int64_t *ret_bytes)
{
	int64_t sectors = 0;
	for (int i = 0; i < STAT_SECTORS_WRITTEN && text != NULL; i++)
		text = read_number(text, &sectors);
	if (text == NULL)
		return false;
	*ret_bytes = sectors * FLASH_SECTOR_BYTES;
	return true;
}

/* 1: up to 10 % used ... 10: up to 100 %, 11: more. 0 is "not defined". */
static bool is_life_step(int64_t step)
{
	return step > 0 && step <= LIFE_STEP_EXCEEDED;
}

bool flash_read_life(const char *text, int64_t *ret_percent)
{
	int64_t steps[2] = {0, 0}, worst = 0;
	for (size_t i = 0; i < 2 && text != NULL; i++)
		text = read_number(text, &steps[i]);
	for (size_t i = 0; i < 2; i++)
		if (is_life_step(steps[i]) && steps[i] > worst)
			worst = steps[i];
	if (worst == 0)
		return false;
	*ret_percent = worst < LIFE_STEP_EXCEEDED
			       ? (LIFE_STEP_LAST - worst) * FLASH_LIFE_PERCENT_A_STEP
			       : 0;
	return true;
}

bool flash_read_pre_eol(const char *text, uint8_t *ret_pre_eol)
{
	int64_t step = 0;
	if (read_number(text, &step) == NULL || step <= FLASH_PRE_EOL_UNKNOWN ||
		step >= FLASH_PRE_EOL_COUNT)
		return false;
	*ret_pre_eol = (uint8_t)step;
	return true;
}

/* ---- sums ---- */

static struct flash_mark mark_of(const struct flash_look *look, int64_t at_mono_ms)
{
	struct flash_mark mark = {.at_mono_ms = at_mono_ms};
	memcpy(mark.bytes, look->bytes, sizeof mark.bytes);
	return mark;
}

static bool goes_on(const struct flash_history *history, const struct flash_look *look)
{
	bool same = history->has_begun && history->newest.device == look->device;
	for (size_t i = 0; i < FLASH_COUNTER_COUNT; i++) {
		bool was_known = history->newest.bytes[i] != FLASH_UNKNOWN;
		bool is_known = look->bytes[i] != FLASH_UNKNOWN;
		same = same && was_known == is_known && look->bytes[i] >= history->newest.bytes[i];
	}
	return same;
}

static void add_mark(struct flash_history *history, const struct flash_mark *mark)
{
	if (history->marks_count == FLASH_MARKS_MAX) {
		memmove(&history->marks[0], &history->marks[1],
			(FLASH_MARKS_MAX - 1) * sizeof history->marks[0]);
		history->marks_count--;
	}
	history->marks[history->marks_count++] = *mark;
}

void flash_history_add(struct flash_history *history, const struct flash_look *look,
	int64_t at_mono_ms, int64_t rows)
{
	struct flash_mark mark = mark_of(look, at_mono_ms);
	if (!goes_on(history, look))
		*history = (struct flash_history){
			.has_begun = true, .begin_rows = rows, .first = *look};
	history->newest = *look;
	history->newest_mono_ms = at_mono_ms;
	history->rows = rows;
	if (history->marks_count == 0 ||
		at_mono_ms - history->marks[history->marks_count - 1].at_mono_ms >= FLASH_MARK_MS)
		add_mark(history, &mark);
}

/* The youngest mark that is a day old or more; NULL: none is. */
static const struct flash_mark *mark_of_yesterday(const struct flash_history *history)
{
	const struct flash_mark *found = NULL;
	for (size_t i = 0; i < history->marks_count; i++)
		if (history->newest_mono_ms - history->marks[i].at_mono_ms >= FLASH_DAY_MS)
			found = &history->marks[i];
	return found;
}

/* bytes * FLASH_DAY_MS / age_ms, of any number of bytes. */
static int64_t bytes_a_day(int64_t bytes, int64_t age_ms)
{
	return bytes / age_ms * FLASH_DAY_MS + bytes % age_ms * FLASH_DAY_MS / age_ms;
}

static struct flash_figures figures_of(
	const struct flash_history *history, enum flash_counter counter)
{
	const struct flash_mark *mark = mark_of_yesterday(history);
	int64_t newest = history->newest.bytes[counter];
	int64_t rows = history->rows - history->begin_rows;
	struct flash_figures figures = {.is_known = history->has_begun && newest != FLASH_UNKNOWN};
	if (!figures.is_known)
		return figures;
	figures.since_start = newest - history->first.bytes[counter];
	figures.has_day = mark != NULL;
	if (mark != NULL)
		figures.day = bytes_a_day(
			newest - mark->bytes[counter], history->newest_mono_ms - mark->at_mono_ms);
	figures.has_row = rows > 0;
	if (rows > 0)
		figures.per_row = (figures.since_start + rows / 2) / rows;
	return figures;
}

struct flash_wear flash_wear_of(const struct flash_history *history)
{
	struct flash_wear wear = {
		.has_life_left =
			history->has_begun && history->newest.life_left_percent != FLASH_UNKNOWN,
		.pre_eol = history->newest.pre_eol};
	if (wear.has_life_left)
		wear.life_left_percent = history->newest.life_left_percent;
	for (size_t i = 0; i < FLASH_COUNTER_COUNT; i++)
		wear.counters[i] = figures_of(history, (enum flash_counter)i);
	return wear;
}
