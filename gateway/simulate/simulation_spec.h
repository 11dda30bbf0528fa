/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation_spec.h -- What is to be simulated, as a person says it: lines,
 * devices, their values and faults. Filled by the options of `byport
 * simulate`, by a YAML file (simulation_file.h) or by the built-in school
 * (school_site.h); one table of keys for all of them.
 */
#ifndef GATEWAY_SIMULATE_SIMULATION_SPEC_H
#define GATEWAY_SIMULATE_SIMULATION_SPEC_H

#include "gateway/simulate/simulated_line.h"

enum {
	SPEC_REASON_MAX = 512,
	SPEC_TEXT_MAX = 64,
	SPEC_HOLDS_MAX = 16,
	SPEC_LINES_MAX = 256,
	SPEC_DEVICES_MAX = 247,    /* on one line: the addresses there are */
	SPEC_SPEED_MAX = 10000000, /* simulated seconds a second */
};

struct spec_hold {
	enum quantity quantity;
	int64_t number;
};

struct device_spec {
	char name[DEVICE_NAME_MAX]; /* "": the address, or MODEL@ADDRESS where that is taken */
	char model[SPEC_TEXT_MAX];
	uint8_t address;
	char serial_number[FAULT_TEXT_MAX]; /* "": made from the seed */
	char option[SPEC_TEXT_MAX];         /* of the model; "": its default */
	int64_t ct_primary;                 /* 0: none left to the gateway */
	int64_t ct_secondary;
	bool strict;
	uint8_t marker;
	char values[SPEC_TEXT_MAX]; /* place in the scenario, or "fixed"; "": by the carrier */
	struct fault faults[DEVICE_FAULTS_MAX];
	size_t faults_count;
	struct spec_hold holds[SPEC_HOLDS_MAX];
	size_t holds_count;
	char csv[LINE_PATH_MAX]; /* "": none */
	char time_column[SPEC_TEXT_MAX];
	char columns[READINGS_COLUMNS_MAX][SPEC_TEXT_MAX];
	struct readings_column
		csv_columns[READINGS_COLUMNS_MAX]; /* names point into `columns` once read */
	size_t columns_count;
	bool interpolate;
};

struct line_spec {
	struct simulated_line_settings settings;
	struct device_spec *devices;
	size_t devices_count;
};

struct simulation_spec {
	struct line_spec *lines;
	size_t lines_count;
	uint64_t seed;
	int64_t speed; /* simulated seconds a second; 0: time stands still */
	bool has_start;
	int64_t start_ms; /* simulated; else the first reading of a CSV, else the wall clock */
	bool has_time_of_day;
	int32_t time_of_day_s;        /* local time of the school, on the last working day */
	bool paused;                  /* time stands until the command `run` */
	const char *models_directory; /* the user's models; NULL: none */
};

void simulation_spec_begin(struct simulation_spec *spec);
void simulation_spec_clear(struct simulation_spec *spec);

/* A new line at the end; NULL when memory is out or there are SPEC_LINES_MAX. */
struct line_spec *spec_add_line(struct simulation_spec *spec, enum line_kind kind);
struct device_spec *spec_add_device(struct line_spec *line);

/*
 * Set one key of a device: "model", "address", "name", "serial", "option",
 * "ct", "strict", "marker", "values", "fault", "csv", "column", "time-column",
 * "interpolate"; or a quantity's name, to hold it at a value. False with a
 * sentence.
 */
bool device_spec_set(struct device_spec *device, const char *key, const char *text,
	char ret_reason[static SPEC_REASON_MAX]);

/* The same for a line: "name", "link", "baud", "answer-ms", "listen" (HOST:PORT). */
bool line_spec_set(struct line_spec *line, const char *key, const char *text,
	char ret_reason[static SPEC_REASON_MAX]);

/* "MODEL@ADDRESS[,key=value...]". */
bool device_spec_parse(
	struct device_spec *device, const char *text, char ret_reason[static SPEC_REASON_MAX]);

bool spec_integer(const char *text, int64_t min, int64_t max, int64_t *ret_number);
/* "07:30" or "07:30:15", in seconds. */
bool spec_time_of_day(const char *text, int32_t *ret_seconds);

#endif
