/* SPDX-License-Identifier: Apache-2.0 */
/* scan_config.c -- scan_config.h. */
#include "gateway/verbs/scan_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/reload.h"

enum {
	TCP_PORT = 502, /* where a host stands alone */
	ID_BUS_MAX =
		24, /* of the bus's id, so that a meter's id of 32 bytes has room for the address */
};

/* ---- reading ---- */

static bool read_bytes(const char *path, struct scan_config *config)
{
	FILE *file = fopen(path, "rbe");
	bool read = false;
	config->text = malloc(YAML_FILE_BYTES_MAX + 1);
	if (file != NULL && config->text != NULL) {
		config->length = fread(config->text, 1, YAML_FILE_BYTES_MAX, file);
		read = ferror(file) == 0 && fgetc(file) == EOF;
	}
	if (!read)
		fprintf(stderr, "byport scan: %s: %s\n", path,
			errno != 0 ? strerror(errno) : "too long");
	if (file != NULL)
		fclose(file);
	return read;
}

bool scan_config_open(const char *path, struct scan_config *ret_config)
{
	struct diagnostics diagnostics = {0};
	struct scan_config config = {.path = path};
	errno = 0;
	bool read = read_bytes(path, &config) && yaml_read_text(path, config.text, config.length,
							 &diagnostics, &config.yaml) == YAML_OK;
	if (!read)
		diagnostics_print(&diagnostics, stderr, false);
	diagnostics_clear(&diagnostics);
	if (!read)
		scan_config_close(&config);
	*ret_config = config;
	return read;
}

void scan_config_close(struct scan_config *config)
{
	yaml_close(config->yaml);
	free(config->text);
	*config = (struct scan_config){.path = NULL};
}

static const char *text_at(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *node = yaml_find(mapping, key);
	return node != NULL && node->text != NULL ? node->text : "";
}

/* "host", "host:port" */
static bool is_endpoint(const char *text, const struct bus_line *line)
{
	const size_t length = strlen(line->host);
	if (strncmp(text, line->host, length) != 0)
		return false;
	if (text[length] == '\0')
		return line->tcp_port == TCP_PORT;
	return text[length] == ':' && strtoul(text + length + 1, NULL, 10) == line->tcp_port;
}

static bool is_line(const struct yaml_node *bus, const struct bus_line *line)
{
	if (line->kind == BUS_RTU)
		return strcmp(text_at(bus, "port"), line->device) == 0;
	return is_endpoint(text_at(bus, line->kind == BUS_TCP ? "tcp" : "rtu_over_tcp"), line);
}

const char *scan_config_bus(const struct scan_config *config, const struct bus_line *line)
{
	const struct yaml_node *buses = yaml_find(yaml_root(config->yaml), "buses");
	for (size_t i = 0; buses != NULL && i < buses->children_count; i++)
		if (is_line(&buses->children[i], line))
			return text_at(&buses->children[i], "id");
	return NULL;
}

bool scan_config_fits(
	const struct scan_config *config, const char *bus, const struct bus_line *line)
{
	const struct yaml_node *buses = yaml_find(yaml_root(config->yaml), "buses");
	for (size_t i = 0; buses != NULL && i < buses->children_count; i++) {
		const char *baud = text_at(&buses->children[i], "baud");
		const char *parity = text_at(&buses->children[i], "parity");
		if (strcmp(text_at(&buses->children[i], "id"), bus) != 0 || line->kind != BUS_RTU)
			continue;
		return (baud[0] == '\0' || strtoul(baud, NULL, 10) == line->baud) &&
		       (parity[0] == '\0' || parity[0] == line->parity);
	}
	return true;
}

static const struct yaml_node *meters_of(const struct scan_config *config)
{
	return yaml_find(yaml_root(config->yaml), "meters");
}

const char *scan_config_meter(const struct scan_config *config, const char *bus, uint8_t address)
{
	const struct yaml_node *meters = meters_of(config);
	for (size_t i = 0; meters != NULL && i < meters->children_count; i++) {
		const struct yaml_node *meter = &meters->children[i];
		const char *own = text_at(meter, "address");
		if (strcmp(text_at(meter, "bus"), bus) == 0 && own[0] != '\0' &&
			strtoul(own, NULL, 0) == address)
			return text_at(meter, "id");
	}
	return NULL;
}

static bool has_id(const struct scan_config *config, const char *id)
{
	const struct yaml_node *meters = meters_of(config);
	for (size_t i = 0; meters != NULL && i < meters->children_count; i++)
		if (strcmp(text_at(&meters->children[i], "id"), id) == 0)
			return true;
	return false;
}

bool scan_config_new_id(const struct scan_config *config, const char *bus, uint8_t address,
	char ret_id[static SCAN_ID_MAX])
{
	int length = snprintf(ret_id, SCAN_ID_MAX, "%.*s-%u", ID_BUS_MAX, bus, address);
	for (int letter = 'b'; config != NULL && has_id(config, ret_id); letter++) {
		if (letter > 'z')
			return false;
		snprintf(ret_id + length, (size_t)(SCAN_ID_MAX - length), "%c", letter);
	}
	return true;
}

/* ---- an entry ---- */

void scan_entry_print(
	FILE *stream, const struct scan_entry *entry, const char *dash, const char *line_end)
{
	const struct scan_found *found = entry->found;
	int indent = (int)strlen(dash);
	fprintf(stream, "%sid: %s%s", dash, entry->id, line_end);
	fprintf(stream, "%*sbus: %s%s", indent, "", entry->bus, line_end);
	fprintf(stream, "%*saddress: %u%s", indent, "", found->address, line_end);
	for (size_t i = 0; i < found->candidates_count; i++)
		fprintf(stream, "%*s%smodel: %s%s", indent, "", i > 0 ? "# or " : "",
			found->candidates[i].model->name, line_end);
	if (found->serial_number[0] != '\0') {
		fprintf(stream, "%*sserial: '", indent, "");
		for (const char *at = found->serial_number; *at != '\0'; at++)
			fputs(*at == '\'' ? "''" : (const char[]){*at, '\0'}, stream);
		fprintf(stream, "'%s", line_end);
	}
}

/* ---- where it goes ---- */

struct insertion {
	size_t at;      /* bytes in front of it */
	bool lacks_end; /* the line in front of it is the last, and has no end */
	bool is_new;    /* there is no list yet */
	char dash[32];  /* "  - " */
	const char *line_end;
};

/* Where a line begins; lines count from 1. */
static size_t line_start(const struct scan_config *config, size_t line)
{
	size_t at = 0;
	for (size_t i = 1; i < line; i++) {
		const char *end = memchr(config->text + at, '\n', config->length - at);
		if (end == NULL)
			return config->length;
		at = (size_t)(end - config->text) + 1;
	}
	return at;
}

static size_t line_end(const struct scan_config *config, size_t at)
{
	const char *end = memchr(config->text + at, '\n', config->length - at);
	return end == NULL ? config->length : (size_t)(end - config->text) + 1;
}

static size_t indent_of(const struct scan_config *config, size_t at)
{
	size_t indent = 0;
	while (at + indent < config->length && config->text[at + indent] == ' ')
		indent++;
	return indent;
}

static bool is_blank(const struct scan_config *config, size_t at)
{
	at += indent_of(config, at);
	return at >= config->length || strchr("\r\n", config->text[at]) != NULL;
}

/* Behind the last line that is indented deeper than the list's dashes. */
static size_t end_of_item(const struct scan_config *config, size_t at, size_t dash_column)
{
	size_t end = line_end(config, at);
	for (size_t next = end; next < config->length; next = line_end(config, next)) {
		if (is_blank(config, next))
			continue;
		if (indent_of(config, next) <= dash_column)
			break;
		end = line_end(config, next);
	}
	return end;
}

/* False: the list is written in a way that nothing can be put into; said. */
static bool find_place(const struct scan_config *config, struct insertion *ret_place)
{
	const struct yaml_node *meters = meters_of(config);
	const char *newline = memchr(config->text, '\n', config->length);
	struct insertion place = {.at = config->length, .is_new = meters == NULL, .dash = "  - "};
	place.line_end =
		newline != NULL && newline > config->text && newline[-1] == '\r' ? "\r\n" : "\n";
	if (meters != NULL) {
		bool has_items = meters->kind == YAML_SEQUENCE && meters->children_count > 0;
		const struct yaml_node *last =
			has_items ? &meters->children[meters->children_count - 1] : NULL;
		size_t start = has_items ? line_start(config, (size_t)last->at.line) : 0;
		size_t dash = start + (has_items ? indent_of(config, start) : 0);
		if (!has_items || dash - start > sizeof place.dash - 3 ||
			config->text[dash] != '-') {
			fprintf(stderr,
				"byport scan: %s:%d: `meters` is not a list with a dash and a line "
				"for each; put them there by hand\n",
				config->path, meters->at.line);
			return false;
		}
		snprintf(place.dash, sizeof place.dash, "%*s- ", (int)(dash - start), "");
		place.at = end_of_item(config, start, dash - start);
	}
	place.lacks_end = place.at > 0 && config->text[place.at - 1] != '\n';
	*ret_place = place;
	return true;
}

static char *spliced(const struct scan_config *config, const struct scan_entry *entries,
	size_t entries_count, size_t *ret_length)
{
	struct insertion place;
	char *text = NULL;
	if (!find_place(config, &place))
		return NULL;
	FILE *stream = open_memstream(&text, ret_length);
	if (stream == NULL)
		return NULL;
	fwrite(config->text, 1, place.at, stream);
	if (place.lacks_end)
		fputs(place.line_end, stream);
	if (place.is_new)
		fprintf(stream, "meters:%s", place.line_end);
	for (size_t i = 0; i < entries_count; i++)
		scan_entry_print(stream, &entries[i], place.dash, place.line_end);
	fwrite(config->text + place.at, 1, config->length - place.at, stream);
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

/* ---- writing ---- */

static bool is_right(const struct scan_config *config, const char *text)
{
	struct diagnostics diagnostics = {0};
	struct site_config *read = NULL;
	struct loaded_site *loaded = NULL;
	bool right = site_config_read_text(config->path, text, &diagnostics, &read) &&
		     loaded_site_make(read, &diagnostics, &loaded);
	if (!right) {
		fprintf(stderr, "byport scan: %s with the meters found would have errors:\n",
			config->path);
		diagnostics_print(&diagnostics, stderr, false);
	}
	loaded_site_release(loaded);
	diagnostics_clear(&diagnostics);
	return right;
}

static bool write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);
		if (written < 0)
			return false;
		text += written;
		length -= (size_t)written;
	}
	return fsync(fd) == 0;
}

/* Where a link leads, with the old one's owner and rights; who cannot give them changes nothing. */
static bool replace(const char *path, const char *text, size_t length)
{
	char *target = realpath(path, NULL), *beside = NULL;
	struct stat old;
	bool replaced = false;
	int fd = -1, error;
	if (target != NULL && stat(target, &old) == 0 && asprintf(&beside, "%s.XXXXXX", target) > 0)
		fd = mkostemp(beside, O_CLOEXEC);
	if (fd >= 0) {
		replaced = fchown(fd, old.st_uid, old.st_gid) == 0 &&
			   fchmod(fd, old.st_mode & 07777) == 0 && write_all(fd, text, length) &&
			   rename(beside, target) == 0;
		error = errno;
		close(fd);
		if (!replaced)
			unlink(beside);
		errno = error;
	}
	free(beside);
	free(target);
	return replaced;
}

bool scan_config_save(
	const struct scan_config *config, const struct scan_entry *entries, size_t entries_count)
{
	size_t length = 0;
	char *text = spliced(config, entries, entries_count, &length);
	if (text == NULL)
		return false;
	bool saved = is_right(config, text);
	if (saved && !replace(config->path, text, length)) {
		fprintf(stderr, "byport scan: %s cannot be written: %s\n", config->path,
			strerror(errno));
		saved = false;
	}
	free(text);
	return saved;
}
