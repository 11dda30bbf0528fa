/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_store.c -- How long the store holds energy that nobody takes: the
 * budget against the rows that the site's counters make.
 *
 * Assumed: every counter's row each interval, revised once in twenty, and some
 * events a meter and day. Trends take room only until energy needs it.
 */
#include <math.h>

#include "gateway/site_parts.h"
#include "gateway/store.h"

enum { STORE_DAYS_MIN = 90 };

static const double day_ms = 86400e3;
static const double rows_an_interval = 1.05;
static const double events_a_meter = 10;

static size_t count_of_kind(const struct site *site, enum quantity_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < site->meters_count; i++) {
		const struct site_meter *meter = &site->meters[i];
		for (size_t point = 0; point < meter->points_count; point++) {
			enum quantity quantity = meter->points[point].value->quantity;
			count += quantity_info(quantity)->kind == kind;
		}
	}
	return count;
}

static int64_t least_mib(const struct store_day *day)
{
	int64_t mib = 1;

	while (store_days_held(mib << 20, day) < STORE_DAYS_MIN) {
		mib++;
	}
	return mib;
}

/* What the site makes of it in a day. */
static struct store_day day_of(const struct site *site)
{
	return (struct store_day){
		.intervals = (double)count_of_kind(site, QUANTITY_COUNTER) * rows_an_interval *
			     day_ms / (double)site->config->interval_ms,
		.events = events_a_meter * (double)site->meters_count,
	};
}

double site_store_days(const struct site *site)
{
	const struct store_day day = day_of(site);

	return day.intervals > 0 ? store_days_held(site->config->store_bytes_max, &day) : INFINITY;
}

double site_store_years(const struct site *site)
{
	const struct store_series_counts counts = {
		.counters = (double)count_of_kind(site, QUANTITY_COUNTER),
		.gauges = (double)count_of_kind(site, QUANTITY_GAUGE),
	};

	return counts.counters + counts.gauges > 0
		       ? store_years_coarse(site->config->store_bytes_max, &counts)
		       : INFINITY;
}

void site_check_store(const struct site *site, struct diagnostics *diagnostics)
{
	const struct site_config *config = site->config;
	const struct store_day day = day_of(site);
	const double days = site_store_days(site);

	if (days >= STORE_DAYS_MIN) {
		return;
	}
	diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, config->file, config->store_bytes_max_at,
		"store_size: %lld MiB holds %.0f days of energy that cannot be delivered (%zu "
		"counters every %lld s); allowed: %d days or more, here %lld MiB, or fewer values, "
		"or longer intervals",
		(long long)(config->store_bytes_max >> 20), floor(days),
		count_of_kind(site, QUANTITY_COUNTER), (long long)(config->interval_ms / 1000),
		STORE_DAYS_MIN, (long long)least_mib(&day));
}
