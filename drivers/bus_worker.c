/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_worker.c -- The thread that moves a bus_engine through real time, and
 * the counter at which others borrow its bus.
 *
 * One lock guards `stopping`, `ended` and the loan; the engine and the bus are
 * the thread's alone (interrupt() may come from anywhere).
 */
#include "drivers/bus_worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

enum {
	STACK_BYTES = 192 * 1024, /* of which a page or three are ever touched */
	TIMER_SLACK_NS = 1,       /* silences are kept to the microsecond, not to the usual 50 */
	LOAN_GRACE_MS = 1000,     /* beyond its time-out, for the wire and a late thread */
	US_PER_MS = 1000,
};

enum loan_state {
	LOAN_NONE,
	LOAN_WAITS,
	LOAN_TAKEN, /* its request is on the wire */
	LOAN_DONE,
};

struct posted_loan {
	enum loan_state state;
	bool abandoned; /* its borrower has gone; nobody takes the answer */
	struct bus_loan terms;
	enum bus_status status;
	struct bus_answer answer;
	const char *reason;
};

struct bus_worker {
	struct bus_worker_settings settings;
	struct bus_engine *engine;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* on CLOCK_MONOTONIC */
	bool stopping;
	bool ended;
	struct posted_loan loan;
	struct bus_answer answer;
	_Atomic int32_t load_permille;
};

static struct timespec timespec_of(int64_t mono_us)
{
	return (struct timespec){.tv_sec = mono_us / 1000000, .tv_nsec = mono_us % 1000000 * 1000};
}

/* With the lock held. False when the time is over. */
static bool wait_for_change(struct bus_worker *worker, int64_t until_mono_us)
{
	if (until_mono_us == INT64_MAX) {
		return pthread_cond_wait(&worker->changed, &worker->lock) == 0;
	}
	struct timespec until = timespec_of(until_mono_us);

	return pthread_cond_timedwait(&worker->changed, &worker->lock, &until) == 0;
}

static bool is_stopping(struct bus_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	bool stopping = worker->stopping;
	pthread_mutex_unlock(&worker->lock);
	return stopping;
}

static void pass_report(void *context, const struct worker_report *report)
{
	struct bus_worker *worker = context;

	if (!is_stopping(worker)) {
		worker->settings.report(worker->settings.context, report);
	}
}

static void end_loan(struct bus_worker *worker, enum bus_status status, const char *reason)
{
	pthread_mutex_lock(&worker->lock);
	worker->loan.status = status;
	worker->loan.reason = reason;
	worker->loan.state = worker->loan.abandoned ? LOAN_NONE : LOAN_DONE;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

/* Returns when it may go out if it has to wait, else INT64_MAX. */
static int64_t serve_loan(struct bus_worker *worker)
{
	struct posted_loan *loan = &worker->loan;
	int64_t until_mono_us = INT64_MAX;

	pthread_mutex_lock(&worker->lock);
	bool waits = loan->state == LOAN_WAITS;
	if (waits && (!bus_engine_is_open(worker->engine) ||
			     bus_engine_may_lend(worker->engine, &loan->terms, bus_now_mono_us(),
				     &until_mono_us))) {
		loan->state = LOAN_TAKEN;
	}
	pthread_mutex_unlock(&worker->lock);
	if (!waits || until_mono_us != INT64_MAX) {
		return until_mono_us;
	}
	if (!bus_engine_is_open(worker->engine)) {
		end_loan(worker, BUS_DOWN, "the port is not open");
		return INT64_MAX;
	}
	struct bus *bus = worker->settings.bus;
	struct bus_lent lent = {.begun_mono_us = bus_now_mono_us()};

	lent.status =
		bus->ops->ask(bus, &loan->terms.request, loan->terms.timeout_ms, &loan->answer);
	lent.ended_mono_us = bus_now_mono_us();
	bus_engine_lent(worker->engine, &loan->terms, &lent);
	end_loan(worker, lent.status, bus_status_text(lent.status));
	return INT64_MAX;
}

static void open_bus(struct bus_worker *worker)
{
	struct bus *bus = worker->settings.bus;
	const char *reason = "";
	enum bus_status status = bus->ops->open(bus, &reason);

	bus_engine_opened(worker->engine, status, reason, bus_now_mono_us());
}

static void ask(struct bus_worker *worker, const struct engine_step *step)
{
	struct bus *bus = worker->settings.bus;
	enum bus_status status =
		bus->ops->ask(bus, &step->request, step->timeout_ms, &worker->answer);

	bus_engine_answered(worker->engine, status, &worker->answer, bus_now_mono_us());
}

static void wait_until(struct bus_worker *worker, int64_t until_mono_us)
{
	pthread_mutex_lock(&worker->lock);
	while (!worker->stopping && worker->loan.state != LOAN_WAITS &&
		wait_for_change(worker, until_mono_us)) {
	}
	pthread_mutex_unlock(&worker->lock);
}

/* A loan that must wait stays posted; nothing but time or the end of the thread ends the wait. */
static void wait_with_loan(struct bus_worker *worker, int64_t until_mono_us)
{
	pthread_mutex_lock(&worker->lock);
	while (!worker->stopping && wait_for_change(worker, until_mono_us)) {
	}
	pthread_mutex_unlock(&worker->lock);
}

static void *run(void *argument)
{
	struct bus_worker *worker = argument;

	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	while (!is_stopping(worker)) {
		int64_t loan_mono_us = serve_loan(worker);
		struct engine_step step = bus_engine_next(worker->engine, bus_now_mono_us());

		worker->load_permille = bus_engine_load_permille(worker->engine);
		if (step.action == ENGINE_OPEN) {
			open_bus(worker);
		} else if (step.action == ENGINE_ASK) {
			ask(worker, &step);
		} else if (loan_mono_us < step.until_mono_us) {
			wait_with_loan(worker, loan_mono_us);
		} else if (loan_mono_us != INT64_MAX) {
			wait_with_loan(worker, step.until_mono_us);
		} else {
			wait_until(worker, step.until_mono_us);
		}
	}
	pthread_mutex_lock(&worker->lock);
	worker->ended = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

static bool start_thread(struct bus_worker *worker)
{
	pthread_attr_t attributes;
	pthread_condattr_t clock;

	pthread_mutex_init(&worker->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->changed, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int failed = pthread_create(&worker->thread, &attributes, run, worker);
	pthread_attr_destroy(&attributes);
	return failed == 0;
}

static void free_worker(struct bus_worker *worker)
{
	bus_engine_free(worker->engine);
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

struct bus_worker *bus_worker_start(const struct bus_worker_settings *settings)
{
	struct bus_worker *worker = calloc(1, sizeof(*worker));

	if (!worker) {
		return NULL;
	}
	worker->settings = *settings;
	worker->load_permille = BUS_LOAD_UNKNOWN;
	worker->engine = bus_engine_new(
		&(struct bus_engine_settings){
			.line = settings->line,
			.devices = settings->devices,
			.devices_count = settings->devices_count,
			.answer_time_ms = settings->answer_time_ms,
			.report = pass_report,
			.context = worker,
		},
		bus_now_mono_us());
	if (!worker->engine) {
		free(worker);
		return NULL;
	}
	if (!start_thread(worker)) {
		free_worker(worker);
		return NULL;
	}
	return worker;
}

void bus_worker_stop(struct bus_worker *worker)
{
	struct bus *bus = worker->settings.bus;

	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	if (bus->ops->interrupt) {
		bus->ops->interrupt(bus);
	}
}

bool bus_worker_join(struct bus_worker *worker, uint32_t wait_ms)
{
	const int64_t until_mono_us = bus_now_mono_us() + (int64_t)wait_ms * US_PER_MS;

	pthread_mutex_lock(&worker->lock);
	while (!worker->ended && wait_for_change(worker, until_mono_us)) {
	}
	bool ended = worker->ended;
	pthread_mutex_unlock(&worker->lock);
	if (!ended) {
		return false;
	}
	pthread_join(worker->thread, NULL);
	worker->settings.bus->ops->close(worker->settings.bus);
	free_worker(worker);
	return true;
}

/* With the lock held: the counter is free and the loan posted, or the time is over. */
static bool post_loan(struct bus_worker *worker, const struct bus_loan *loan, int64_t until_mono_us)
{
	while (worker->loan.state != LOAN_NONE && !worker->stopping) {
		if (!wait_for_change(worker, until_mono_us)) {
			return false;
		}
	}
	if (worker->stopping) {
		return false; /* another's request may still be on the wire */
	}
	worker->loan.state = LOAN_WAITS;
	worker->loan.abandoned = false;
	worker->loan.terms = *loan;
	pthread_cond_broadcast(&worker->changed);
	return true;
}

/* With the lock held: wait for the turn, then for the answer. */
static bool await_loan(struct bus_worker *worker, uint32_t timeout_ms, int64_t until_mono_us)
{
	while (worker->loan.state == LOAN_WAITS && !worker->stopping &&
		wait_for_change(worker, until_mono_us)) {
	}
	if (worker->loan.state == LOAN_WAITS) {
		return false;
	}
	/* On the wire it ends by its own time-out; should the thread hang, it is abandoned. */
	const int64_t end_mono_us =
		bus_now_mono_us() + (int64_t)(timeout_ms + LOAN_GRACE_MS) * US_PER_MS;

	while (worker->loan.state == LOAN_TAKEN && wait_for_change(worker, end_mono_us)) {
	}
	return worker->loan.state == LOAN_DONE;
}

enum bus_status bus_worker_lend(struct bus_worker *worker, const struct bus_loan *loan,
	uint32_t wait_ms, struct bus_lent_answer *ret_lent)
{
	const int64_t until_mono_us = bus_now_mono_us() + (int64_t)wait_ms * US_PER_MS;
	enum bus_status status = BUS_DOWN;

	ret_lent->reason = "its turn did not come: the line is busy";
	pthread_mutex_lock(&worker->lock);
	if (post_loan(worker, loan, until_mono_us)) {
		if (await_loan(worker, loan->timeout_ms, until_mono_us)) {
			status = worker->loan.status;
			ret_lent->answer = worker->loan.answer;
			ret_lent->reason = worker->loan.reason;
		}
		worker->loan.abandoned = worker->loan.state == LOAN_TAKEN;
		if (!worker->loan.abandoned) {
			worker->loan.state = LOAN_NONE;
		}
		pthread_cond_broadcast(&worker->changed);
	}
	pthread_mutex_unlock(&worker->lock);
	return status;
}

int32_t bus_worker_load_permille(const struct bus_worker *worker)
{
	return worker->load_permille;
}

struct frame_record *bus_worker_record(const struct bus_worker *worker)
{
	return worker->settings.bus->record;
}
