/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_archive_opening.c -- Several workers may be started at once on an archive that is
 * not there yet: each finds it, whoever makes it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "city/archive_store.h"
#include "tests/fakes/archive_fixture.h"

enum { WORKERS = 4 };

struct opening {
	const char *where;
	pthread_barrier_t *start;
	enum archive_status status;
	char reason[ARCHIVE_REASON_MAX];
};

static void *open_one(void *context)
{
	struct opening *opening = context;
	struct archive_store *store = NULL;
	pthread_barrier_wait(opening->start);
	opening->status = archive_store_open(opening->where, &store, opening->reason);
	archive_store_close(store);
	return NULL;
}

static void workers_that_start_at_once_make_one_archive(void **state)
{
	const int *archives = *state;
	for (int archive = 0; archive < *archives; archive++) {
		pthread_t threads[WORKERS];
		struct opening openings[WORKERS];
		pthread_barrier_t start;
		const char *where = archive_fixture_new();
		assert_int_equal(pthread_barrier_init(&start, NULL, WORKERS), 0);
		for (int i = 0; i < WORKERS; i++) {
			openings[i] = (struct opening){.where = where, .start = &start};
			assert_int_equal(
				pthread_create(&threads[i], NULL, open_one, &openings[i]), 0);
		}
		for (int i = 0; i < WORKERS; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&start);
		for (int i = 0; i < WORKERS; i++) {
			if (openings[i].status != ARCHIVE_OK)
				print_error("%s\n", openings[i].reason);
			assert_int_equal(openings[i].status, ARCHIVE_OK);
		}
		assert_int_equal(archive_fixture_number("SELECT count(*) FROM format"), 1);
	}
}

/* In SQLite they meet in the same instant now and then only. */
static int many = 200, few = 5;

int main(void)
{
	const struct CMUnitTest on_sqlite[] = {
		cmocka_unit_test_prestate(workers_that_start_at_once_make_one_archive, &many),
	};
	const struct CMUnitTest on_postgres[] = {
		cmocka_unit_test_prestate(workers_that_start_at_once_make_one_archive, &few),
	};
	int failed = cmocka_run_group_tests_name(
		"SQLite", on_sqlite, archive_fixture_sqlite, archive_fixture_end);
	return failed + cmocka_run_group_tests_name("PostgreSQL", on_postgres,
				archive_fixture_postgres, archive_fixture_end);
}
