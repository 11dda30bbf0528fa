/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_settings.c -- Copies of settings, and the files they name.
 */
#include "gateway/mqtt_link_settings.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/secret_file.h"

enum { TEXTS_COUNT = 11 };

static void texts_of(struct mqtt_link_settings *copy, const char **ret_texts[static TEXTS_COUNT])
{
	const char **const texts[TEXTS_COUNT] = {&copy->host, &copy->client_id, &copy->ca_file,
		&copy->certificate_file, &copy->key_file, &copy->alpn, &copy->socks5_host,
		&copy->user, &copy->password_file, &copy->will_topic, &copy->will_payload};
	memcpy(ret_texts, texts, sizeof(texts));
}

void link_settings_free(struct mqtt_link_settings *copy)
{
	const char **texts[TEXTS_COUNT];
	texts_of(copy, texts);
	for (size_t i = 0; i < TEXTS_COUNT; i++)
		free((void *)(uintptr_t)*texts[i]);
	for (size_t i = 0; i < copy->subscriptions_count; i++)
		free((void *)(uintptr_t)copy->subscriptions[i]);
	free((void *)(uintptr_t)copy->subscriptions);
}

static bool copy_text(const char **text)
{
	*text = *text ? strdup(*text) : NULL;
	return *text != NULL;
}

static bool copy_subscriptions(struct mqtt_link_settings *copy)
{
	size_t count = copy->subscriptions_count;
	const char **copies = calloc(count + 1, sizeof(*copies));
	bool good = copies != NULL;
	for (size_t i = 0; copies && i < count; i++) {
		copies[i] = copy->subscriptions[i];
		good = copy_text(&copies[i]) && good;
	}
	copy->subscriptions = copies;
	copy->subscriptions_count = copies ? count : 0;
	return good;
}

bool link_settings_copy(const struct mqtt_link_settings *from, struct mqtt_link_settings *ret_copy)
{
	*ret_copy = *from;
	const char **texts[TEXTS_COUNT];
	bool good = true;
	texts_of(ret_copy, texts);
	for (size_t i = 0; i < TEXTS_COUNT; i++) {
		bool needed = *texts[i] != NULL;
		good = (copy_text(texts[i]) || !needed) && good;
	}
	return copy_subscriptions(ret_copy) && good;
}

void link_settings_take_will(struct mqtt_link_settings *copy, char *will)
{
	free((void *)(uintptr_t)copy->will_payload);
	copy->will_payload = will;
	copy->will_length = strlen(will);
}

bool link_settings_password(const char *path, char ret_password[static LINK_PASSWORD_BYTES_MAX])
{
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool read = fgets(ret_password, LINK_PASSWORD_BYTES_MAX, file) != NULL;
	fclose(file);
	if (read)
		ret_password[strcspn(ret_password, "\r\n")] = '\0';
	return read;
}

const char *link_settings_check(const struct mqtt_link_settings *settings)
{
	/* clang-format off */
	const struct {
		const char *path;
		const char *unread;
		const char *open; /* to others; NULL: no secret */
	} files[] = {
		{settings->password_file,    "the password file cannot be read",
		 "others may read the password file (password_file): take that right from them (chmod o=)"},
		{settings->ca_file,          "the file of trusted certificates (ca_file) cannot be read", NULL},
		{settings->certificate_file, "the file with our certificate cannot be read", NULL},
		{settings->key_file,         "the file with our key cannot be read",
		 "others may read the file with our key (key_file): take that right from them (chmod o=)"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i].path && access(files[i].path, R_OK) != 0)
			return files[i].unread;
		if (files[i].path && files[i].open && secret_file_is_open(files[i].path))
			return files[i].open;
	}
	return NULL;
}

void link_files_look(const struct mqtt_link_settings *settings, struct link_files *ret_files)
{
	const char *const paths[] = {settings->ca_file, settings->certificate_file,
		settings->key_file, settings->password_file};
	*ret_files = (struct link_files){0};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct stat found;
		if (paths[i] && stat(paths[i], &found) == 0)
			ret_files->files[i] = (struct link_file){.inode = (uint64_t)found.st_ino,
				.size = (int64_t)found.st_size,
				.changed_s = (int64_t)found.st_mtim.tv_sec,
				.changed_ns = (int64_t)found.st_mtim.tv_nsec};
	}
}

bool link_files_same(const struct link_files *a, const struct link_files *b)
{
	return memcmp(a, b, sizeof(*a)) == 0; /* no padding: words of 64 bits */
}
