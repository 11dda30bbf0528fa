/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_configuration.c -- A site's YAML as anybody may write it: refused with a
 * reason and a place, or read, joined with its models and compared with itself.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/reload.h"
#include "tests/fuzz/libfyaml_leaks.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

static struct model_library *library;

static void join(const struct site_config *config)
{
	struct diagnostics diagnostics = {0};
	struct site *site = NULL;
	if (library == NULL)
		library = model_library_open(NULL);
	if (site_make(config, library, &diagnostics, &site))
		for (size_t i = 0; i < site->buses_count; i++)
			assert(reload_bus_unchanged(site, i, site, i));
	else
		assert(diagnostics.errors > 0);
	assert(reload_needs_restart(config, config) == NULL);
	assert(reload_broker_unchanged(&config->broker, &config->broker));
	site_free(site);
	diagnostics_clear(&diagnostics);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
	struct diagnostics diagnostics = {0};
	struct site_config *config = NULL;
	char *text = malloc(length + 1);
	if (text == NULL)
		return 0;
	memcpy(text, input, length);
	text[length] = '\0';
	if (site_config_read_text("site.yaml", text, &diagnostics, &config))
		join(config);
	else
		assert(diagnostics.errors > 0);
	site_config_free(config);
	diagnostics_clear(&diagnostics);
	free(text);
	return 0;
}
