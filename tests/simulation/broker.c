/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker.c -- The link and the broker behind it: publications are answered
 * after a while, refused, or lost with the connection, the answer with them.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/pipeline_state.h"
#include "tests/simulation/simulation.h"

enum {
	REFUSED_REASON = 135, /* not authorized: MQTT 5, table 2-6 */
	FLIGHT_US_LEAST = 20000,
	FLIGHT_US_MOST = 300000,
};

static bool kind_of(const struct mqtt_publication *publication, enum message_kind *ret_kind)
{
	struct message_address address;
	if (!message_topic_parse(publication->topic, &address))
		return false;
	*ret_kind = address.kind;
	return true;
}

enum link_status broker_publish(void *context, const struct mqtt_publication *publication)
{
	struct simulation *simulation = context;
	struct broker *broker = &simulation->broker;
	enum message_kind kind;
	if (simulation->board.crashed || !broker->connected)
		return LINK_NOT_CONNECTED;
	if (publication->qos == 0)
		return LINK_OK;
	if (broker->flights_count == BROKER_WINDOW)
		return LINK_BUSY;
	if (!kind_of(publication, &kind)) {
		violated(simulation, "topic", "published to %s", publication->topic);
		return LINK_FAILED;
	}
	struct in_flight *flight = &broker->flights[broker->flights_count++];
	*flight = (struct in_flight){.tag = publication->tag,
		.kind = kind,
		.is_stream = (publication->tag & ANNOUNCEMENT_TAG) == 0,
		.length = publication->length};
	if (flight->is_stream || (kind == MESSAGE_TOTALS && publication->length > 0)) {
		flight->payload = malloc(publication->length + 1);
		if (flight->payload == NULL)
			abort();
		memcpy(flight->payload, publication->payload, publication->length);
		flight->payload[publication->length] = '\0';
	}
	flight->due_us =
		simulation->now_us + dice_between(&broker->dice, FLIGHT_US_LEAST, FLIGHT_US_MOST);
	if (broker->flights_count > 1 && flight[-1].due_us > flight->due_us)
		flight->due_us = flight[-1].due_us;
	return LINK_OK;
}

static void deliver(struct simulation *simulation, const struct in_flight *flight)
{
	if (flight->is_stream) {
		archive_take(simulation, flight->kind, flight->payload, flight->length);
		if (simulation->broker.connected && simulation->board.pipeline != NULL)
			receipts_give(simulation);
	} else if (flight->payload != NULL)
		archive_take_totals(simulation, flight->payload, flight->length);
}

static struct in_flight take_flight(struct broker *broker)
{
	struct in_flight flight = broker->flights[0];
	memmove(broker->flights, broker->flights + 1,
		--broker->flights_count * sizeof broker->flights[0]);
	return flight;
}

static void land(struct simulation *simulation)
{
	struct broker *broker = &simulation->broker;
	struct in_flight flight = take_flight(broker);
	bool refused = flight.is_stream && broker->refuses_until_us > simulation->now_us;
	if (!refused)
		deliver(simulation, &flight);
	struct link_event event = {.kind = LINK_ACKNOWLEDGED,
		.tag = flight.tag,
		.reason = refused ? REFUSED_REASON : 0};
	free(flight.payload);
	pipeline_link(simulation->board.pipeline, &event, &simulation->board.now);
	simulation->board.due_us = simulation->now_us;
}

/* Some of what was on its way has arrived, but nobody will say so. */
static void lose_flights(struct simulation *simulation)
{
	struct broker *broker = &simulation->broker;
	int64_t arrived = dice_between(&broker->dice, 0, (int64_t)broker->flights_count);
	while (broker->flights_count > 0) {
		struct in_flight flight = take_flight(broker);
		if (arrived-- > 0 && broker->refuses_until_us <= simulation->now_us)
			deliver(simulation, &flight);
		free(flight.payload);
	}
}

static void connect_again(struct simulation *simulation)
{
	static const uint16_t windows[] = {0, 1, 5, 20};
	struct broker *broker = &simulation->broker;
	if (broker->away_until_us > simulation->now_us) {
		broker->back_us = broker->away_until_us;
		return;
	}
	struct link_event event = {
		.kind = LINK_CONNECTED, .receive_maximum = windows[dice_below(&broker->dice, 4)]};
	broker->back_us = INT64_MAX;
	broker->connected = true;
	pipeline_link(simulation->board.pipeline, &event, &simulation->board.now);
	simulation->board.due_us = simulation->now_us;
	receipts_repeat(simulation);
}

void broker_cut(struct simulation *simulation)
{
	struct broker *broker = &simulation->broker;
	struct link_event event = {.kind = LINK_DISCONNECTED, .text = "connection lost"};
	if (!broker->connected)
		return;
	broker->connected = false;
	lose_flights(simulation);
	broker->back_us = simulation->now_us + dice_between(&broker->dice, 1, 60) * 1000000;
	pipeline_link(simulation->board.pipeline, &event, &simulation->board.now);
	simulation->board.due_us = simulation->now_us;
}

void broker_forget(struct simulation *simulation)
{
	simulation->broker.connected = false;
	simulation->broker.back_us = INT64_MAX;
	lose_flights(simulation);
}

int64_t broker_due_us(const struct simulation *simulation)
{
	const struct broker *broker = &simulation->broker;
	if (simulation->board.pipeline == NULL)
		return INT64_MAX;
	return broker->flights_count > 0 ? broker->flights[0].due_us : broker->back_us;
}

void broker_go_on(struct simulation *simulation)
{
	if (simulation->broker.flights_count > 0)
		land(simulation);
	else
		connect_again(simulation);
}
