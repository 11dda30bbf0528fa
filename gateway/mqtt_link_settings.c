/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_settings.c -- Copies of settings, and the files they name.
 */
#include "gateway/mqtt_link_settings.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void link_settings_free(struct mqtt_link_settings *copy)
{
	const char *const texts[] = {copy->host, copy->client_id, copy->ca_file,
		copy->certificate_file, copy->key_file, copy->user, copy->password_file,
		copy->will_topic, copy->will_payload};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free((void *)(uintptr_t)texts[i]);
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
	const char **const texts[] = {&ret_copy->host, &ret_copy->client_id, &ret_copy->ca_file,
		&ret_copy->certificate_file, &ret_copy->key_file, &ret_copy->user,
		&ret_copy->password_file, &ret_copy->will_topic, &ret_copy->will_payload};
	bool good = true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool needed = *texts[i] != NULL;
		good = (copy_text(texts[i]) || !needed) && good;
	}
	return copy_subscriptions(ret_copy) && good;
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
	const struct {
		const char *path;
		const char *reason;
	} files[] = {
		{settings->password_file,    "the password file cannot be read"                         },
		{settings->ca_file,          "the file of trusted certificates (ca_file) cannot be read"},
		{settings->certificate_file, "the file with our certificate cannot be read"             },
		{settings->key_file,         "the file with our key cannot be read"                     },
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i].path && access(files[i].path, R_OK) != 0)
			return files[i].reason;
	}
	return NULL;
}
