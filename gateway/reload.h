/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload.h -- A configuration read, checked and joined with its models, as the
 * daemon runs it; and what another one changes: nothing that stayed the same is
 * touched.
 */
#ifndef GATEWAY_RELOAD_H
#define GATEWAY_RELOAD_H

#include "gateway/site.h"

/* A site and all it stands on. Counted: bus workers run with it after a newer one is in force. */
struct loaded_site {
	struct site_config *config;
	struct model_library *library;
	struct site *site;
	uint16_t *slots; /* the pipeline's, of site->meters */
	size_t users;
};

/* Read and check; held once. False, with the errors in `diagnostics`, when there is any. */
__attribute__((warn_unused_result)) bool loaded_site_read(
	const char *path, struct diagnostics *diagnostics, struct loaded_site **ret_loaded);

/* The same with a configuration that was read already; it is taken over, and freed on failure. */
__attribute__((warn_unused_result)) bool loaded_site_make(struct site_config *config,
	struct diagnostics *diagnostics, struct loaded_site **ret_loaded);

void loaded_site_hold(struct loaded_site *loaded);
/* Frees it with its last user. NULL is fine. Returns NULL. */
struct loaded_site *loaded_site_release(struct loaded_site *loaded);

/*
 * What cannot change while the daemon runs, by its key: "gateway: data_directory". NULL:
 * the new configuration can be taken over.
 */
const char *reload_needs_restart(const struct site_config *before, const struct site_config *after);

/* True when a bus, its devices, and all that is read of them are the same, meter by meter. */
bool reload_bus_unchanged(
	const struct site *before, size_t bus, const struct site *after, size_t after_bus);

/* True when the connection to the broker need not be made anew. */
bool reload_broker_unchanged(const struct config_broker *before, const struct config_broker *after);

/* True when both buses would open the same port or host. */
bool reload_same_line(const struct bus_line *a, const struct bus_line *b);

#endif
