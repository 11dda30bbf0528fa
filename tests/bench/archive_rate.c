/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_rate.c -- Rows a second into an archive's table: through the archive's own
 * seam (city/archive_store.h), and raw. The rows are the same: quarters of hours of
 * made-up gateways, as many a transaction as a batch of the archive has.
 *
 *   archive_rate seam|sqlite|inserts|copy WHERE GATEWAYS METERS QUARTERS
 *
 * WHERE: an empty data base. Prints the seconds from the first row to the last commit;
 * gateways, series and months are made before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "city/archive_inbox.h"
#include "city/archive_store.h"
#include "tests/bench/quarter.h"
#include "tests/bench/raw_base.h"

enum { METERS_MAX = 256, GATEWAYS_MAX = 20000 };

struct rate {
	struct archive_store *store;
	const char *where;
	long gateways, meters, quarters;
	struct quarter_gateway *of;
	/* A message being given; the raw row being given. */
	char names[METERS_MAX][METER_ID_MAX];
	struct interval_message_row rows[METERS_MAX];
};

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- through the seam ---- */

/* A gateway's quarter as a message that was read; `message` points into `rate`. */
static void make_message(struct rate *rate, const struct quarter_gateway *of, int64_t quarter,
	struct message *message)
{
	for (int i = 0; i < of->meters; i++)
		quarter_interval(of, quarter, i, rate->names[i], &rate->rows[i]);
	*message = (struct message){
		.kind = MESSAGE_INTERVALS,
		.stream = {.store = of->store,
			   .generation = 1,
			   .stream = STREAM_ENERGY,
			   .after = quarter * of->meters,
			   .through = (quarter + 1) * of->meters,
			   .rows = rate->rows,
			   .rows_count = (size_t)of->meters}
        };
}

/* Message `number`: gateway after gateway, quarter after quarter. */
static bool give(struct rate *rate, long number, bool takes)
{
	const struct quarter_gateway *of = &rate->of[number % rate->gateways];
	struct message message;
	struct archive_taken taken;
	make_message(rate, of, number / rate->gateways, &message);
	const struct archive_arrival arrival = {
		.name = of->name, .message = &message, .at_wall_ms = QUARTER_MS};
	if (!takes)
		return archive_store_prepare(rate->store, &arrival) == ARCHIVE_OK;
	return archive_store_take(rate->store, &arrival, &taken) == ARCHIVE_OK &&
	       taken.rows == rate->meters;
}

/* As the archive's worker does: a batch is prepared, then one transaction. */
static bool through_seam(struct rate *rate)
{
	long count = rate->gateways * rate->quarters;
	bool good = true;
	for (long first = 0; good && first < count; first += INBOX_BATCH_MESSAGES) {
		long end =
			first + INBOX_BATCH_MESSAGES < count ? first + INBOX_BATCH_MESSAGES : count;
		for (long i = first; good && i < end; i++)
			good = give(rate, i, false);
		good = good && archive_store_begin(rate->store) == ARCHIVE_OK;
		for (long i = first; good && i < end; i++)
			good = give(rate, i, true);
		good = good && archive_store_commit(rate->store) == ARCHIVE_OK;
	}
	return good;
}

/* ---- raw ---- */

static void make_row(void *context, long number, struct archive_value values[static RAW_COLUMNS])
{
	struct rate *rate = context;
	long place = number / rate->meters, gateway = place % rate->gateways;
	struct interval_message_row *row = &rate->rows[0];
	quarter_interval(&rate->of[gateway], place / rate->gateways, number % rate->meters,
		rate->names[0], row);
	const struct archive_value of_row[RAW_COLUMNS] = {
		{ARCHIVE_NUMBER, gateway + 1,               NULL          },
		{ARCHIVE_NUMBER, 1,                         NULL          },
		{ARCHIVE_NUMBER, row->row.id,               NULL          },
		{ARCHIVE_NUMBER, row->row.start_wall_ms,    NULL          },
		{ARCHIVE_NUMBER, row->row.end_wall_ms,      NULL          },
		{ARCHIVE_NUMBER, number % rate->meters + 1, NULL          },
		{ARCHIVE_TEXT,   0,                         "measured"    },
		{ARCHIVE_NUMBER, row->row.energy,           NULL          },
		{ARCHIVE_NULL,   0,                         NULL          },
		{ARCHIVE_TEXT,   0,                         ""            },
		{ARCHIVE_NUMBER, 0,                         NULL          },
		{ARCHIVE_NUMBER, 0,                         NULL          },
		{ARCHIVE_NUMBER, row->row.reading_start,    NULL          },
		{ARCHIVE_NUMBER, row->row.reading_end,      NULL          },
		{ARCHIVE_TEXT,   0,                         "synchronised"},
		{ARCHIVE_NUMBER, QUARTER_MS,                NULL          },
	};
	memcpy(values, of_row, sizeof(of_row));
}

static bool raw(struct rate *rate, bool (*write)(const char *where, const struct raw_rows *rows))
{
	const struct raw_rows rows = {.row = make_row,
		.context = rate,
		.count = rate->gateways * rate->quarters * rate->meters,
		.a_transaction = INBOX_BATCH_MESSAGES * rate->meters};
	return write(rate->where, &rows);
}

static bool to_sqlite(struct rate *rate)
{
	return raw(rate, raw_sqlite);
}

static bool to_postgres_by_inserts(struct rate *rate)
{
	return raw(rate, raw_postgres_inserts);
}

static bool to_postgres_by_copy(struct rate *rate)
{
	return raw(rate, raw_postgres_copy);
}

/* ---- the whole ---- */

/* Tables, gateways, series, and the months of the first and the last quarter. */
static bool make_all(struct rate *rate)
{
	char reason[ARCHIVE_REASON_MAX];
	bool good = archive_store_open(rate->where, &rate->store, reason) == ARCHIVE_OK;
	if (!good)
		fprintf(stderr, "archive_rate: %s\n", reason);
	rate->of = calloc((size_t)rate->gateways, sizeof(rate->of[0]));
	for (long i = 0; rate->of && i < rate->gateways; i++)
		quarter_gateway_init(&rate->of[i], (int)i, (int)rate->meters, 0);
	good = good && rate->of != NULL;
	for (long i = 0; good && i < rate->gateways; i++)
		good = give(rate, i, false);
	return good && give(rate, rate->gateways * rate->quarters - 1, false);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*run)(struct rate *rate);
	} ways[] = {
		{"seam",    through_seam          },
		{"sqlite",  to_sqlite             },
		{"inserts", to_postgres_by_inserts},
		{"copy",    to_postgres_by_copy   },
	};
	static struct rate rate;
	size_t way = sizeof(ways) / sizeof(ways[0]);
	if (argc == 6) {
		while (way > 0 && strcmp(ways[way - 1].name, argv[1]) != 0)
			way--;
		rate.where = argv[2];
		rate.gateways = atol(argv[3]);
		rate.meters = atol(argv[4]);
		rate.quarters = atol(argv[5]);
	}
	if (argc != 6 || way == 0 || rate.gateways < 1 || rate.gateways > GATEWAYS_MAX ||
		rate.meters < 1 || rate.meters > METERS_MAX || rate.quarters < 1) {
		fprintf(stderr, "usage: archive_rate seam|sqlite|inserts|copy WHERE GATEWAYS "
				"METERS QUARTERS\n");
		return 2;
	}
	bool good = make_all(&rate);
	double began_s = now_s();
	good = good && ways[way - 1].run(&rate);
	if (good)
		printf("%.6f\n", now_s() - began_s);
	archive_store_close(rate.store);
	free(rate.of);
	return good ? 0 : 1;
}
