/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload.c -- Configurations read and compared.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/reload.h"

/* ---- reading ---- */

bool loaded_site_make(struct site_config *config, struct diagnostics *diagnostics,
	struct loaded_site **ret_loaded)
{
	struct loaded_site *loaded = calloc(1, sizeof *loaded);
	if (loaded == NULL) {
		site_config_free(config);
		return false;
	}
	loaded->users = 1;
	loaded->config = config;
	loaded->library = model_library_open(config->models_directory);
	if (loaded->library == NULL ||
		!site_make(config, loaded->library, diagnostics, &loaded->site))
		goto fail;
	loaded->slots = calloc(loaded->site->meters_count + 1, sizeof *loaded->slots);
	if (loaded->slots == NULL)
		goto fail;
	malloc_trim(0); /* what reading took and no longer needs */
	*ret_loaded = loaded;
	return true;
fail:
	loaded_site_release(loaded);
	return false;
}

bool loaded_site_read(
	const char *path, struct diagnostics *diagnostics, struct loaded_site **ret_loaded)
{
	struct site_config *config = site_config_read_faulty(path, diagnostics);
	return config != NULL && loaded_site_make(config, diagnostics, ret_loaded);
}

void loaded_site_hold(struct loaded_site *loaded)
{
	loaded->users++;
}

struct loaded_site *loaded_site_release(struct loaded_site *loaded)
{
	if (loaded == NULL || --loaded->users > 0)
		return NULL;
	free(loaded->slots);
	site_free(loaded->site);
	model_library_close(loaded->library);
	site_config_free(loaded->config);
	free(loaded);
	malloc_trim(0);
	return NULL;
}

/* ---- comparing ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const char *reload_needs_restart(const struct site_config *before, const struct site_config *after)
{
	if (!same_text(before->city, after->city))
		return "site: city";
	if (!same_text(before->site, after->site))
		return "site: id";
	if (!same_text(before->gateway, after->gateway))
		return "gateway: id";
	if (!same_text(before->data_directory, after->data_directory))
		return "gateway: data_directory";
	if (!same_text(before->control_socket, after->control_socket))
		return "gateway: control_socket";
	if (before->store_bytes_max != after->store_bytes_max)
		return "gateway: store_size";
	return NULL;
}

bool reload_broker_unchanged(const struct config_broker *before, const struct config_broker *after)
{
	return same_text(before->host, after->host) &&
	       config_broker_port(before) == config_broker_port(after) &&
	       before->tls == after->tls && same_text(before->ca_file, after->ca_file) &&
	       same_text(before->certificate_file, after->certificate_file) &&
	       same_text(before->key_file, after->key_file) &&
	       same_text(before->alpn, after->alpn) &&
	       same_text(before->socks5.host, after->socks5.host) &&
	       before->socks5.port == after->socks5.port && same_text(before->user, after->user) &&
	       same_text(before->password_file, after->password_file) &&
	       before->keep_alive_ms == after->keep_alive_ms &&
	       before->reconnect_within_ms == after->reconnect_within_ms &&
	       before->mqtt == after->mqtt;
}

bool reload_same_line(const struct bus_line *a, const struct bus_line *b)
{
	return same_text(a->device, b->device) && same_text(a->host, b->host) &&
	       a->tcp_port == b->tcp_port;
}

static bool line_unchanged(const struct bus_line *a, const struct bus_line *b)
{
	return a->kind == b->kind && reload_same_line(a, b) && a->baud == b->baud &&
	       a->parity == b->parity && a->data_bits == b->data_bits &&
	       a->stop_bits == b->stop_bits && a->rts_direction == b->rts_direction &&
	       a->rts_active_low == b->rts_active_low &&
	       a->connect_timeout_ms == b->connect_timeout_ms;
}

static bool same_scale(struct scale a, struct scale b)
{
	return a.numerator == b.numerator && a.denominator == b.denominator;
}

static bool same_format(struct register_format a, struct register_format b)
{
	return a.encoding == b.encoding && a.registers == b.registers &&
	       a.low_word_first == b.low_word_first && a.low_byte_first == b.low_byte_first;
}

static bool value_unchanged(const struct model_value *a, const struct model_value *b)
{
	return a->quantity == b->quantity && a->channel == b->channel && a->space == b->space &&
	       a->addresses_count == b->addresses_count &&
	       memcmp(a->addresses, b->addresses, sizeof a->addresses) == 0 &&
	       same_format(a->format, b->format) && a->scale_register == b->scale_register &&
	       a->slow == b->slow && a->together == b->together &&
	       a->sentinels_count == b->sentinels_count &&
	       memcmp(a->sentinels, b->sentinels, sizeof a->sentinels) == 0 &&
	       a->zero_is_unavailable == b->zero_is_unavailable && a->absolute == b->absolute &&
	       a->resolution == b->resolution && a->modulus_raw == b->modulus_raw;
}

static bool ranges_unchanged(
	const struct register_range *a, const struct register_range *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].space != b[i].space || a[i].first != b[i].first || a[i].last != b[i].last)
			return false;
	return true;
}

static bool base_unchanged(const struct model_base *a, const struct model_base *b)
{
	return a->relative == b->relative && a->markers_count == b->markers_count &&
	       a->models_count == b->models_count &&
	       memcmp(a->markers, b->markers, sizeof a->markers) == 0 &&
	       memcmp(a->models, b->models, sizeof a->models) == 0;
}

/* What the reading of a device takes from its model, values apart. */
static bool model_unchanged(const struct meter_model *a, const struct meter_model *b)
{
	return strcmp(a->name, b->name) == 0 && a->block_registers_max == b->block_registers_max &&
	       a->bridge_registers_max == b->bridge_registers_max &&
	       a->readable_count == b->readable_count && a->forbidden_count == b->forbidden_count &&
	       ranges_unchanged(a->readable, b->readable, a->readable_count) &&
	       ranges_unchanged(a->forbidden, b->forbidden, a->forbidden_count) &&
	       a->pause_ms == b->pause_ms && a->update_period_ms == b->update_period_ms &&
	       base_unchanged(&a->base, &b->base) && a->has_serial_number == b->has_serial_number &&
	       a->serial_number_space == b->serial_number_space &&
	       a->serial_number_address == b->serial_number_address &&
	       same_format(a->serial_number_format, b->serial_number_format);
}

/* Two sites, of which two devices are compared. */
struct comparison {
	const struct site *before;
	const struct site *after;
};

static bool points_unchanged(
	const struct comparison *sites, const struct device *a, const struct device *b)
{
	if (a->points_count != b->points_count)
		return false;
	for (size_t i = 0; i < a->points_count; i++) {
		const struct device_point *before = &a->points[i], *after = &b->points[i];
		if (!same_text(sites->before->meters[before->meter].config->id,
			    sites->after->meters[after->meter].config->id) ||
			!same_scale(before->scale, after->scale) ||
			!value_unchanged(before->value, after->value))
			return false;
	}
	return true;
}

static bool device_unchanged(
	const struct comparison *sites, const struct device *a, const struct device *b)
{
	return a->address == b->address && a->fast_period_ms == b->fast_period_ms &&
	       a->slow_period_ms == b->slow_period_ms &&
	       a->response_timeout_min_ms == b->response_timeout_min_ms &&
	       a->response_timeout_max_ms == b->response_timeout_max_ms &&
	       model_unchanged(a->model, b->model) && points_unchanged(sites, a, b);
}

bool reload_bus_unchanged(
	const struct site *before, size_t bus, const struct site *after, size_t after_bus)
{
	const struct site_bus *a = &before->buses[bus], *b = &after->buses[after_bus];
	struct comparison sites = {before, after};
	if (strcmp(a->config->id, b->config->id) != 0 || !line_unchanged(&a->line, &b->line) ||
		a->devices_count != b->devices_count)
		return false;
	for (size_t i = 0; i < a->devices_count; i++)
		if (!device_unchanged(&sites, &a->devices[i], &b->devices[i]))
			return false;
	return true;
}
