/* SPDX-License-Identifier: Apache-2.0 */
/* failing_memory.c -- An allocator that counts down to its failure; see failing_memory.h. */
#include "tests/fakes/memory/failing_memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif

static size_t left;  /* allocations up to the one that fails; 0: none will */
static bool forever; /* and all after it */
static bool has_failed;
static size_t blocks; /* allocated and not freed */

#ifndef HAS_ADDRESS_SANITIZER

/* glibc's own, under the names it keeps for those who put theirs in front. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static bool runs_out(void)
{
	bool now = left == 1 || (has_failed && forever);

	left -= left > 0;
	has_failed = has_failed || now;
	if (now) {
		errno = ENOMEM;
	}
	return now;
}

static void *counted(void *memory)
{
	blocks += memory != NULL;
	return memory;
}

void *malloc(size_t size)
{
	return runs_out() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return runs_out() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
	if (runs_out()) {
		return NULL;
	}
	return memory ? __libc_realloc(memory, size) : counted(__libc_malloc(size));
}

void free(void *memory)
{
	blocks -= memory != NULL;
	__libc_free(memory);
}

#endif

bool failing_memory_is_active(void)
{
#ifdef HAS_ADDRESS_SANITIZER
	return false;
#else
	return true;
#endif
}

void failing_memory_begin(size_t nth, bool for_good)
{
	left = nth;
	forever = for_good;
	has_failed = false;
}

bool failing_memory_end(void)
{
	bool failed = has_failed;

	left = 0;
	forever = false;
	has_failed = false;
	return failed;
}

/* True when the nth allocation was made, and failed. */
static bool fails_at(size_t nth, bool for_good, failing_memory_call *call, void *context)
{
	const size_t before = blocks;

	failing_memory_begin(nth, for_good);
	bool worked = call(context);
	bool failed = failing_memory_end();
	if (worked == failed || blocks != before) {
		fail_msg("allocation %zu %s: the call %s and left %zu blocks", nth,
			failed ? "failed" : "was none", worked ? "worked" : "did not work",
			blocks - before);
	}
	return failed;
}

size_t failing_memory_walk(failing_memory_call *call, void *context)
{
	size_t nth = 1;

	while (fails_at(nth, false, call, context)) {
		assert_true(fails_at(nth, true, call, context));
		nth++;
	}
	return nth - 1;
}
