/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_version_1.h -- A store as byport 0.1.0 left it (format version 1), made
 * by the sqlite3 program.
 */
#ifndef TESTS_FAKES_STORE_VERSION_1_H
#define TESTS_FAKES_STORE_VERSION_1_H

#include "tests/fakes/store_fixture.h"

/* `name` in the fixture's directory. Of board 0123abcd; ids 1 to 8 and trends 1 to 2. */
void store_version_1_write(const struct store_fixture *fixture, const char *name);

#endif
