/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h -- What goes over MQTT, as UTF-8 JSON (docs/mqtt.md). Writer, reader
 * and JSON Schema of every message come from one table of fields, so that they
 * cannot differ. Pure; city includes it too.
 */
#ifndef GATEWAY_MESSAGE_H
#define GATEWAY_MESSAGE_H

#include <stdio.h>

#include "gateway/core/series.h"

enum message_kind {
	MESSAGE_STATUS,
	MESSAGE_ABOUT,
	MESSAGE_LIVE,
	MESSAGE_INTERVALS,
	MESSAGE_EVENTS,
	MESSAGE_TRENDS,
	MESSAGE_HEALTH,
	MESSAGE_KIND_COUNT
};

enum {
	MESSAGE_BYTES_MAX =
		65536, /* a message's payload; lowered to the broker's maximum packet size */
	TOPIC_BYTES_MAX = 256,
	MESSAGE_SCHEMA_VERSION = 1,
};

struct message_kind_info {
	const char *topic; /* below the root: "status", "live/<meter>" is "live" */
	uint8_t qos;
	bool retained;
	bool expires;
	const char *help;
};
const struct message_kind_info *message_kind_info(enum message_kind kind);

/* "byport/1/<city>/<site>/<gateway>/<topic>[/<part>]"; part NULL: none. Returns the length, 0 when
 * too long. */
size_t message_topic(char buffer[static TOPIC_BYTES_MAX], const char *city, const char *site,
	const char *gateway, const char *topic, const char *part);

/* JSON Schema (draft 2020-12) of one kind. */
void message_print_schema(enum message_kind kind, FILE *stream);

#endif
