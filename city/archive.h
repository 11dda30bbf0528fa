/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive.h -- The verbs of the archive: `byport-city archive`, which keeps what
 * arrives, and `gateways`, `forget` and `quarantine`, which ask it.
 */
#ifndef CITY_ARCHIVE_H
#define CITY_ARCHIVE_H

/* argv[0] is the verb's name; each returns a city_exit, gateways_run() a gateways_exit. */
int archive_run(int argc, char **argv);
int gateways_run(int argc, char **argv);
int forget_run(int argc, char **argv);
int quarantine_run(int argc, char **argv);

/* As monitoring systems take it. */
enum gateways_exit {
	GATEWAYS_OK = 0,
	GATEWAYS_WARNING = 1,
	GATEWAYS_CRITICAL = 2,
	GATEWAYS_UNKNOWN = 3, /* not understood, or no archive there */
};

#define ARCHIVE_STORE_DEFAULT "archive.db"
#define ARCHIVE_STORE_HELP    "SQLite file, or PostgreSQL's connection string (archive.db)"

#endif
