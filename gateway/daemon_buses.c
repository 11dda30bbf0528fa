/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_buses.c -- The running bus workers.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/daemon_buses.h"

/* What a worker's thread knows of us; lives as long as the worker. */
struct daemon_bus_port {
	struct report_queue *queue;
	uint32_t source;
};

struct daemon_buses {
	struct report_queue *queue;
	uint32_t sources; /* numbers given so far */
	struct daemon_bus *first;
};

struct daemon_buses *daemon_buses_new(struct report_queue *queue)
{
	struct daemon_buses *buses = calloc(1, sizeof *buses);
	if (buses != NULL)
		buses->queue = queue;
	return buses;
}

static void report(void *context, const struct worker_report *report)
{
	struct daemon_bus_port *port = context;
	if (!report_queue_put(port->queue, port->source, report))
		return; /* counted there, shown in `status` */
}

static const struct site_bus *site_bus_of(const struct daemon_bus *bus)
{
	return &bus->loaded->site->buses[bus->bus];
}

static void free_bus(struct daemon_bus *bus)
{
	loaded_site_release(bus->loaded);
	free(bus->port);
	free(bus);
}

/* Its place in the list, to take it out of. */
static struct daemon_bus **place_of(struct daemon_buses *buses, const struct daemon_bus *bus)
{
	struct daemon_bus **place = &buses->first;
	while (*place != bus)
		place = &(*place)->next;
	return place;
}

static void remove_bus(struct daemon_buses *buses, struct daemon_bus *bus)
{
	*place_of(buses, bus) = bus->next;
	free_bus(bus);
}

static bool add_bus(struct daemon_buses *buses, struct loaded_site *loaded, size_t index)
{
	struct daemon_bus *bus = calloc(1, sizeof *bus);
	struct daemon_bus_port *port = calloc(1, sizeof *port);
	if (bus == NULL || port == NULL) {
		free(bus);
		free(port);
		return false;
	}
	*port = (struct daemon_bus_port){.queue = buses->queue, .source = ++buses->sources};
	loaded_site_hold(loaded);
	*bus = (struct daemon_bus){.source = port->source,
		.loaded = loaded,
		.bus = index,
		.port = port,
		.next = buses->first};
	buses->first = bus;
	return true;
}

static bool start(struct daemon_bus *bus)
{
	const struct site_bus *site = site_bus_of(bus);
	struct bus *line = modbus_bus_new(&site->line);
	if (line == NULL)
		return false;
	struct bus_worker_settings settings = {.bus = line,
		.line = site->line,
		.devices = site->devices,
		.devices_count = site->devices_count,
		.answer_time_ms = (uint32_t)site->config->answer_time_ms,
		.report = report,
		.context = bus->port};
	bus->worker = bus_worker_start(&settings);
	if (bus->worker == NULL)
		line->ops->close(line);
	return bus->worker != NULL;
}

/* A port has one owner: the bus that is stopping lets it go first. */
static bool port_is_taken(const struct daemon_buses *buses, const struct daemon_bus *wanting)
{
	const struct bus_line *line = &site_bus_of(wanting)->line;
	for (const struct daemon_bus *bus = buses->first; bus != NULL; bus = bus->next)
		if (bus->stopping && reload_same_line(&site_bus_of(bus)->line, line))
			return true;
	return false;
}

/* The index in `site` of a bus that may go on as it is; buses_count when there is none. */
static size_t unchanged_in(const struct daemon_bus *bus, const struct site *site)
{
	for (size_t i = 0; i < site->buses_count; i++)
		if (reload_bus_unchanged(bus->loaded->site, bus->bus, site, i))
			return i;
	return site->buses_count;
}

bool daemon_buses_take(struct daemon_buses *buses, struct loaded_site *loaded)
{
	size_t count = loaded->site->buses_count;
	bool *kept = calloc(count + 1, sizeof *kept);
	bool complete = kept != NULL;
	for (struct daemon_bus *bus = buses->first; complete && bus != NULL; bus = bus->next) {
		size_t index = bus->stopping ? count : unchanged_in(bus, loaded->site);
		kept[index] = true;
		if (index < count || bus->stopping)
			continue;
		bus->stopping = true;
		if (bus->worker != NULL)
			bus_worker_stop(bus->worker);
	}
	for (size_t i = 0; complete && i < count; i++)
		if (!kept[i] && loaded->site->buses[i].devices_count > 0)
			complete = add_bus(buses, loaded, i);
	free(kept);
	return complete;
}

static void step_stopping(struct daemon_buses *buses, struct daemon_bus *bus)
{
	if (bus->loans > 0 || (bus->worker != NULL && !bus_worker_join(bus->worker, 0)))
		return;
	remove_bus(buses, bus);
}

bool daemon_buses_step(struct daemon_buses *buses, const char **ret_failed)
{
	bool busy = false;
	for (struct daemon_bus *bus = buses->first, *next; bus != NULL; bus = next) {
		next = bus->next;
		if (bus->stopping)
			step_stopping(buses, bus);
	}
	for (struct daemon_bus *bus = buses->first; bus != NULL; bus = bus->next) {
		busy = busy || bus->stopping;
		if (bus->stopping || bus->worker != NULL)
			continue;
		busy = true;
		if (!port_is_taken(buses, bus) && !start(bus) && ret_failed != NULL)
			*ret_failed = site_bus_of(bus)->config->id;
	}
	return busy;
}

struct daemon_bus *daemon_buses_of_source(struct daemon_buses *buses, uint32_t source)
{
	for (struct daemon_bus *bus = buses->first; bus != NULL; bus = bus->next)
		if (bus->source == source)
			return bus->stopping ? NULL : bus;
	return NULL;
}

struct daemon_bus *daemon_buses_find(struct daemon_buses *buses, const char *id)
{
	for (struct daemon_bus *bus = buses->first; bus != NULL; bus = bus->next)
		if (!bus->stopping && strcmp(site_bus_of(bus)->config->id, id) == 0)
			return bus;
	return NULL;
}

void daemon_buses_loan_back(struct daemon_buses *buses, uint32_t source)
{
	for (struct daemon_bus *bus = buses->first; bus != NULL; bus = bus->next)
		if (bus->source == source)
			bus->loans--;
}

static int64_t now_mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void daemon_buses_stop(struct daemon_buses *buses)
{
	for (struct daemon_bus *bus = buses != NULL ? buses->first : NULL; bus != NULL;
		bus = bus->next)
		if (bus->worker != NULL)
			bus_worker_stop(bus->worker);
}

bool daemon_buses_end(struct daemon_buses *buses, uint32_t wait_ms)
{
	int64_t end_mono_ms = now_mono_ms() + wait_ms;
	bool all = true;
	if (buses == NULL)
		return true;
	for (struct daemon_bus *bus = buses->first, *next; bus != NULL; bus = next) {
		next = bus->next;
		int64_t left_ms = end_mono_ms - now_mono_ms();
		bool ended = bus->loans == 0 &&
			     (bus->worker == NULL || bus_worker_join(bus->worker,
							     left_ms > 0 ? (uint32_t)left_ms : 0));
		if (ended)
			remove_bus(buses, bus);
		all = all && ended;
	}
	if (all)
		free(buses);
	return all;
}
