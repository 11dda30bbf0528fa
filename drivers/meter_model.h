/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter_model.h -- What a meter model is: a register map as data, read from
 * one YAML file (format: drivers/meters/README.md). No I/O, no state.
 */
#ifndef DRIVERS_METER_MODEL_H
#define DRIVERS_METER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/quantity.h"
#include "drivers/register_decode.h"

/* The four tables a Modbus device has; the value is the function code that reads it. */
enum register_space {
	SPACE_COILS = 1,
	SPACE_DISCRETE_INPUTS = 2,
	SPACE_HOLDING_REGISTERS = 3,
	SPACE_INPUT_REGISTERS = 4,
};

struct register_range {
	enum register_space space;
	uint16_t first; /* zero-based wire address, relative to the model's base where it has one */
	uint16_t last;  /* inclusive */
};

enum {
	MODEL_VALUE_PARTS_MAX = 4,    /* registers summed into one value (tariffs) */
	MODEL_SENTINELS_MAX = 3,      /* raw patterns that mean "no value" */
	MODEL_OPTION_CHOICES_MAX = 4, /* kWh, MWh, GJ ... */
	MODEL_MATCHES_MAX = 4,
	METER_CHANNELS_MAX = 32,
	MODEL_NAME_MAX = 64,    /* bytes, with the NUL */
	SERIAL_NUMBER_MAX = 65, /* bytes, with the NUL: 32 registers of text */
};

/* One value of a model: where it stands and what it means. */
struct model_value {
	enum quantity quantity;
	uint8_t channel; /* 1.. where one device holds several counters; else 1 */
	enum register_space space;
	uint16_t addresses[MODEL_VALUE_PARTS_MAX]; /* the value is the sum of the parts */
	uint8_t addresses_count;
	struct register_format format;
	struct scale scale;     /* raw step -> inside steps, before option and CT */
	bool scaled_by_option;  /* the model's option multiplies it too */
	int32_t scale_register; /* address of an i16 exponent of ten in the same block; -1: none */
	bool slow;              /* energy group; else fast (power) */
	int8_t together;        /* values of one number must come in one block; -1: none */
	uint64_t sentinels[MODEL_SENTINELS_MAX];      /* compared with register_bits() ... */
	uint64_t sentinel_masks[MODEL_SENTINELS_MAX]; /* ... in these bits */
	uint8_t sentinels_count;
	bool zero_is_unavailable; /* SunSpec accumulators: 0 = not accumulated */
	bool absolute;            /* the amount counts, whatever its sign */
	int64_t resolution;       /* inside steps; 0: unknown */
	uint64_t modulus_raw;     /* raw steps at which the counter starts again; 0: unknown */
};

/* A setting inside the device that changes what its registers mean (heat in kWh, MWh or GJ). */
struct model_option {
	char *key; /* as in the configuration: "energy_unit" */
	struct {
		char *name;
		struct scale scale;
	} choices[MODEL_OPTION_CHOICES_MAX];
	uint8_t choices_count;
	uint8_t fallback; /* the choice taken when the configuration is silent */
};

enum identification_method {
	IDENTIFY_REGISTER,  /* a register holds one of the matches (number, text prefix, range) */
	IDENTIFY_DEVICE_ID, /* function 43/14: vendor or product text */
	IDENTIFY_SUNSPEC,   /* the marker and a model of the chain */
	IDENTIFY_HEURISTIC, /* values look right; in words only */
};

struct model_identification {
	enum identification_method method;
	enum register_space space;
	uint16_t address;
	struct register_format format;
	char *matches[MODEL_MATCHES_MAX]; /* numbers "112", ranges "330-345", or text prefixes */
	uint8_t matches_count;
	char *meaning; /* never NULL, nor are the matches */
};

/* Where the device's addresses start, when they are not absolute (SunSpec). */
struct model_base {
	bool relative;
	uint16_t markers[4]; /* addresses at which "SunS" may stand */
	uint8_t markers_count;
	uint16_t models[4]; /* SunSpec model ids this map fits */
	uint8_t models_count;
};

struct model_serial_line {
	uint32_t baud;     /* 0: not documented */
	char parity;       /* 'N' 'E' 'O'; 0: not documented */
	uint8_t stop_bits; /* 0: not documented */
	uint8_t address;   /* 0: not documented */
};

struct meter_model {
	char name[MODEL_NAME_MAX]; /* "eastron-sdm630": the file's name without .yaml */
	char *maker;
	char *title;    /* as on the device */
	char *carrier;  /* what it usually measures: "electricity", "district_heat" ... */
	char *tested;   /* "simulated" or "field" */
	uint8_t phases; /* 0: none */
	bool rtu;
	bool tcp;
	struct model_serial_line serial_line;
	uint16_t tcp_port;               /* 0: not documented */
	uint8_t tcp_unit;                /* 0: not documented */
	uint16_t block_registers_max;    /* longest block the device answers, 1..125 */
	uint16_t bridge_registers_max;   /* unlisted registers a block may run across; 0: none */
	struct register_range *readable; /* where bridging is allowed at all; none: anywhere */
	size_t readable_count;
	struct register_range *forbidden; /* never touched, never bridged */
	size_t forbidden_count;
	uint32_t pause_ms;            /* silence this device wants between requests to it */
	uint32_t update_period_ms;    /* how often its registers change; 0: not documented */
	uint32_t response_timeout_ms; /* ceiling it may need; 0: not documented */
	struct model_base base;
	struct model_option option; /* key NULL: none */
	bool has_serial_number;
	enum register_space serial_number_space;
	uint16_t serial_number_address; /* relative to SunSpec's common model where base.relative */
	struct register_format serial_number_format;
	uint8_t channels; /* 1.. */
	bool ct_in_meter; /* values are already multiplied by the ratio set in the meter */
	struct model_value *values; /* by space and address */
	size_t values_count;
	struct model_identification *identifications;
	size_t identifications_count;
	char **quirks;
	size_t quirks_count;
	char **sources;
	size_t sources_count;
};

/* Free a model that was read from a file. NULL is fine. Always returns NULL. */
struct meter_model *meter_model_free(struct meter_model *model);

/* Value of a quantity on a channel; NULL when the model has none. */
const struct model_value *meter_model_value(
	const struct meter_model *model, enum quantity quantity, uint8_t channel);

/*
 * The registers a value needs in one block: all its parts and its scale
 * register. Addresses as in the model (relative where it has a base).
 */
struct register_range model_value_span(const struct model_value *value);

/*
 * One raw step in inside steps: the value's scale, the option's choice where
 * it applies, and `ct` where the quantity is scaled by it ({1, 1}: none).
 * False on overflow.
 */
__attribute__((warn_unused_result)) bool model_value_scale(const struct meter_model *model,
	const struct model_value *value, uint8_t choice, struct scale ct, struct scale *ret_scale);

/* The choice of the model's option by its name; false when there is none such. */
bool model_option_find(const struct model_option *option, const char *name, uint8_t *ret_choice);

/*
 * The value out of a block that starts at `first` (an address as in the model)
 * and holds its whole span: sentinels, parts, scale register, sum, plausible
 * range. *ret_value is untouched unless DECODE_OK.
 */
enum decode_status model_value_decode(const struct model_value *value, struct scale scale,
	const uint16_t *words, uint16_t first, int64_t *ret_value);

#endif
