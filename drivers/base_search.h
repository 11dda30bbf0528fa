/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base_search.h -- Where a SunSpec device's map begins: the marker "SunS" at
 * one of a few addresses, then the chain of models behind it. Pure.
 *
 * Source: SunSpec Device Information Model Specification 1.1, sections 4 and 5.
 */
#ifndef DRIVERS_BASE_SEARCH_H
#define DRIVERS_BASE_SEARCH_H

#include "drivers/device_reader.h"

enum { BASE_SEARCH_REGISTERS = 2 }; /* of a marker, and of the head of a model in the chain */

struct base_search {
	const struct model_base *where;
	uint8_t marker;  /* the one that is looked at */
	bool walking;    /* it is one; the chain not walked to its end */
	bool found;      /* the model wanted; at once where addresses are absolute */
	uint16_t base;   /* where the model's addresses begin */
	uint16_t common; /* where SunSpec's common model begins */
	uint16_t chain_address;
	uint8_t chain_models;
};

void base_search_begin(struct base_search *search, const struct model_base *where);

/* The address of the registers to read next. */
uint16_t base_search_address(const struct base_search *search);

/* What stands there; NULL: the device refuses it. READER_NO_MODEL: it begins anew. */
enum reader_result base_search_take(struct base_search *search, const uint16_t *words);

/* Nothing came: some devices say nothing to an address they do not have. */
void base_search_silence(struct base_search *search);

#endif
