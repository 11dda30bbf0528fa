/* SPDX-License-Identifier: Apache-2.0 */
/* frame_text.h -- A recorded frame in words. Pure. */
#ifndef DRIVERS_FRAME_TEXT_H
#define DRIVERS_FRAME_TEXT_H

#include "drivers/frame_record.h"

enum {
	FRAME_TEXT_MAX = 160, /* bytes, with the NUL */
	FRAME_HEX_MAX = 2 * FRAME_BYTES_MAX + 1,
};

/* "device 5: 2 holding registers from 10", "device 5: 02BC 02BD", "no answer in time" ... */
const char *frame_text(enum frame_transport transport, const struct recorded_frame *frame,
	char buffer[static FRAME_TEXT_MAX]);

/* Its bytes, two digits each. */
const char *frame_hex(const struct recorded_frame *frame, char buffer[static FRAME_HEX_MAX]);

/* A request that this frame is, with its checksum or header in order: ours, or another master's.
 * False: it is none that byport could send. */
bool frame_is_request(enum frame_transport transport, const struct recorded_frame *frame,
	struct bus_request *ret_request);

#endif
