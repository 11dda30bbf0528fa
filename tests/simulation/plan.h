/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h -- What a seed makes of a site: buses, meters, their models and loads,
 * which troubles it will know and how often. Made before anything happens.
 */
#ifndef TESTS_SIMULATION_PLAN_H
#define TESTS_SIMULATION_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/simulation/dice.h"
#include "tests/simulation/load.h"

enum { PLAN_METERS_MAX = 10, PLAN_BUSES_MAX = 3, PLAN_COUNTERS_MAX = 2 };

/* A kind of meter the simulation knows. */
struct plan_kind {
	const char *model;
	const char *counters[PLAN_COUNTERS_MAX]; /* quantities; NULL: none */
	const char *gauge;                       /* NULL: none */
	enum load_kind loads[PLAN_COUNTERS_MAX];
	int64_t most_per_hour[PLAN_COUNTERS_MAX]; /* inside steps */
	int fuse_a;                               /* 0: the rate is unknown to byport */
	bool electric;
	/* Raw steps at which the first counter starts again though the model does not say so; 0:
	   never. */
	int64_t hidden_modulus;
};
extern const struct plan_kind plan_kinds[];
extern const size_t plan_kinds_count;

/* Of the n-th device at a meter. */
#define PLAN_SERIAL(meter, number) (1000 * ((meter) + 1) + (number))

struct plan_meter {
	const struct plan_kind *kind;
	int bus;
	int address;
	bool fused;  /* main_fuse stands in the configuration */
	int parent;  /* index of the meter that counts it too; -1: none */
	bool mobile; /* it charges cars */
};

enum trouble {
	TROUBLE_NOISE,      /* a line's answers come broken or not at all, now and then */
	TROUBLE_DEAD_METER, /* no answer for minutes to days */
	TROUBLE_DEAD_LINE,  /* a whole bus */
	TROUBLE_LOST_PORT,  /* the adapter is pulled out */
	TROUBLE_RESTART,    /* a device restarts: silence, then zeros for some polls */
	TROUBLE_TORN,       /* answers whose words belong to two instants */
	TROUBLE_NO_VALUE,   /* NaN and sentinels */
	TROUBLE_SPIKE,      /* a reading far off */
	TROUBLE_RESET,      /* the counter starts at zero again */
	TROUBLE_EXCHANGE,   /* another device */
	TROUBLE_SWAP,       /* two devices at each other's address, for a while */
	TROUBLE_CRASH,      /* of the gateway, at any instant */
	TROUBLE_CRASH_IN_COMMIT,
	TROUBLE_STOP,        /* a clean restart */
	TROUBLE_DEAD_BOARD,  /* a new board with an empty store */
	TROUBLE_COLD_CLOCK,  /* boots begin in 1970 */
	TROUBLE_CLOCK_STEP,  /* set wrong by up to an hour, and right again */
	TROUBLE_CLOCK_YEARS, /* ... by years */
	TROUBLE_BROKER_AWAY,
	TROUBLE_REFUSAL,  /* publications refused for a while */
	TROUBLE_LOST_ACK, /* the connection ends with publications unanswered */
	PERSON_SETTLES,   /* no trouble: somebody decides about what has no value */
	TROUBLE_COUNT
};
const char *trouble_name(enum trouble trouble);

struct world_plan {
	uint64_t seed;
	int64_t start_us; /* true time, UTC */
	int64_t end_us;
	bool trust_clock;
	int meters_count;
	int buses_count;
	struct plan_meter meters[PLAN_METERS_MAX];
	bool tcp[PLAN_BUSES_MAX];
	double hours_between[TROUBLE_COUNT]; /* mean, of one target; 0: never */
	int pair[2];                         /* meters whose devices may change places; -1: none */
	int poll_s;
	int gap_limit_s;
	char *configuration; /* YAML; from malloc() */
};

/* Troubles that a run does not know unless it is asked for them: clocks that leap by years, which
 * byport takes back all its rows for. */
#define PLAN_UNUSUAL (UINT64_C(1) << TROUBLE_CLOCK_YEARS)

struct plan_wish {
	double days;
	int meters;         /* 0: as the seed says */
	bool calm;          /* no trouble at all */
	uint64_t troubles;  /* bits: only these may happen */
	const char *models; /* directory */
};

void world_plan_make(uint64_t seed, const struct plan_wish *wish, struct world_plan *ret_plan);
void world_plan_clear(struct world_plan *plan);

#endif
