/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_buses.h -- The running bus workers: which configuration each runs
 * with, which of them a new configuration keeps, stops or starts. Never waits
 * for a bus, except for at most the time given when the program ends.
 */
#ifndef GATEWAY_DAEMON_BUSES_H
#define GATEWAY_DAEMON_BUSES_H

#include "gateway/pipeline.h"
#include "gateway/reload.h"
#include "gateway/report_queue.h"

struct daemon_bus {
	uint32_t source; /* its number in the report queue */
	struct loaded_site *loaded;
	size_t bus;                /* index in that site's buses */
	struct bus_worker *worker; /* NULL: not started yet */
	struct daemon_bus_port *port;
	bool stopping;
	size_t loans; /* requests of others under way; it is not freed before they are back */
	struct daemon_bus *next;
};

struct daemon_buses;

/* `queue` must outlive it. */
struct daemon_buses *daemon_buses_new(struct report_queue *queue);

/* Run this site: unchanged buses keep their worker, others stop, new ones start. False: memory. */
__attribute__((warn_unused_result)) bool daemon_buses_take(
	struct daemon_buses *buses, struct loaded_site *loaded);

/*
 * Free workers that have ended and start those that waited for their port.
 * *ret_failed (may be NULL): a bus whose thread could not be started, once.
 * True while something is still to be done: call again soon.
 */
bool daemon_buses_step(struct daemon_buses *buses, const char **ret_failed);

/* By its number; NULL when it has gone or is stopping: its reports are of the past. */
struct daemon_bus *daemon_buses_of_source(struct daemon_buses *buses, uint32_t source);
/* By its id in the configuration in force; NULL when there is none. */
struct daemon_bus *daemon_buses_find(struct daemon_buses *buses, const char *id);

/* A loan on a bus has come back; the bus may have been stopped meanwhile. */
void daemon_buses_loan_back(struct daemon_buses *buses, uint32_t source);

/* The program ends: ask all workers to end; returns at once. NULL is fine. */
void daemon_buses_stop(struct daemon_buses *buses);

/*
 * After daemon_buses_stop(): wait at most wait_ms. NULL is fine. Frees what has ended;
 * false when a worker still waits for its line: then it is left alone, with all
 * it uses, and the process must end without tidying up.
 */
bool daemon_buses_end(struct daemon_buses *buses, uint32_t wait_ms);

#endif
