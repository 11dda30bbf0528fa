/* SPDX-License-Identifier: Apache-2.0 */
/* report.c -- Words and figures of a run. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "tests/simulation/simulation.h"

const char *instant(char buffer[static INSTANT_MAX], int64_t wall_ms)
{
	struct tm tm;
	int64_t ms = (wall_ms % 1000 + 1000) % 1000;
	time_t seconds = (time_t)((wall_ms - ms) / 1000);
	if (gmtime_r(&seconds, &tm) == NULL) {
		snprintf(buffer, INSTANT_MAX, "%" PRId64 " ms", wall_ms);
		return buffer;
	}
	size_t length = strftime(buffer, INSTANT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buffer + length, INSTANT_MAX - length, ".%03dZ", (int)ms);
	return buffer;
}

void violated(struct simulation *simulation, const char *invariant, const char *format, ...)
{
	char text[500], at[INSTANT_MAX];
	va_list arguments;
	if (simulation->failed)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	simulation->failed = true;
	snprintf(simulation->violation, sizeof simulation->violation, "%s: %s", invariant, text);
	printf("seed %" PRIu64 ", %s: VIOLATION of %s\n", simulation->seed,
		instant(at, simulation->now_us / 1000), simulation->violation);
}

void trace(const struct simulation *simulation, const char *format, ...)
{
	char at[INSTANT_MAX];
	va_list arguments;
	if (!simulation->trace)
		return;
	printf("%s  ", instant(at, simulation->now_us / 1000));
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

/* Every figure is a uint64_t. */
enum { FIGURES = sizeof(struct figures) / sizeof(uint64_t) };

void figures_add(struct figures *sum, const struct figures *figures)
{
	uint64_t a[FIGURES], b[FIGURES];
	memcpy(a, sum, sizeof a);
	memcpy(b, figures, sizeof b);
	for (size_t i = 0; i < FIGURES; i++)
		a[i] += b[i];
	memcpy(sum, a, sizeof a);
}

void figures_print(const struct figures *f, FILE *stream)
{
	fprintf(stream,
		"world:   %" PRIu64 " polls answered, %" PRIu64 " lies (%" PRIu64
		" that nobody can tell), %" PRIu64 " exchanges, %" PRIu64 " resets, %" PRIu64
		" crashes and stops, %" PRIu64 " boards, %" PRIu64 " clock steps, %" PRIu64
		" acts of a person (%" PRIu64 " refused)\n",
		f->answers, f->lies, f->believable, f->exchanges, f->resets, f->crashes, f->boards,
		f->steps, f->settled + f->refused, f->refused);
	fprintf(stream,
		"archive: %" PRIu64 " messages, %" PRIu64 " interval rows (%" PRIu64
		" revisions): %" PRIu64 " measured, %" PRIu64 " estimated, %" PRIu64
		" rejected, %" PRIu64 " missing; %" PRIu64 " events, %" PRIu64 " withheld, %" PRIu64
		" breaks judged; %" PRIu64 " energies judged, %" PRIu64 " undecidable; %" PRIu64
		" totals judged, %" PRIu64 " anchors given; %" PRIu64 " receipts, %" PRIu64
		" of them lower\n",
		f->messages, f->rows, f->revisions, f->measured, f->estimated, f->rejected,
		f->missing, f->events, f->withheld, f->breaks, f->judged, f->not_judged,
		f->totals_judged, f->anchors, f->receipts, f->restored);
}
