/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h -- The verb `byport-city live`.
 */
#ifndef CITY_LIVE_H
#define CITY_LIVE_H

/* argv[0] is the verb's name; returns a city_exit. */
int live_run(int argc, char **argv);

#endif
