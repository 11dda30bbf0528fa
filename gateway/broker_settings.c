/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker_settings.c -- From the section `broker` to a link.
 */
#include "gateway/broker_settings.h"

#include <unistd.h>

#include "config/secret_file.h"

struct mqtt_link_settings broker_link_settings(const struct config_broker *broker)
{
	return (struct mqtt_link_settings){
		.version = broker->mqtt == CONFIG_MQTT_3_1_1 ? MQTT_VERSION_3_1_1 : MQTT_VERSION_5,
		.host = broker->host,
		.port = (uint16_t)config_broker_port(broker),
		.keep_alive_s = (uint16_t)(broker->keep_alive_ms / 1000),
		.reconnect_within_ms = (uint32_t)broker->reconnect_within_ms,
		.tls = broker->tls == CONFIG_YES,
		.ca_file = broker->ca_file,
		.certificate_file = broker->certificate_file,
		.key_file = broker->key_file,
		.alpn = broker->alpn,
		.socks5_host = broker->socks5.host,
		.socks5_port = (uint16_t)config_proxy_port(broker),
		.user = broker->user,
		.password_file = broker->password_file};
}

static bool can_be_read(const char *path)
{
	return path == NULL || access(path, R_OK) == 0;
}

/* True when one was reported. */
static bool report_open_secrets(const struct site_config *config, struct diagnostics *diagnostics)
{
	const struct config_broker *broker = &config->broker;
	const struct {
		const char *key;
		const char *path;
		struct file_position at;
	} secrets[] = {
		{"key_file",      broker->key_file,      broker->key_file_at     },
		{"password_file", broker->password_file, broker->password_file_at},
	};
	bool found = false;
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		if (secrets[i].path == NULL || !secret_file_is_open(secrets[i].path))
			continue;
		diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, config->file, secrets[i].at,
			"broker: %s: others may read \"%s\"; take that right from them: chmod o= "
			"%s",
			secrets[i].key, secrets[i].path, secrets[i].path);
		found = true;
	}
	return found;
}

void broker_check_files(const struct site_config *config, struct diagnostics *diagnostics)
{
	const struct config_broker *broker = &config->broker;
	if (report_open_secrets(config, diagnostics) || config->faulty ||
		!can_be_read(broker->ca_file) || !can_be_read(broker->certificate_file) ||
		!can_be_read(broker->key_file) || !can_be_read(broker->password_file))
		return;
	struct mqtt_link_settings settings = broker_link_settings(broker);
	settings.client_id = "byport-check";
	const char *reason = mqtt_link_check(&settings);
	if (reason != NULL)
		diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, config->file, broker->at,
			"broker: %s", reason);
}
