/* SPDX-License-Identifier: Apache-2.0 */
/* link_state.c -- link_state.h: the table, and the back-off. */
#include "gateway/core/link_state.h"

#include <assert.h>

static const char *const state_names[LINK_STATE_COUNT] = {
	[LINK_STATE_CONNECTING] = "connecting",
	[LINK_STATE_CONNECTED] = "connected",
	[LINK_STATE_WAITING] = "waiting",
	[LINK_STATE_STOPPED] = "stopped",
};

struct transition {
	enum link_state next;
	enum link_action action;
};

/* clang-format off */
static const struct transition transitions[LINK_STATE_COUNT][LINK_INPUT_COUNT] = {
	[LINK_STATE_CONNECTING] = {
		[LINK_INPUT_ACCEPTED] = {LINK_STATE_CONNECTED,  LINK_ACTION_ANNOUNCE},
		[LINK_INPUT_LOST]     = {LINK_STATE_WAITING,    LINK_ACTION_WAIT},
		[LINK_INPUT_TICK]     = {LINK_STATE_CONNECTING, LINK_ACTION_NONE},
		[LINK_INPUT_STOP]     = {LINK_STATE_STOPPED,    LINK_ACTION_DISCONNECT},
	},
	[LINK_STATE_CONNECTED] = {
		[LINK_INPUT_ACCEPTED] = {LINK_STATE_CONNECTED,  LINK_ACTION_NONE},
		[LINK_INPUT_LOST]     = {LINK_STATE_WAITING,    LINK_ACTION_WAIT},
		[LINK_INPUT_TICK]     = {LINK_STATE_CONNECTED,  LINK_ACTION_NONE},
		[LINK_INPUT_STOP]     = {LINK_STATE_STOPPED,    LINK_ACTION_DISCONNECT},
	},
	[LINK_STATE_WAITING] = {
		[LINK_INPUT_ACCEPTED] = {LINK_STATE_CONNECTED,  LINK_ACTION_ANNOUNCE},
		[LINK_INPUT_LOST]     = {LINK_STATE_WAITING,    LINK_ACTION_NONE},
		[LINK_INPUT_TICK]     = {LINK_STATE_CONNECTING, LINK_ACTION_CONNECT}, /* once due */
		[LINK_INPUT_STOP]     = {LINK_STATE_STOPPED,    LINK_ACTION_NONE},
	},
	[LINK_STATE_STOPPED] = {
		[LINK_INPUT_ACCEPTED] = {LINK_STATE_STOPPED,    LINK_ACTION_DISCONNECT},
		[LINK_INPUT_LOST]     = {LINK_STATE_STOPPED,    LINK_ACTION_NONE},
		[LINK_INPUT_TICK]     = {LINK_STATE_STOPPED,    LINK_ACTION_NONE},
		[LINK_INPUT_STOP]     = {LINK_STATE_STOPPED,    LINK_ACTION_NONE},
	},
};
/* clang-format on */

const char *link_state_name(enum link_state state)
{
	return state < LINK_STATE_COUNT ? state_names[state] : "?";
}

/* SplitMix64 (Steele, Lea, Flood 2014): any seed gives a good sequence, 0 too. */
static uint64_t next_random(uint64_t *random)
{
	uint64_t z = (*random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int64_t next_ceiling_ms(const struct link_machine *machine, bool had_lasted)
{
	int64_t within_ms = machine->reconnect_within_ms;
	int64_t max_ms = 2 * within_ms > LINK_BACKOFF_MAX_MS ? 2 * within_ms : LINK_BACKOFF_MAX_MS;

	if (had_lasted) {
		return within_ms;
	}
	if (machine->ceiling_ms == 0) {
		return LINK_BACKOFF_FIRST_MS;
	}
	return 2 * machine->ceiling_ms < max_ms ? 2 * machine->ceiling_ms : max_ms;
}

static void count_failure(struct link_machine *machine, int64_t now_mono_ms)
{
	int64_t stable_ms = machine->contested ? LINK_CONTESTED_STABLE_MS : LINK_STABLE_MS;
	bool had_lasted = machine->state == LINK_STATE_CONNECTED &&
			  now_mono_ms - machine->since_mono_ms >= stable_ms;

	machine->ceiling_ms = next_ceiling_ms(machine, had_lasted);
	uint64_t span_ms = (uint64_t)machine->ceiling_ms + 1;
	machine->retry_mono_ms = now_mono_ms + (int64_t)(next_random(&machine->random) % span_ms);
}

void link_machine_init(struct link_machine *machine, uint32_t seed, int64_t reconnect_within_ms,
	int64_t now_mono_ms)
{
	assert(reconnect_within_ms > 0);
	*machine = (struct link_machine){
		.state = LINK_STATE_CONNECTING,
		.since_mono_ms = now_mono_ms,
		.random = seed,
		.reconnect_within_ms = reconnect_within_ms,
	};
}

enum link_action link_machine_step(
	struct link_machine *machine, enum link_input input, int64_t now_mono_ms)
{
	assert(machine->state < LINK_STATE_COUNT && input < LINK_INPUT_COUNT);
	const struct transition *transition = &transitions[machine->state][input];

	if (transition->action == LINK_ACTION_CONNECT && now_mono_ms < machine->retry_mono_ms) {
		return LINK_ACTION_NONE;
	}
	if (transition->action == LINK_ACTION_WAIT) {
		count_failure(machine, now_mono_ms);
	}
	if (transition->next != machine->state) {
		machine->state = transition->next;
		machine->since_mono_ms = now_mono_ms;
	}
	return transition->action;
}
