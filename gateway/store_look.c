/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_look.c -- Opening the store to look into it, beside the gateway that
 * writes it or without one: nothing is locked, made or changed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/store_parts.h"

static enum store_status refuse(
	struct store_opening *opening, enum store_status status, const char *reason)
{
	snprintf(opening->reason, sizeof(opening->reason), "%s", reason);
	return status;
}

static bool has_journal(const struct store *store)
{
	char path[sizeof(store->path) + 8];

	snprintf(path, sizeof(path), "%s-wal", store->path);
	return access(path, F_OK) == 0;
}

/* An empty data base is what the gateway leaves that was stopped while it made one. */
static enum store_status look_at_version(struct store *store, struct store_opening *opening)
{
	int64_t version = store_sqlite_number(store->db, "PRAGMA user_version", -1);

	if (version > STORE_FORMAT_VERSION) {
		snprintf(opening->reason, sizeof(opening->reason),
			"format version %lld; this byport knows %d", (long long)version,
			STORE_FORMAT_VERSION);
		return STORE_NEWER;
	}
	if (version < STORE_FORMAT_VERSION_MIN) {
		return refuse(opening, STORE_FAILED, "nothing has been stored yet");
	}
	return store_format_cover(store->db, version);
}

static enum store_status load(struct store *store, struct store_opening *opening)
{
	enum store_status status = look_at_version(store, opening);

	if (status == STORE_OK && !store_sqlite_word(store->db, "SELECT id FROM identity",
					  store->identity.id, sizeof(store->identity.id))) {
		return refuse(opening, STORE_DAMAGED, "no identity");
	}
	if (status == STORE_OK) {
		store->identity.generation =
			store_sqlite_number(store->db, "SELECT generation FROM identity", 0);
		status = store_load(store, STATEMENT_READING_COUNT);
	}
	if (status != STORE_OK && opening->reason[0] == '\0') {
		(void)refuse(opening, status, store_sqlite_reason(store->db));
	}
	return status;
}

/* A writer has its journal beside the file for as long as it runs; one that was killed leaves it.
 */
static enum store_status open_file(struct store *store, struct store_opening *opening)
{
	bool is_still = !has_journal(store);
	enum store_status status =
		store_sqlite_open_to_look(store->path, is_still, &store->db, opening);

	if (status == STORE_FAILED && !is_still) {
		return refuse(opening, status,
			"the journal beside it cannot be read without the right to write there");
	}
	return status;
}

static enum store_status look(struct store *store, struct store_opening *opening)
{
	opening->reason[0] = '\0';
	snprintf(opening->path, sizeof(opening->path), "%s", store->path);
	if (access(store->path, F_OK) != 0) {
		return refuse(opening, STORE_FAILED, strerror(errno));
	}
	enum store_status status = store_file_look_at(store->path, opening);
	if (status == STORE_OK) {
		status = open_file(store, opening);
	}
	return status == STORE_OK ? load(store, opening) : status;
}

enum store_status store_open_to_look(
	const char *directory, struct store **ret_store, struct store_opening *ret_opening)
{
	*ret_opening = (struct store_opening){.finding = STORE_FOUND};
	snprintf(ret_opening->path, sizeof(ret_opening->path), "%s", directory);
	struct store *store = store_make(0);
	if (!store) {
		return refuse(ret_opening, STORE_FAILED, "out of memory");
	}
	store->is_looking = true;
	enum store_status status = STORE_FAILED;
	if (!store_file_name(store, directory, true)) {
		(void)refuse(ret_opening, status, "the directory's name is too long");
	} else {
		store_file_name(store, directory, false);
		status = look(store, ret_opening);
	}
	if (status == STORE_NEWER) {
		struct store_opening beside = *ret_opening;
		store->db = store_sqlite_close(store->db);
		store_file_name(store, directory, true);
		if (access(store->path, F_OK) == 0) {
			status = look(store, &beside);
			*ret_opening = beside;
			ret_opening->finding = STORE_BESIDE;
		}
	}
	if (status != STORE_OK) {
		store_close(store);
		return status;
	}
	*ret_store = store;
	return STORE_OK;
}
