/* SPDX-License-Identifier: Apache-2.0 */
/* modbus_bus_name.c -- Names to addresses without waiting for ever; see modbus_bus_name.h. */
#include "drivers/modbus_bus_name.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct name_lookup {
	struct gaicb request;
	struct addrinfo hints;
	char *host; /* getaddrinfo_a() keeps the pointer */
	bool going_on;
};

struct name_lookup *name_lookup_new(void)
{
	return calloc(1, sizeof(struct name_lookup));
}

static void lookup_clear(struct name_lookup *lookup)
{
	if (lookup->request.ar_result) {
		freeaddrinfo(lookup->request.ar_result);
	}
	free(lookup->host);
	*lookup = (struct name_lookup){0};
}

struct name_lookup *name_lookup_free(struct name_lookup *lookup)
{
	if (!lookup) {
		return NULL;
	}
	/* The library's thread may still write into a request that it has begun. */
	if (lookup->going_on && gai_error(&lookup->request) == EAI_INPROGRESS &&
		gai_cancel(&lookup->request) != EAI_CANCELED) {
		return NULL;
	}
	lookup_clear(lookup);
	free(lookup);
	return NULL;
}

static void take_addresses(const struct addrinfo *found, struct numeric_addresses *ret_addresses)
{
	ret_addresses->count = 0;
	for (; found && ret_addresses->count < NUMERIC_ADDRESSES_MAX; found = found->ai_next) {
		char *text = ret_addresses->text[ret_addresses->count];
		if (getnameinfo(found->ai_addr, found->ai_addrlen, text, NUMERIC_ADDRESS_MAX, NULL,
			    0, NI_NUMERICHOST) == 0) {
			ret_addresses->count++;
		}
	}
}

/* An address needs no resolver, whose stack is some ten pages of each bus's thread. */
static bool is_numeric(const char *host)
{
	struct in6_addr address;

	return strlen(host) < NUMERIC_ADDRESS_MAX &&
	       (inet_pton(AF_INET, host, &address) == 1 ||
		       inet_pton(AF_INET6, host, &address) == 1);
}

static bool lookup_start(struct name_lookup *lookup, const char *host)
{
	struct gaicb *requests[] = {&lookup->request};

	lookup_clear(lookup);
	lookup->host = strdup(host);
	lookup->hints = (struct addrinfo){.ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM};
	lookup->request = (struct gaicb){.ar_name = lookup->host, .ar_request = &lookup->hints};
	lookup->going_on = lookup->host && getaddrinfo_a(GAI_NOWAIT, requests, 1, NULL) == 0;
	return lookup->going_on;
}

static const char *failure_text(int error)
{
	switch (error) {
	case EAI_INPROGRESS:
		return "the name server does not answer";
	case EAI_AGAIN:
		return "the name server cannot be reached";
	case EAI_MEMORY:
		return "out of memory";
	default:
		return "the host's name is not known";
	}
}

const char *name_lookup_find(struct name_lookup *lookup, const char *host, uint32_t wait_ms,
	struct numeric_addresses *ret_addresses)
{
	const struct gaicb *requests[] = {&lookup->request};
	const struct timespec wait = {
		.tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000};

	if (is_numeric(host)) {
		strcpy(ret_addresses->text[0], host);
		ret_addresses->count = 1;
		return NULL;
	}
	if (!lookup->going_on && !lookup_start(lookup, host)) {
		return failure_text(EAI_MEMORY);
	}
	gai_suspend(requests, 1, &wait);
	int error = gai_error(&lookup->request);
	if (error == EAI_INPROGRESS) {
		return failure_text(error);
	}
	lookup->going_on = false;
	if (error != 0) {
		return failure_text(error);
	}
	take_addresses(lookup->request.ar_result, ret_addresses);
	return ret_addresses->count > 0 ? NULL : failure_text(EAI_NONAME);
}
