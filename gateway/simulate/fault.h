/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h -- What can be wrong with a simulated device, by name, and when.
 * Pure.
 *
 * Written as KIND[:ARGUMENT[:ARGUMENT]][*COUNT][@FROM[-TO]]: "silent",
 * "late:800", "exception:4*3", "hole:72-73@10-20". COUNT: for so many requests;
 * FROM, TO: seconds since the simulation began.
 */
#ifndef GATEWAY_SIMULATE_FAULT_H
#define GATEWAY_SIMULATE_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_SILENT,
	FAULT_LATE,       /* argument: milliseconds */
	FAULT_LATE_OTHER, /* the same, and every number 10 % higher */
	FAULT_BAD_CRC,    /* RTU framing only */
	FAULT_SHORT,      /* argument: bytes that are missing at the end */
	FAULT_WRONG_ADDRESS,
	FAULT_WRONG_FUNCTION,
	FAULT_EXCEPTION, /* argument: code */
	FAULT_BABBLE,    /* argument: bytes of noise instead of an answer */
	FAULT_NAN,
	FAULT_INFINITE,
	FAULT_ONES,
	FAULT_ZERO,
	FAULT_TORN,
	FAULT_HOLE,            /* arguments: first and last register that are refused */
	FAULT_OLD_TRANSACTION, /* TCP framing only: the transaction id before this one */
	FAULT_CLOSE,     /* TCP: hangs up instead of answering; a pseudo-terminal stays silent */
	FAULT_VANISH,    /* the whole line is gone for (argument) milliseconds */
	FAULT_EXCHANGED, /* another device: argument: its serial number; counters begin at 0 */
	FAULT_KIND_COUNT
};

enum fault_argument {
	ARGUMENT_NONE,
	ARGUMENT_NUMBER,        /* may be left out where there is a default */
	ARGUMENT_NUMBERS,       /* FIRST[-LAST] */
	ARGUMENT_SERIAL_NUMBER, /* text */
};

struct fault_info {
	const char *name;
	enum fault_argument argument;
	int64_t min;
	int64_t max;
	int64_t fallback; /* < min: the argument must be given */
	const char *help; /* what the device does */
};

enum { FAULT_TEXT_MAX = 33 };

struct fault {
	enum fault_kind kind;
	int64_t number;
	int64_t last;              /* FAULT_HOLE */
	char text[FAULT_TEXT_MAX]; /* FAULT_EXCHANGED */
	int64_t count;             /* requests it still holds for; -1: no limit */
	int64_t from_ms;           /* since the simulation began */
	int64_t to_ms;             /* exclusive; INT64_MAX: for ever */
};

/* Never NULL for a kind below FAULT_KIND_COUNT. */
const struct fault_info *fault_info(enum fault_kind kind);

/* False, with a sentence for the user in ret_reason, when it is not understood. */
enum { FAULT_REASON_MAX = 256 };
bool fault_parse(
	const char *text, struct fault *ret_fault, char ret_reason[static FAULT_REASON_MAX]);

/* Whether it holds now; `elapsed_ms` since the simulation began. */
bool fault_holds(const struct fault *fault, int64_t elapsed_ms);

/* One request has met it. */
void fault_spend(struct fault *fault);

#endif
