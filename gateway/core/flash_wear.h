/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash_wear.h -- What writing costs the card under the store: bytes since the
 * start, over the last day and per stored row, and how much of its life is left.
 * The kernel's texts are taken apart here; who reads them is flash_look.h. Pure.
 *
 * Two counters, which answer two questions. `written` is the gateway's own
 * (/proc/self/io, write_bytes): what it alone had the kernel write, so a figure
 * that stays honest beside other programs; the file system's journal and tables
 * are not in it. `device` is the card's (/sys/dev/block/MAJOR:MINOR/stat, sectors
 * written): all that went to the partition or disk under the store, whoever
 * wrote it, journal and tables included: what wears it out. What the card's own
 * controller writes beside neither knows; its remaining life has it.
 */
#ifndef GATEWAY_CORE_FLASH_WEAR_H
#define GATEWAY_CORE_FLASH_WEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLASH_UNKNOWN INT64_C(-1)

enum {
	FLASH_MARK_MS = 3600 * 1000, /* the last day is known to the hour, */
	FLASH_MARKS_MAX = 25,        /* and from 24 whole ones on */
	FLASH_DAY_MS = 24 * 3600 * 1000,
	FLASH_SECTOR_BYTES = 512,       /* of the block layer, whatever the disk's own are */
	FLASH_LIFE_PERCENT_A_STEP = 10, /* of the card's own estimate */
};

enum flash_counter { FLASH_WRITTEN, FLASH_DEVICE, FLASH_COUNTER_COUNT };

/* PRE_EOL_INFO of eMMC 5.0 and newer: reserve blocks used up. */
enum flash_pre_eol {
	FLASH_PRE_EOL_UNKNOWN,
	FLASH_PRE_EOL_NORMAL,
	FLASH_PRE_EOL_WARNING, /* 80 % of them */
	FLASH_PRE_EOL_URGENT,  /* 90 % of them */
	FLASH_PRE_EOL_COUNT
};
const char *flash_pre_eol_name(enum flash_pre_eol pre_eol); /* "normal" ...; NULL: unknown */

/* What the kernel tells at one instant. Bytes and percent FLASH_UNKNOWN where it does not. */
struct flash_look {
	uint64_t device; /* which one is under the store; 0: none, a tmpfs or an overlay */
	int64_t bytes[FLASH_COUNTER_COUNT];
	int64_t life_left_percent; /* at least so much; 0: its last tenth, or past it */
	uint8_t pre_eol;           /* enum flash_pre_eol */
};

/* Each takes a file's text apart; false and *ret untouched when it is not of that form. */
bool flash_read_io(const char *text, int64_t *ret_bytes);     /* /proc/self/io */
bool flash_read_stat(const char *text, int64_t *ret_bytes);   /* stat of a block device */
bool flash_read_life(const char *text, int64_t *ret_percent); /* life_time: two estimates, of which
								 the worse counts */
bool flash_read_pre_eol(const char *text, uint8_t *ret_pre_eol); /* pre_eol_info */

/* Where a counter stood at an hour. */
struct flash_mark {
	int64_t at_mono_ms;
	int64_t bytes[FLASH_COUNTER_COUNT];
};

/* All looks so far. Zero-initialise it. */
struct flash_history {
	bool has_begun;
	int64_t begin_rows;
	int64_t rows;
	struct flash_look first;
	struct flash_look newest;
	int64_t newest_mono_ms;
	struct flash_mark marks[FLASH_MARKS_MAX]; /* the oldest first */
	size_t marks_count;
};

/* `rows` stored by then, ever more. A look at another device, or at a counter that fell, begins
 * anew. */
void flash_history_add(struct flash_history *history, const struct flash_look *look,
	int64_t at_mono_ms, int64_t rows);

/* What is told of one counter. */
struct flash_figures {
	bool is_known;
	bool has_day; /* it has been watched for a day */
	bool has_row; /* a row was stored */
	int64_t since_start;
	int64_t day;     /* over the last 24 hours */
	int64_t per_row; /* since the start, rounded */
};

struct flash_wear {
	struct flash_figures counters[FLASH_COUNTER_COUNT];
	bool has_life_left;
	int64_t life_left_percent;
	uint8_t pre_eol;
};
struct flash_wear flash_wear_of(const struct flash_history *history);

#endif
