/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation.h -- One seed's world in one thread and virtual time: devices,
 * lines, a board with the real program's heart on it, a broker, an archive, and
 * the oracle that watches them.
 *
 * True time is UTC in microseconds; the board's clocks are made from it and may
 * be wrong.
 */
#ifndef TESTS_SIMULATION_SIMULATION_H
#define TESTS_SIMULATION_SIMULATION_H

#include <stdio.h>

#include "drivers/bus_engine.h"
#include "gateway/pipeline.h"
#include "gateway/reload.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/archive.h"
#include "tests/simulation/box.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/plan.h"

/* A line's conversation: what was asked, and when the answer is complete. */
struct line {
	struct simulation *simulation;
	size_t bus; /* index in the site's */
	struct bus_engine *engine;
	struct pipeline_source source;
	bool asking;
	struct bus_request request;
	enum bus_status outcome; /* BUS_OK: the device's own answer */
	int64_t sent_us;
	int64_t due_us;
	/* What is wrong with it. */
	int64_t dead_until_us;
	int64_t gone_until_us; /* the port */
	int64_t noisy_until_us;
	double noise; /* share of answers broken while it is noisy */
	uint32_t late_bytes;
	struct dice dice;
};

/* A metering point and the device that stands there. */
struct point {
	struct box *box;
	struct ledger ledgers[PLAN_COUNTERS_MAX];
	bool anchored[PLAN_COUNTERS_MAX]; /* in the store in use */
	int32_t devices;                  /* that have stood here */
	/* Answers while the board does not know the time: the first and the newest are sure to be
	   placed. */
	struct {
		bool any, lied;
		bool is_of_earlier_boot; /* such answers may be on the disk */
		int64_t first_us, newest_us;
		struct position first, newest;
	} waiting[PLAN_COUNTERS_MAX];
	/* As its newest answer showed it. */
	struct {
		struct position position;
		int64_t shown;
	} answered[PLAN_COUNTERS_MAX];
};

struct board {
	struct pipeline *pipeline; /* NULL: off */
	struct clock_observation now;
	char directory[80]; /* of all this seed's files */
	char store[120];    /* in use */
	int stores;         /* numbered */
	int boards;
	char machine_id[40];
	char boot[40];
	int boots;
	int64_t boot_us;  /* true time at which its monotonic clock stood at BOARD_MONO_MS */
	int64_t error_ms; /* of its wall clock */
	bool synchronised;
	int64_t due_us;           /* pipeline_step */
	bool crashed;             /* in the middle of a call: nothing it says is heard any more */
	int64_t energy_committed; /* id; must arrive */
	int64_t up_since_us;
	int64_t wrong_since_us; /* the clock; INT64_MAX: it is right */
	int64_t worst_ms;       /* the largest error there has been */
};

enum { BROKER_WINDOW = 64, BOARD_MONO_MS = 5000 };

/* A publication on its way. */
struct in_flight {
	uint32_t tag;
	enum message_kind kind;
	bool is_stream;
	char *payload;
	size_t length;
	int64_t due_us; /* the acknowledgement */
};

struct broker {
	bool connected;
	int64_t away_until_us;
	int64_t refuses_until_us;
	int64_t back_us; /* connects then; INT64_MAX: it is connected or the board is off */
	struct in_flight flights[BROKER_WINDOW];
	size_t flights_count; /* in order */
	struct dice dice;
};

struct figures {
	uint64_t seeds, answers, rows, revisions, events, messages, crashes, exchanges, resets;
	uint64_t rollovers, steps, boards, lies, believable, not_judged, judged, measured,
		estimated;
	uint64_t rejected, missing, withheld, breaks, settlements;
	uint64_t totals, totals_judged, anchors;
	uint64_t acts, settled, refused; /* a person's */
	uint64_t receipts, restored;
};

struct simulation {
	uint64_t seed;
	struct world_plan plan;
	int64_t now_us;
	struct agenda agenda;
	struct loaded_site *loaded;
	struct point points[PLAN_METERS_MAX];
	struct line lines[PLAN_BUSES_MAX];
	struct board board;
	struct broker broker;
	struct archive archive;
	struct figures figures;
	struct dice dice;
	bool trace;
	bool is_swapped; /* the pair's devices stand at each other's address */
	bool was_swapped;
	bool draining; /* the end: no trouble any more */
	bool failed;
	char violation[600];
};

/* ---- simulation.c ---- */
struct simulation_wish {
	struct plan_wish plan;
	bool trace;
	const char *directory; /* for files; must exist */
};
/* Run one seed. False: an invariant was violated; printed. */
bool simulation_run(uint64_t seed, const struct simulation_wish *wish, struct figures *ret_figures);

/* ---- report.c ---- */
/* An invariant does not hold: the run ends. */
__attribute__((format(printf, 3, 4))) void violated(
	struct simulation *simulation, const char *invariant, const char *format, ...);
__attribute__((format(printf, 2, 3))) void trace(
	const struct simulation *simulation, const char *format, ...);
enum { INSTANT_MAX = 32 };
const char *instant(char buffer[static INSTANT_MAX], int64_t wall_ms);
void figures_add(struct figures *sum, const struct figures *figures);
void figures_print(const struct figures *figures, FILE *stream);

/* ---- line.c ---- */
void line_start(struct line *line);
void line_stop(struct line *line);
int64_t line_due_us(const struct line *line);
void line_go_on(struct line *line);

/* ---- devices.c ---- */
void devices_begin(struct simulation *simulation);
void devices_end(struct simulation *simulation);
/* Count up to now, with what happens on the way (a hidden end). */
void device_advance(struct simulation *simulation, int point);
void device_exchange(struct simulation *simulation, int point);
bool device_is_of_pair(const struct simulation *simulation, int point);
/* Whose device answers at a meter's address. */
int device_at(const struct simulation *simulation, int point);
void devices_swap(struct simulation *simulation);
void device_reset(struct simulation *simulation, int point, int counter);

/* ---- watch.c: what the board was told, as the oracle sees it ---- */
void watch_answer(struct simulation *simulation, int point);
void watch_report(
	struct simulation *simulation, const struct line *line, const struct worker_report *report);
/* The board learnt the time, or forgot what it had not stored. */
void watch_clock(struct simulation *simulation);
void watch_wrong_clock(struct simulation *simulation); /* it was set wrong, or will be right now */
void watch_start(struct simulation *simulation);
void watch_stop(struct simulation *simulation);

/* ---- board.c ---- */
void board_begin(struct simulation *simulation);
void board_end(struct simulation *simulation);
void board_boot(struct simulation *simulation);  /* power comes */
void board_start(struct simulation *simulation); /* the program starts */
void board_step(struct simulation *simulation);
void board_stop(struct simulation *simulation); /* cleanly */
void board_crash(struct simulation *simulation);
void board_crash_in_commit(struct simulation *simulation); /* soon */
void board_replace(struct simulation *simulation);
void board_observe(struct simulation *simulation); /* fills board.now */
int64_t board_wall_ms(const struct simulation *simulation, int64_t true_us);

/* ---- broker.c ---- */
enum link_status broker_publish(void *context, const struct mqtt_publication *publication);
int64_t broker_due_us(const struct simulation *simulation);
void broker_go_on(struct simulation *simulation);
void broker_cut(struct simulation *simulation);
void broker_forget(struct simulation *simulation); /* the board is gone, with all on the way */

/* ---- troubles.c ---- */
void troubles_begin(struct simulation *simulation);
void troubles_end(struct simulation *simulation);
/* The board was cut off: it comes back. */
void troubles_back(struct simulation *simulation);

/* ---- person.c ---- */
/* At a meter; what has no value is settled, maybe. */
void person_looks(struct simulation *simulation, int64_t point);

/* ---- anchor.c ---- */
/* The archive tells a new store where each series stood. */
void anchors_give(struct simulation *simulation, int64_t boards);
void anchors_forget(struct simulation *simulation);

/* ---- receipts.c: the archive's word on what it has ---- */
void receipts_begin(struct simulation *simulation);
void receipts_give(struct simulation *simulation);   /* a message has come */
void receipts_repeat(struct simulation *simulation); /* a new connection */
void receipts_judge(struct simulation *simulation);  /* at the end */

/* ---- judge.c, judge_series.c: what arrives, against the oracle ---- */
void judge_row(
	struct simulation *simulation, int point, int counter, const struct interval_row *row);
void judge_event(struct simulation *simulation, const struct event_row *event);
/* The clock has been right for a while, in this boot: nothing has a value before its time. */
void judge_future(struct simulation *simulation, int64_t boot);
/* The totals last told, against the rows that arrived. At the end only. */
void judge_totals(struct simulation *simulation);
/* All newest rows that begin at or after an instant. */
void judge_all(struct simulation *simulation, int64_t from_wall_ms, bool at_end);

#endif
