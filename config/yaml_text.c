/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_text.c -- yaml_text.h. */
#include "config/yaml_text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/yaml_reader.h"

static const struct file_position whole_file = {0, 0};

static void refuse(struct diagnostics *diagnostics, const char *path, const char *why)
{
	diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, path, whole_file, "%s", why);
}

/* NULL: fine as far as the file's kind goes. */
static const char *unusual_kind(FILE *file)
{
	struct stat status;

	if (fstat(fileno(file), &status) < 0) {
		return strerror(errno);
	}
	return S_ISDIR(status.st_mode) ? "is a directory; a YAML file is wanted" : NULL;
}

static bool load_open(FILE *file, char *text, size_t *ret_length, const char **ret_why)
{
	*ret_why = unusual_kind(file);
	if (*ret_why) {
		return false;
	}
	size_t length = fread(text, 1, YAML_FILE_BYTES_MAX + 1, file);
	if (ferror(file)) {
		*ret_why = strerror(errno);
		return false;
	}
	if (length > YAML_FILE_BYTES_MAX) {
		*ret_why = "is larger than 1 MiB; a site of 250 meters takes 60 KiB";
		return false;
	}
	text[length] = '\0';
	*ret_length = length;
	return true;
}

bool yaml_text_load(
	const char *path, struct diagnostics *diagnostics, char **ret_text, size_t *ret_length)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, path, whole_file,
			"cannot be opened: %s", strerror(errno));
		return false;
	}
	const char *why = "memory is out";
	char *text = malloc(YAML_FILE_BYTES_MAX + 2);
	bool loaded = text && load_open(file, text, ret_length, &why);
	fclose(file);
	if (!loaded) {
		refuse(diagnostics, path, why);
		free(text);
		return false;
	}
	*ret_text = text;
	return true;
}

/* Bytes of the UTF-8 character that starts here; 0: none does (RFC 3629, table 3-7 of Unicode). */
static size_t utf8_length(const unsigned char *c)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max, length;
	} forms[] = {
  /* clang-format off */
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
  /* clang-format on */
	};

	if (c[0] == '\t' || c[0] == '\n' || c[0] == '\r' || (c[0] >= 0x20 && c[0] < 0x7f)) {
		return 1;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (c[0] < forms[i].first_min || c[0] > forms[i].first_max ||
			c[1] < forms[i].second_min || c[1] > forms[i].second_max) {
			continue;
		}
		for (size_t k = 2; k < forms[i].length; k++) {
			if ((c[k] & 0xc0) != 0x80) {
				return 0;
			}
		}
		return forms[i].length;
	}
	return 0;
}

bool yaml_text_check(
	const char *name, const char *text, size_t length, struct diagnostics *diagnostics)
{
	struct file_position at = {1, 1};

	for (size_t i = 0; i < length;) {
		size_t step = utf8_length((const unsigned char *)text + i);
		if (step == 0) {
			diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, name, at,
				"byte 0x%02x is no UTF-8 text; save the file as UTF-8",
				(unsigned)(unsigned char)text[i]);
			return false;
		}
		at.column++;
		if (text[i] == '\n') {
			at = (struct file_position){at.line + 1, 1};
		}
		i += step;
	}
	return true;
}

struct file_position yaml_text_tab(const char *text)
{
	int line = 1;

	for (const char *start = text; *start; line++) {
		size_t indent = strspn(start, " \t");
		const char *tab = memchr(start, '\t', indent);
		char first = start[indent];
		if (tab && !strchr("\r\n#", first)) {
			return (struct file_position){line, (int)(tab - start) + 1};
		}
		const char *end = strchr(start, '\n');
		if (!end) {
			break;
		}
		start = end + 1;
	}
	return whole_file;
}
