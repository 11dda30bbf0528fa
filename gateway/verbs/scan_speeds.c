/* SPDX-License-Identifier: Apache-2.0 */
/* scan_speeds.c -- scan_speeds.h. */
#include "gateway/verbs/scan_speeds.h"

static const struct {
	uint32_t baud;
	char parity;
} usual[] = {
	{9600,   'N'},
	{19200,  'E'},
	{9600,   'E'},
	{19200,  'N'},
	{38400,  'N'},
	{115200, 'N'},
	{38400,  'E'},
	{2400,   'E'},
	{4800,   'E'},
	{2400,   'N'},
	{4800,   'N'},
	{57600,  'N'},
	{57600,  'E'},
	{115200, 'E'},
	{9600,   'O'},
	{19200,  'O'},
	{38400,  'O'},
	{1200,   'E'},
	{1200,   'N'},
};

bool scan_same_settings(const struct bus_line *a, const struct bus_line *b)
{
	return a->kind != BUS_RTU || (a->baud == b->baud && a->parity == b->parity);
}

size_t scan_speeds(const struct bus_line *line, struct bus_line ret_lines[static SCAN_SPEEDS_MAX])
{
	size_t count = 0;
	ret_lines[count++] = *line;
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
		if (usual[i].baud == line->baud && usual[i].parity == line->parity)
			continue;
		ret_lines[count] = *line;
		ret_lines[count].baud = usual[i].baud;
		ret_lines[count].parity = usual[i].parity;
		ret_lines[count++].stop_bits = 1;
	}
	return count;
}
