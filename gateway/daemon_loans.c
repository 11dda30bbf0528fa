/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_loans.c -- Requests that others make on a running bus.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/daemon_loans.h"

enum { LOAN_STACK_BYTES = 128 * 1024 }; /* an answer and libmodbus's frames; sanitizers want more */

enum loan_state { LOAN_FREE, LOAN_UNDER_WAY, LOAN_DONE };

struct loan_place {
	struct daemon_loans *loans;
	enum loan_state state; /* under the mutex */
	struct loan loan;
};

struct daemon_loans {
	pthread_mutex_t mutex;
	int fd;
	struct loan_place places[LOANS_MAX];
};

struct daemon_loans *daemon_loans_new(void)
{
	struct daemon_loans *loans = calloc(1, sizeof *loans);
	if (loans == NULL)
		return NULL;
	pthread_mutex_init(&loans->mutex, NULL);
	for (size_t i = 0; i < LOANS_MAX; i++)
		loans->places[i].loans = loans;
	loans->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loans->fd >= 0)
		return loans;
	free(loans);
	return NULL;
}

bool daemon_loans_end(struct daemon_loans *loans)
{
	if (loans == NULL)
		return true;
	bool idle = true;
	pthread_mutex_lock(&loans->mutex);
	for (size_t i = 0; i < LOANS_MAX; i++)
		idle = idle && loans->places[i].state != LOAN_UNDER_WAY;
	pthread_mutex_unlock(&loans->mutex);
	if (!idle)
		return false;
	close(loans->fd);
	pthread_mutex_destroy(&loans->mutex);
	free(loans);
	return true;
}

int daemon_loans_fd(const struct daemon_loans *loans)
{
	return loans->fd;
}

static void *wait_for_it(void *context)
{
	struct loan_place *place = context;
	struct daemon_loans *loans = place->loans;
	struct loan *loan = &place->loan;
	uint64_t one = 1;
	loan->status = bus_worker_lend(loan->worker, &loan->terms, loan->wait_ms, &loan->lent);
	pthread_mutex_lock(&loans->mutex);
	place->state = LOAN_DONE;
	if (write(loans->fd, &one, sizeof one) < 0)
		one = 0; /* readable already */
	pthread_mutex_unlock(&loans->mutex);
	return NULL;
}

static struct loan_place *take_place(struct daemon_loans *loans, enum loan_state state)
{
	for (size_t i = 0; i < LOANS_MAX; i++)
		if (loans->places[i].state == state)
			return &loans->places[i];
	return NULL;
}

static bool start_thread(struct loan_place *place)
{
	pthread_attr_t attributes;
	pthread_t thread;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setstacksize(&attributes, LOAN_STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int failed = pthread_create(&thread, &attributes, wait_for_it, place);
	pthread_attr_destroy(&attributes);
	return failed == 0;
}

bool daemon_loans_begin(struct daemon_loans *loans, const struct loan *loan)
{
	pthread_mutex_lock(&loans->mutex);
	struct loan_place *place = take_place(loans, LOAN_FREE);
	if (place != NULL) {
		place->state = LOAN_UNDER_WAY;
		place->loan = *loan;
	}
	pthread_mutex_unlock(&loans->mutex);
	if (place == NULL)
		return false;
	if (start_thread(place))
		return true;
	pthread_mutex_lock(&loans->mutex);
	place->state = LOAN_FREE;
	pthread_mutex_unlock(&loans->mutex);
	return false;
}

bool daemon_loans_next(struct daemon_loans *loans, struct loan *ret_loan)
{
	uint64_t count;
	pthread_mutex_lock(&loans->mutex);
	struct loan_place *place = take_place(loans, LOAN_DONE);
	if (place != NULL) {
		*ret_loan = place->loan;
		place->state = LOAN_FREE;
	} else if (read(loans->fd, &count, sizeof count) < 0) {
		count = 0; /* nothing was to be taken back */
	}
	pthread_mutex_unlock(&loans->mutex);
	return place != NULL;
}
