/* SPDX-License-Identifier: Apache-2.0 */
/* control_frames.h -- The last frames of a bus, for the control socket (docs/control.md). */
#ifndef GATEWAY_CONTROL_FRAMES_H
#define GATEWAY_CONTROL_FRAMES_H

#include "gateway/daemon_buses.h"

enum {
	CONTROL_FRAMES_LAST = 100, /* where the request does not say how many */
	CONTROL_FRAMES_MAX = 4000, /* of one answer: more than a record holds */
};

/* Which are wanted. */
struct frames_wanted {
	struct daemon_bus *bus; /* its worker runs */
	int64_t after;          /* numbers above this one */
	int64_t last;           /* the newest so many */
};

/* Text from malloc(); NULL when memory is out. */
char *control_answer_frames(const struct pipeline *pipeline, const struct frames_wanted *wanted);

#endif
