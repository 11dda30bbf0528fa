/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c -- The text log on stderr.
 *
 * The journal's prefix: sd-daemon(3). JOURNAL_STREAM (systemd.exec(5)) holds
 * device and inode of the journal's socket; it counts only when stderr is it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/log.h"

static bool to_journal;

static const char *const level_words[] = {
	[LOG_LEVEL_ERROR] = "error: ",
	[LOG_LEVEL_WARNING] = "warning: ",
	[LOG_LEVEL_NOTICE] = "",
	[LOG_LEVEL_INFO] = "",
};

void log_open(void)
{
	struct stat standard_error;
	unsigned long long device, inode;
	const char *stream = getenv("JOURNAL_STREAM");
	to_journal = stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		     fstat(STDERR_FILENO, &standard_error) == 0 &&
		     standard_error.st_dev == device && standard_error.st_ino == inode;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	int prefix = to_journal ? snprintf(line, sizeof line, "<%d>", level)
				: snprintf(line, sizeof line, "%s", level_words[level]);
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line + prefix, sizeof line - (size_t)prefix - 1, format, arguments);
	va_end(arguments);
	size_t end = length < 0 ? (size_t)prefix : (size_t)prefix + (size_t)length;
	if (end > sizeof line - 2)
		end = sizeof line - 2;
	for (size_t i = (size_t)prefix; i < end; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	line[end++] = '\n';
	if (write(STDERR_FILENO, line, end) < 0)
		return; /* there is nowhere left to say it */
}
