/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_identity.c -- Whose rows these are: id and generation, a new one where
 * the board is another one, or the file an old copy.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "gateway/store_parts.h"

static const char machine_id_file[] = "/etc/machine-id";

enum {
	MACHINE_ID_MAX = 64,
	MS_PER_S = 1000,
};

static void make_uuid(char text[static 37])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		memcpy(bytes, &now, sizeof(bytes));
	}
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* RFC 9562: version 4 */
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	char *at = text;
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10) {
			*at++ = '-';
		}
		at += snprintf(at, 3, "%02x", (unsigned)bytes[i]);
	}
}

/* "" when there is none. A quote in it would be somebody's joke; it must not become SQL. */
static void read_machine_id(const struct store_settings *settings, char id[static MACHINE_ID_MAX])
{
	FILE *file = settings->machine_id ? NULL : fopen(machine_id_file, "re");

	id[0] = '\0';
	if (settings->machine_id) {
		snprintf(id, MACHINE_ID_MAX, "%s", settings->machine_id);
	} else if (file && !fgets(id, MACHINE_ID_MAX, file)) {
		id[0] = '\0';
	}
	id[strspn(id, "0123456789abcdefABCDEF-")] = '\0';
	if (file) {
		fclose(file);
	}
}

static void write_identity_sql(
	char *sql, size_t size, const struct store_identity *identity, const char *machine_id)
{
	snprintf(sql, size, "DELETE FROM identity; INSERT INTO identity VALUES('%s', %lld, '%s')",
		identity->id, (long long)identity->generation, machine_id);
}

static enum store_status new_identity(
	struct store *store, const struct store_settings *settings, const char *machine_id)
{
	char sql[256];
	int64_t now_s = settings->now_wall_ms / MS_PER_S;
	int64_t above = store->identity.generation + 1;

	make_uuid(store->identity.id);
	store->identity.generation = now_s > above ? now_s : above;
	write_identity_sql(sql, sizeof(sql), &store->identity, machine_id);
	return store_sqlite_exec(store->db, sql);
}

enum store_status store_identity_create(struct store *store, const struct store_settings *settings)
{
	char machine_id[MACHINE_ID_MAX];

	read_machine_id(settings, machine_id);
	return new_identity(store, settings, machine_id);
}

/* Ids are given without a hole, and the oldest rows go first, delivered ones only: what is lacking
 * in between, or at the end, was said to be on the card and was not. */
static bool has_hole(struct store *store)
{
	static const char holes_sql[] =
		"SELECT count(*) <> max(id) - min(id) + 1 OR coalesce(max(id), 0) <"
		" (SELECT last FROM stream WHERE name = 'energy'"
		" AND last > max(sent, delivered))"
		" FROM (SELECT id FROM interval UNION ALL SELECT id FROM event)";

	return store_is_read_through(store) && store_sqlite_number(store->db, holes_sql, 0) != 0;
}

enum store_status store_identity_load(
	struct store *store, const struct store_settings *settings, struct store_opening *opening)
{
	char machine_id[MACHINE_ID_MAX];
	char stored[MACHINE_ID_MAX] = "";

	read_machine_id(settings, machine_id);
	store->identity.generation =
		store_sqlite_number(store->db, "SELECT generation FROM identity", -1);
	if (store->identity.generation < 0 ||
		!store_sqlite_word(store->db, "SELECT id FROM identity", store->identity.id,
			sizeof(store->identity.id))) {
		if (store_sqlite_status(store->db) != STORE_OK) {
			return store_sqlite_status(store->db);
		}
		snprintf(opening->reason, sizeof(opening->reason), "no identity");
		return STORE_DAMAGED;
	}
	(void)store_sqlite_word(
		store->db, "SELECT machine_id FROM identity", stored, sizeof(stored));
	if (machine_id[0] != '\0' && strcmp(machine_id, stored) != 0) {
		opening->finding = STORE_MOVED;
	} else if (has_hole(store)) {
		opening->finding = STORE_HOLED;
	} else {
		return STORE_OK;
	}
	return new_identity(store, settings, machine_id[0] != '\0' ? machine_id : stored);
}

struct store_identity store_identity(const struct store *store)
{
	return store->identity;
}

enum store_status store_raise_generation(struct store *store, int64_t generation)
{
	char sql[80];

	if (generation <= store->identity.generation) {
		return STORE_OK;
	}
	snprintf(sql, sizeof(sql), "UPDATE identity SET generation = %lld", (long long)generation);
	enum store_status status = store_sqlite_exec(store->db, sql);
	if (status == STORE_OK) {
		store->identity.generation = generation;
	}
	return status;
}

/* One transaction: without power in its midst, all is as it was. */
static enum store_status write_renewal(struct store *store, const struct store_identity *identity)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		"UPDATE identity SET id = '%s', generation = %lld;"
		"UPDATE stream SET sent = 0, delivered = 0",
		identity->id, (long long)identity->generation);
	enum store_status status = store_sqlite_exec(store->db, "BEGIN IMMEDIATE");
	if (status != STORE_OK) {
		return status;
	}
	status = store_sqlite_exec(store->db, sql);
	if (status == STORE_OK) {
		status = store_sqlite_exec(store->db, "COMMIT");
	}
	if (status != STORE_OK) {
		snprintf(
			store->reason, sizeof(store->reason), "%s", store_sqlite_reason(store->db));
		(void)store_sqlite_exec(store->db, "ROLLBACK");
	}
	return status;
}

enum store_status store_renew_identity(struct store *store, int64_t generation)
{
	struct store_identity identity = {.generation = generation};

	if (identity.generation <= store->identity.generation) {
		identity.generation = store->identity.generation + 1;
	}
	make_uuid(identity.id);
	enum store_status status = write_renewal(store, &identity);
	if (status != STORE_OK) {
		return status;
	}
	store->identity = identity;
	for (int i = 0; i < STREAM_COUNT; i++) {
		store->cursors[i].sent = 0;
		store->cursors[i].delivered = 0;
	}
	return STORE_OK;
}
