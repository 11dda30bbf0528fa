/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_loans.h -- Requests that others make on a running bus. A bus answers
 * when it answers, so each is waited for on a thread of its own; the main loop
 * is told when it is done.
 */
#ifndef GATEWAY_DAEMON_LOANS_H
#define GATEWAY_DAEMON_LOANS_H

#include "drivers/bus_worker.h"

enum {
	LOANS_MAX = 4, /* under way at once, on all buses */
	LOAN_WAIT_MS_MAX = 5000,
	LOAN_TIMEOUT_MS_MAX = 5000,
};

struct loan {
	uint32_t client; /* whom to answer; the owner's */
	uint32_t source; /* which bus; the owner's */
	struct bus_worker *worker;
	struct bus_loan terms;
	uint32_t wait_ms;
	/* when it is done */
	enum bus_status status;
	struct bus_lent_answer lent;
};

struct daemon_loans;

struct daemon_loans *daemon_loans_new(void);

/* Waits for none that is under way: false then, and it is left alone. NULL is fine. */
bool daemon_loans_end(struct daemon_loans *loans);

int daemon_loans_fd(const struct daemon_loans *loans);

/* Begin one; `loan` is copied. False when LOANS_MAX are under way, or there is no thread. */
bool daemon_loans_begin(struct daemon_loans *loans, const struct loan *loan);

/* One that is done; false when there is none. */
bool daemon_loans_next(struct daemon_loans *loans, struct loan *ret_loan);

#endif
