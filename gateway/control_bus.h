/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_bus.h -- A bus of the running daemon, borrowed request by request
 * through its control socket: the same seam as a line of one's own (bus.h).
 */
#ifndef GATEWAY_CONTROL_BUS_H
#define GATEWAY_CONTROL_BUS_H

#include "drivers/bus.h"
#include "gateway/control_client.h"

/* `client` and `id` must outlive it. NULL when memory is out. */
struct bus *control_bus_new(struct control_client *client, const char *id);

/* From now on only where it costs no meter a period (docs/control.md, `lend`). */
void control_bus_be_spare(struct bus *bus);

/* Why the last request came back with BUS_DOWN, in words; "" otherwise. */
const char *control_bus_reason(const struct bus *bus);

#endif
