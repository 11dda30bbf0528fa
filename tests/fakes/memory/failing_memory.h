/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failing_memory.h -- Memory that runs out when a test wants it to. Stands in
 * for malloc and its like (glibc's own behind it) in the programs that are
 * linked with it, strdup's and other libraries' calls too. One thread only.
 *
 * Under AddressSanitizer, which has an allocator of its own, nothing fails:
 * walks make the call once and leave leaks to the sanitizer.
 */
#ifndef TESTS_FAKES_MEMORY_FAILING_MEMORY_H
#define TESTS_FAKES_MEMORY_FAILING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

bool failing_memory_is_active(void); /* false under AddressSanitizer */

/* From now on the nth allocation fails (1: the next one), and with `for_good` all after it. */
void failing_memory_begin(size_t nth, bool for_good);

/* No more failures. True when one was met since the beginning. */
bool failing_memory_end(void);

/*
 * A call of the code under test that leaves no memory behind: true when it
 * worked, false when it said that it did not.
 */
typedef bool failing_memory_call(void *context);

/*
 * Make the call again and again, each of its allocations failing in turn, once
 * alone and once with all that follow; then with none failing. Fails the test
 * when a call worked without its memory, did not work with it, or leaked.
 * Returns how many allocations the call makes; 0 where nothing can fail.
 */
size_t failing_memory_walk(failing_memory_call *call, void *context);

#endif
