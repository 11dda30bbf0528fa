/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_file.c -- The store's files as files: their names, whose they are before
 * SQLite touches them, and setting a damaged one aside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/store_parts.h"

enum { MS_PER_S = 1000 };

bool store_file_name(struct store *store, const char *directory, bool is_beside)
{
	char beside[32];

	snprintf(beside, sizeof(beside), "store-%d.db", STORE_FORMAT_VERSION);
	int length = snprintf(store->path, sizeof(store->path), "%s/%s", directory,
		is_beside ? beside : "store.db");
	return length < (int)sizeof(store->path);
}

/* ---- Looking at a file before SQLite touches it ---- */

static uint32_t big_endian(const unsigned char bytes[static 4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* A journal may hold what the file lacks: power that goes while the file's first page is written
 * leaves anything there, and SQLite mends it. */
static bool has_journal(const char *path)
{
	static const char *const suffixes[] = {"-wal", "-journal"};
	bool is_there = false;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char journal[320];
		struct stat found;
		snprintf(journal, sizeof(journal), "%s%s", path, suffixes[i]);
		is_there = is_there || (stat(journal, &found) == 0 && found.st_size > 0);
	}
	return is_there;
}

static enum store_status judge_header(
	const unsigned char *header, size_t length, struct store_opening *opening)
{
	static const char magic[16] = "SQLite format 3"; /* with its NUL */

	if (length == 0) {
		return STORE_OK;
	}
	if (length < STORE_HEADER_BYTES || memcmp(header, magic, sizeof(magic)) != 0) {
		if (has_journal(opening->path)) {
			return STORE_OK;
		}
		snprintf(opening->reason, sizeof(opening->reason), "not a data base");
		return STORE_DAMAGED;
	}
	if (big_endian(header + STORE_HEADER_APPLICATION_ID_AT) != STORE_APPLICATION_ID &&
		big_endian(header + STORE_HEADER_APPLICATION_ID_AT) != 0) {
		snprintf(opening->reason, sizeof(opening->reason), "another program's data base");
		return STORE_DAMAGED;
	}
	if (big_endian(header + STORE_HEADER_VERSION_AT) > STORE_FORMAT_VERSION) {
		snprintf(opening->reason, sizeof(opening->reason),
			"format version %u; this byport knows %d",
			(unsigned)big_endian(header + STORE_HEADER_VERSION_AT),
			STORE_FORMAT_VERSION);
		return STORE_NEWER;
	}
	return STORE_OK;
}

enum store_status store_file_look_at(const char *path, struct store_opening *opening)
{
	unsigned char header[STORE_HEADER_BYTES];
	struct stat found;
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0 && errno == ENOENT) {
		return STORE_OK;
	}
	if (file < 0 || fstat(file, &found) != 0) {
		snprintf(opening->reason, sizeof(opening->reason), "%s", strerror(errno));
		goto fail;
	}
	if (!S_ISREG(found.st_mode)) {
		snprintf(opening->reason, sizeof(opening->reason), "not a file%s",
			S_ISDIR(found.st_mode) ? " but a directory" : "");
		goto fail;
	}
	ssize_t length = read(file, header, sizeof(header));
	if (length < 0) {
		snprintf(opening->reason, sizeof(opening->reason), "%s", strerror(errno));
		goto fail;
	}
	close(file);
	return judge_header(header, (size_t)length, opening);

fail:
	if (file >= 0) {
		close(file);
	}
	return STORE_FAILED;
}

/* ---- Setting aside ---- */

static void rename_with(const char *path, const char *aside, const char *suffix)
{
	char from[320];
	char to[320];

	snprintf(from, sizeof(from), "%s%s", path, suffix);
	snprintf(to, sizeof(to), "%s%s", aside, suffix);
	/* A journal that is not there is no loss; the file itself is looked at again by the caller.
	 */
	(void)rename(from, to);
}

void store_set_aside(const char *path, int64_t now_wall_ms, char *ret_path, size_t size)
{
	time_t now_s = (time_t)(now_wall_ms / MS_PER_S);
	struct tm utc;
	char stamp[32] = "";
	int taken = 0;

	if (gmtime_r(&now_s, &utc)) {
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	}
	do {
		snprintf(ret_path, size, "%s.damaged-%s-%d", path, stamp, ++taken);
	} while (access(ret_path, F_OK) == 0 && taken < INT16_MAX);
	rename_with(path, ret_path, "");
	rename_with(path, ret_path, "-wal");
	rename_with(path, ret_path, "-shm");
}
