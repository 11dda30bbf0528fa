/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_settings.h -- A link's settings as its thread keeps them. For the
 * link's own modules only.
 */
#ifndef GATEWAY_MQTT_LINK_SETTINGS_H
#define GATEWAY_MQTT_LINK_SETTINGS_H

#include "gateway/mqtt_link.h"

enum { LINK_PASSWORD_BYTES_MAX = 512 };

/* Copies of all texts. False when memory is out; free them either way. */
__attribute__((warn_unused_result)) bool link_settings_copy(
	const struct mqtt_link_settings *from, struct mqtt_link_settings *ret_copy);
void link_settings_free(struct mqtt_link_settings *copy);

/* Another Will's payload, from malloc(); the copy owns it from here. */
void link_settings_take_will(struct mqtt_link_settings *copy, char *will);

/* The files named in the settings, as they were once. */
struct link_files {
	struct link_file {
		uint64_t inode;
		int64_t size;
		int64_t changed_s;
		int64_t changed_ns;
	} files[4];
};
void link_files_look(const struct mqtt_link_settings *settings, struct link_files *ret_files);
bool link_files_same(const struct link_files *a, const struct link_files *b);

/* Why these cannot work now (a file that cannot be read, a secret that others may read); NULL when
 * they can. */
const char *link_settings_check(const struct mqtt_link_settings *settings);

/* The first line of the password file. */
__attribute__((warn_unused_result)) bool link_settings_password(
	const char *path, char ret_password[static LINK_PASSWORD_BYTES_MAX]);

#endif
