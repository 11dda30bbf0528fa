/* SPDX-License-Identifier: Apache-2.0 */
/* crash_medium.c -- crash_medium.h, and what a cut leaves of it (crash_disk.h). */
#include "tests/fakes/disk/crash_medium.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/disk/crash_disk.h"

enum { SECTOR_BYTES = 512, PATH_BYTES = 400 };

struct content {
	unsigned char *bytes;
	int64_t size;
	int64_t capacity;
	bool exists;
};

struct medium_file {
	char path[PATH_BYTES];
	struct content durable;
	struct medium_file *next;
};
static struct medium_file *files;

/* On its way. */
struct pending {
	struct medium_file *file;
	enum { PENDING_WRITE, PENDING_TRUNCATE, PENDING_DELETE } kind;
	int64_t offset; /* or the new size */
	int64_t length;
	unsigned char *bytes;
};
static struct pending *queue;
static size_t queue_count, queue_capacity;
static size_t lying_operations;

/* ---- contents ---- */

static void *must(void *allocated)
{
	if (allocated == NULL)
		abort();
	return allocated;
}

static void resize(struct content *content, int64_t size)
{
	if (size > content->capacity) {
		content->capacity = 2 * size;
		content->bytes = must(realloc(content->bytes, (size_t)content->capacity));
	}
	if (size > content->size)
		memset(content->bytes + content->size, 0, (size_t)(size - content->size));
	content->size = size;
	content->exists = true;
}

static void put(struct content *content, const void *bytes, int64_t length, int64_t offset)
{
	if (offset + length > content->size)
		resize(content, offset + length);
	memcpy(content->bytes + offset, bytes, (size_t)length);
	content->exists = true;
}

static void apply(struct content *content, const struct pending *pending)
{
	switch (pending->kind) {
	case PENDING_WRITE:
		put(content, pending->bytes, pending->length, pending->offset);
		break;
	case PENDING_TRUNCATE:
		resize(content, pending->offset);
		break;
	case PENDING_DELETE:
		content->size = 0;
		content->exists = false;
		break;
	}
}

static void read_content(const char *path, struct content *content)
{
	unsigned char buffer[65536];
	size_t length;
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		return;
	content->exists = true;
	while ((length = fread(buffer, 1, sizeof buffer, file)) > 0)
		put(content, buffer, (int64_t)length, content->size);
	fclose(file);
}

static void write_content(const char *path, const struct content *content)
{
	FILE *file = must(fopen(path, "wbe"));
	if (content->size > 0 && fwrite(content->bytes, (size_t)content->size, 1, file) != 1)
		abort();
	if (fclose(file) != 0)
		abort();
}

/* ---- the queue ---- */

static void make_durable(const struct pending *pending)
{
	apply(&pending->file->durable, pending);
	free(pending->bytes);
}

static bool is_of(const struct pending *pending, const struct medium_file *file)
{
	return pending->file == file;
}

static bool is_deletion(const struct pending *pending, const struct medium_file *file)
{
	(void)file;
	return pending->kind == PENDING_DELETE;
}

/* The first `count` of those chosen arrive. */
static void flush(bool (*chosen)(const struct pending *pending, const struct medium_file *file),
	const struct medium_file *file, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < queue_count; i++)
		if (count > 0 && (chosen == NULL || chosen(&queue[i], file))) {
			make_durable(&queue[i]);
			count--;
		} else {
			queue[kept++] = queue[i];
		}
	queue_count = kept;
}

static void push(struct pending pending)
{
	if (queue_count == queue_capacity) {
		queue_capacity = 2 * queue_capacity + 64;
		queue = must(realloc(queue, queue_capacity * sizeof *queue));
	}
	queue[queue_count++] = pending;
	if (lying_operations > 0 && queue_count > lying_operations)
		flush(NULL, NULL, queue_count - lying_operations);
}

static struct medium_file *find(const char *path)
{
	struct medium_file *file = files;
	while (file != NULL && strcmp(file->path, path) != 0)
		file = file->next;
	return file;
}

struct medium_file *medium_open(const char *path)
{
	struct medium_file *file = find(path);
	if (file != NULL)
		return file;
	file = must(calloc(1, sizeof *file));
	snprintf(file->path, sizeof file->path, "%s", path);
	read_content(path, &file->durable);
	file->next = files;
	files = file;
	return file;
}

void medium_write(struct medium_file *file, struct medium_bytes written)
{
	unsigned char *bytes = must(malloc((size_t)written.length));
	memcpy(bytes, written.bytes, (size_t)written.length);
	push((struct pending){file, PENDING_WRITE, written.offset, written.length, bytes});
}

void medium_truncate(struct medium_file *file, int64_t size)
{
	push((struct pending){file, PENDING_TRUNCATE, size, 0, NULL});
}

void medium_delete(const char *path, bool is_synced)
{
	struct medium_file *file = find(path);
	if (file == NULL)
		return;
	push((struct pending){file, PENDING_DELETE, 0, 0, NULL});
	if (is_synced)
		medium_sync(file);
}

void medium_sync(struct medium_file *file)
{
	if (lying_operations > 0)
		return;
	/* SQLite syncs the directory with a new journal: what was deleted there stays so. */
	if (!file->durable.exists)
		flush(is_deletion, NULL, queue_count);
	flush(is_of, file, queue_count);
}

void crash_disk_lie(size_t operations)
{
	lying_operations = operations;
	if (operations == 0)
		flush(NULL, NULL, queue_count);
}

/* ---- a cut ---- */

/* splitmix64 */
static uint64_t roll(uint64_t *seed, uint64_t sides)
{
	uint64_t mixed = *seed += 0x9e3779b97f4a7c15;
	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
	return (mixed ^ (mixed >> 31)) % sides;
}

static void tear(struct content *content, const struct pending *pending, uint64_t *seed)
{
	unsigned char garbage[SECTOR_BYTES];
	memset(garbage, 0xa5, sizeof garbage);
	for (int64_t at = 0; at < pending->length; at += SECTOR_BYTES) {
		int64_t left = pending->length - at;
		int64_t length = left < SECTOR_BYTES ? left : SECTOR_BYTES;
		uint64_t fate = roll(seed, 3);
		if (fate != 0)
			put(content, fate == 1 ? pending->bytes + at : garbage, length,
				pending->offset + at);
	}
}

static void cut(struct content *content, const struct pending *pending,
	enum crash_unsynced unsynced, uint64_t *seed)
{
	static const uint64_t fates[CRASH_UNSYNCED_COUNT] = {
		[CRASH_DROPPED] = 1, [CRASH_KEPT] = 1, [CRASH_SHUFFLED] = 2, [CRASH_TORN] = 3};
	uint64_t fate = unsynced == CRASH_KEPT ? 1 : roll(seed, fates[unsynced]);
	if (fate == 2 && pending->kind == PENDING_WRITE)
		tear(content, pending, seed);
	else if (fate != 0)
		apply(content, pending);
}

/* The file's name in `directory`; NULL: it lies elsewhere. */
static const char *name_in(const char *path, const char *directory)
{
	size_t length = strlen(directory);
	bool is_in = strncmp(path, directory, length) == 0 && path[length] == '/' &&
		     strchr(path + length + 1, '/') == NULL;
	return is_in ? path + length + 1 : NULL;
}

static void copy_known(const struct medium_file *file, const char *to, enum crash_unsynced unsynced,
	uint64_t *seed)
{
	struct content left = {.exists = file->durable.exists};
	if (file->durable.size > 0)
		put(&left, file->durable.bytes, file->durable.size, 0);
	for (size_t i = 0; i < queue_count; i++)
		if (queue[i].file == file)
			cut(&left, &queue[i], unsynced, seed);
	if (left.exists)
		write_content(to, &left);
	free(left.bytes);
}

static void copy_unknown(const char *from, const char *to)
{
	struct content whole = {0};
	read_content(from, &whole);
	write_content(to, &whole);
	free(whole.bytes);
}

static bool is_shared_memory(const char *name)
{
	size_t length = strlen(name);
	return length > 4 && strcmp(name + length - 4, "-shm") == 0;
}

void crash_disk_copy(const char *from, const char *to, enum crash_unsynced unsynced, uint64_t seed)
{
	char source[PATH_BYTES], target[PATH_BYTES];
	DIR *directory = must(opendir(from));
	if (mkdir(to, 0700) != 0)
		abort();
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
		snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
		if (entry->d_type == DT_REG && !is_shared_memory(entry->d_name) &&
			find(source) == NULL)
			copy_unknown(source, target);
	}
	closedir(directory);
	for (const struct medium_file *file = files; file != NULL; file = file->next) {
		const char *name = name_in(file->path, from);
		if (name == NULL)
			continue;
		snprintf(target, sizeof target, "%s/%s", to, name);
		copy_known(file, target, unsynced, &seed);
	}
}

static void forget(struct medium_file *file)
{
	flush(is_of, file, queue_count);
	free(file->durable.bytes);
	free(file);
}

void crash_disk_remove(const char *path)
{
	char name[PATH_BYTES];
	for (struct medium_file **at = &files; *at != NULL;) {
		struct medium_file *file = *at;
		if (name_in(file->path, path) == NULL) {
			at = &file->next;
			continue;
		}
		*at = file->next;
		forget(file);
	}
	DIR *directory = opendir(path);
	if (directory == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlink(name);
	}
	closedir(directory);
	rmdir(path);
}
