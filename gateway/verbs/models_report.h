/* SPDX-License-Identifier: Apache-2.0 */
/* models_report.h -- Meter models for people and, as JSON, for scripts. */
#ifndef GATEWAY_VERBS_MODELS_REPORT_H
#define GATEWAY_VERBS_MODELS_REPORT_H

#include <stdio.h>

#include "drivers/meter_model.h"

void models_print_list(const struct meter_model *const *models, size_t count, FILE *stream);

/* Everything a technician asks of one: registers, limits, identity, quirks, sources. */
void models_print_one(const struct meter_model *model, FILE *stream);

/* An array of objects; false when memory is out or the stream fails. */
bool models_print_json(const struct meter_model *const *models, size_t count, FILE *stream);

#endif
