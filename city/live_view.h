/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_view.h -- What live_state.h knows, for people: a screen that is drawn again
 * in place, a line a row, a summary. And each message as JSON, for programs.
 */
#ifndef CITY_LIVE_VIEW_H
#define CITY_LIVE_VIEW_H

#include <stdio.h>

#include "city/live_state.h"

/* Draw the screen; `link_text` is what the link said last. */
void live_view_screen(const struct live_state *state, const char *link_text, int64_t now_wall_ms);

/* One message in lines: a line each for its rows, one for the others. */
void live_view_lines(
	const struct message_address *address, const struct message *message, FILE *stream);

/* {"topic": ..., "retained": ..., "payload": ...} on one line; with `error` (not NULL) that instead
 * of the payload. */
void live_view_json(const char *topic, bool retained, struct json_text payload, const char *error);

/* What arrived, what is missing, the sum of each meter by quality. */
void live_view_summary(const struct live_state *state, FILE *stream);

#endif
