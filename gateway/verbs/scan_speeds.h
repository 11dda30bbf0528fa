/* SPDX-License-Identifier: Apache-2.0 */
/* scan_speeds.h -- In which order speeds and parities are tried on a line. Pure. */
#ifndef GATEWAY_VERBS_SCAN_SPEEDS_H
#define GATEWAY_VERBS_SCAN_SPEEDS_H

#include "drivers/bus.h"

enum { SCAN_SPEEDS_MAX = 24 };

/*
 * The line's own settings first, then the others, the most usual ones in front:
 * what meters are delivered with (the serial defaults of drivers/meters), and
 * Modbus's own 19200 even (Modbus over Serial Line 1.02, 2.2). Without parity
 * two stop bits are not tried: receivers take one. Returns how many.
 */
size_t scan_speeds(const struct bus_line *line, struct bus_line ret_lines[static SCAN_SPEEDS_MAX]);

/* Whether both are opened with the same speed and parity; where there are none, they are. */
bool scan_same_settings(const struct bus_line *a, const struct bus_line *b);

#endif
