/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker_settings.h -- The configuration's section `broker` as the link takes
 * it; and whether the files named there can serve.
 */
#ifndef GATEWAY_BROKER_SETTINGS_H
#define GATEWAY_BROKER_SETTINGS_H

#include "config/site_config.h"
#include "gateway/mqtt_link.h"

/* Texts stay the configuration's. Without client id, Will, subscriptions and seed. */
struct mqtt_link_settings broker_link_settings(const struct config_broker *broker);

/*
 * What is wrong with keys, certificates and passwords, as far as they can be
 * read here: a configuration may be checked where its files are not.
 */
void broker_check_files(const struct site_config *config, struct diagnostics *diagnostics);

#endif
