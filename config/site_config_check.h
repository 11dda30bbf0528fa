/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_config_check.h -- What a table of settings cannot say: that settings
 * fit each other. Pure but for looking a time zone up. Used by site_config.c.
 */
#ifndef CONFIG_SITE_CONFIG_CHECK_H
#define CONFIG_SITE_CONFIG_CHECK_H

#include "config/site_config.h"

/* Report all; texts that could not be read are NULL and passed over. */
void site_config_check(const struct site_config *config, struct diagnostics *diagnostics);

/* The buses, and the meters on them. */
void site_config_check_lines(const struct site_config *config, struct diagnostics *diagnostics);

#endif
