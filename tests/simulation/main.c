/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- byport_simulation: seeds in, violations and figures out. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fakes/disk/crash_disk.h"
#include "tests/simulation/simulation.h"

static const char usage[] =
	"usage: byport_simulation [--seed N | --seeds A..B] [--days D] [--for SECONDS] [--trace]\n"
	"                         [--calm | --only TROUBLE,...] [--meters N] [--keep-going]\n"
	"\n"
	"Drives a whole site, the real program's heart on it, through virtual time, and\n"
	"judges every row that arrives by what the meters really counted. A seed replays.\n"
	"--for: no new seed is begun after so many seconds. --keep-going: not only to the\n"
	"first violation. Exit status 0: none.\n"
	"\ntroubles:";

struct options {
	struct simulation_wish wish;
	uint64_t first, last;
	double seconds;
	bool keep_going;
};

static void print_usage(FILE *stream)
{
	fputs(usage, stream);
	for (int i = 0; i < TROUBLE_COUNT; i++)
		fprintf(stream, " %s", trouble_name((enum trouble)i));
	fputc('\n', stream);
}

static uint64_t troubles_of(char *names)
{
	uint64_t troubles = 0;
	for (char *rest = NULL, *name = strtok_r(names, ",", &rest); name != NULL;
		name = strtok_r(NULL, ",", &rest)) {
		int i = 0;
		while (i < TROUBLE_COUNT && strcmp(trouble_name((enum trouble)i), name) != 0)
			i++;
		if (i == TROUBLE_COUNT) {
			fprintf(stderr, "byport_simulation: no trouble '%s'\n", name);
			exit(2);
		}
		troubles |= UINT64_C(1) << i;
	}
	return troubles;
}

static void read_seeds(struct options *options, const char *text)
{
	char *end;
	options->first = options->last = strtoull(text, &end, 10);
	if (strncmp(end, "..", 2) == 0)
		options->last = strtoull(end + 2, NULL, 10);
}

static struct options read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{"seed",       required_argument, NULL, 's'},
                {"seeds",      required_argument, NULL, 's'},
		{"days",       required_argument, NULL, 'd'},
                {"for",        required_argument, NULL, 'f'},
		{"trace",      no_argument,       NULL, 't'},
                {"calm",       no_argument,       NULL, 'c'},
		{"only",       required_argument, NULL, 'o'},
                {"meters",     required_argument, NULL, 'm'},
		{"keep-going", no_argument,       NULL, 'k'},
                {"help",       no_argument,       NULL, 'h'},
		{NULL,         0,                 NULL, 0  }
        };
	struct options options = {.wish = {.plan = {.days = 3,
						   .troubles = ~PLAN_UNUSUAL,
						   .models = SIMULATION_MODELS}},
		.first = 1,
		.last = 1,
		.seconds = 1e9};
	for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;)
		switch (option) {
		case 's':
			read_seeds(&options, optarg);
			break;
		case 'd':
			options.wish.plan.days = atof(optarg);
			break;
		case 'f':
			options.seconds = atof(optarg);
			break;
		case 't':
			options.wish.trace = true;
			break;
		case 'c':
			options.wish.plan.calm = true;
			break;
		case 'o':
			options.wish.plan.troubles = troubles_of(optarg);
			break;
		case 'm':
			options.wish.plan.meters = atoi(optarg);
			break;
		case 'k':
			options.keep_going = true;
			break;
		case 'h':
			print_usage(stdout);
			exit(0);
		default:
			print_usage(stderr);
			exit(2);
		}
	return options;
}

static double read_s(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double now_s(void)
{
	return read_s(CLOCK_MONOTONIC);
}

/* Beside the time that passed stands the processor's, which other programs do not lengthen. */
static void print_sum(const struct options *options, const struct figures *sum, double seconds)
{
	double days = options->wish.plan.days * (double)sum->seeds;
	double cpu_s = read_s(CLOCK_PROCESS_CPUTIME_ID);
	figures_print(sum, stdout);
	printf("%" PRIu64 " seeds of %g days: %.0f simulated days in %.1f s, %.0f times real time; "
	       "%.1f s of a processor, %.0f times\n",
		sum->seeds, options->wish.plan.days, days, seconds, days * 86400 / seconds, cpu_s,
		days * 86400 / cpu_s);
}

int main(int argc, char **argv)
{
	char directory[] = "/dev/shm/byport-simulation-XXXXXX";
	char elsewhere[] = "/tmp/byport-simulation-XXXXXX";
	struct options options = read_options(argc, argv);
	struct figures sum = {0};
	int failures = 0;
	options.wish.directory = mkdtemp(directory) != NULL ? directory : mkdtemp(elsewhere);
	if (options.wish.directory == NULL) {
		perror("byport_simulation");
		return 2;
	}
	crash_disk_begin();
	setvbuf(stdout, NULL, _IOLBF, 0);
	double began = now_s();
	for (uint64_t seed = options.first; seed <= options.last; seed++) {
		struct figures figures;
		if (now_s() - began > options.seconds)
			break;
		failures += !simulation_run(seed, &options.wish, &figures);
		figures_add(&sum, &figures);
		sum.seeds++;
		if (failures > 0 && !options.keep_going)
			break;
	}
	rmdir(options.wish.directory);
	print_sum(&options, &sum, now_s() - began);
	if (failures > 0)
		printf("%d seeds with violations\n", failures);
	return failures > 0;
}
