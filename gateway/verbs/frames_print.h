/* SPDX-License-Identifier: Apache-2.0 */
/* frames_print.h -- Frames as `byport frames` has them: from the daemon's answer, to a person. */
#ifndef GATEWAY_VERBS_FRAMES_PRINT_H
#define GATEWAY_VERBS_FRAMES_PRINT_H

#include <jansson.h>

#include "gateway/frame_pcap.h"
#include "gateway/terminal.h"

struct frames_read {
	enum frame_transport transport;
	struct timed_frame *frames;
	size_t count;
};

/* The daemon's answer to `frames`; free it with frames_read_free(). NULL, or why it is none. */
const char *frames_of_json(const json_t *answer, struct frames_read *ret_read);
void frames_read_free(struct frames_read *read);

struct frames_printer {
	FILE *stream;
	struct terminal terminal;
	bool json;
	int64_t before_wall_us; /* the frame printed last; 0: none */
};

struct frames_printer frames_printer_of(FILE *stream, bool json);

/* Two lines or more a frame: instant, how long after the one before, what it is; its bytes. */
void frames_print(struct frames_printer *printer, const struct frames_read *read);

#endif
