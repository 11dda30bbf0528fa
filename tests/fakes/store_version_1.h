/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_version_1.h -- Stores as earlier programs left them (format versions 1 and 2),
 * made by the sqlite3 program.
 */
#ifndef TESTS_FAKES_STORE_VERSION_1_H
#define TESTS_FAKES_STORE_VERSION_1_H

#include "tests/fakes/store_fixture.h"

/* `name` in the fixture's directory. Of board 0123abcd; ids 1 to 8 and trends 1 to 2. */
void store_version_1_write(const struct store_fixture *fixture, const char *name);
/* The same, gone on in version 2: id 9 corrects interval 6. */
void store_version_2_write(const struct store_fixture *fixture, const char *name);

#endif
