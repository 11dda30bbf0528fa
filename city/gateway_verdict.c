/* SPDX-License-Identifier: Apache-2.0 */
/* gateway_verdict.c -- One check after the other; the worst counts. */
#include "city/gateway_verdict.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/terminal.h"

static const int64_t DAY_MS = 86400000;

const char *gateways_level_name(enum gateways_exit level)
{
	static const char *const names[] = {"ok", "warning", "critical", "unknown"};
	return names[level];
}

/* ---- facts ---- */

bool gateway_certificate_days(
	const struct archive_gateway *gateway, int64_t now_wall_ms, int64_t *ret_days)
{
	if (gateway->certificate_end_wall_ms == INSTANT_UNKNOWN)
		return false;
	int64_t left_ms = gateway->certificate_end_wall_ms - now_wall_ms;
	*ret_days = left_ms / DAY_MS - (left_ms % DAY_MS < 0);
	return true;
}

void gateway_age(const struct archive_gateway *gateway, int64_t now_wall_ms,
	char ret_age[static GATEWAY_AGE_BYTES_MAX])
{
	if (gateway->last_seen_wall_ms > 0)
		age_print(ret_age, (double)(now_wall_ms - gateway->last_seen_wall_ms) / 1000);
	else
		snprintf(ret_age, GATEWAY_AGE_BYTES_MAX, "never");
}

/* ---- checks ---- */

__attribute__((format(printf, 3, 4))) static void find(
	struct verdict *verdict, enum gateways_exit level, const char *format, ...)
{
	va_list arguments;
	assert(verdict->reasons_count < VERDICT_REASONS_MAX);
	va_start(arguments, format);
	vsnprintf(verdict->reasons[verdict->reasons_count++], VERDICT_REASON_BYTES_MAX, format,
		arguments);
	va_end(arguments);
	if (level > verdict->level)
		verdict->level = level;
}

static void judge_presence(struct verdict *verdict, const struct archive_gateway *gateway,
	const struct verdict_limits *limits, int64_t now_wall_ms)
{
	char age[GATEWAY_AGE_BYTES_MAX];
	int64_t silent_s = (now_wall_ms - gateway->last_seen_wall_ms) / 1000;
	enum gateways_exit level = silent_s >= limits->critical_s  ? GATEWAYS_CRITICAL
				   : silent_s >= limits->warning_s ? GATEWAYS_WARNING
								   : GATEWAYS_OK;
	gateway_age(gateway, now_wall_ms, age);
	if (level > GATEWAYS_OK && gateway->last_seen_wall_ms > 0)
		find(verdict, level, "not seen for %s", age);
	else if (level > GATEWAYS_OK)
		find(verdict, level, "never seen");
	if (strcmp(gateway->presence, "offline") == 0)
		find(verdict, GATEWAYS_WARNING, "offline");
	if (strcmp(gateway->clock, "unknown") == 0)
		find(verdict, GATEWAYS_WARNING, "does not know the time");
}

static void judge_rows(struct verdict *verdict, const struct archive_gateway *gateway)
{
	int64_t missing = 0;
	for (unsigned i = 0; i < STREAM_COUNT; i++)
		missing += gateway->expected[i] - gateway->arrived[i];
	if (missing > 0)
		find(verdict, GATEWAYS_WARNING, "%" PRId64 " rows missing", missing);
	if (gateway->refused > 0)
		find(verdict, GATEWAYS_WARNING, "%" PRId64 " messages refused", gateway->refused);
	if (gateway->conflicts > 0)
		find(verdict, GATEWAYS_CRITICAL, "%" PRId64 " conflicts", gateway->conflicts);
}

static void judge_certificate(struct verdict *verdict, const struct archive_gateway *gateway,
	const struct verdict_limits *limits, int64_t now_wall_ms)
{
	int64_t days;
	if (!gateway_certificate_days(gateway, now_wall_ms, &days) ||
		(days >= limits->expiry_warning_days && days >= limits->expiry_critical_days))
		return;
	enum gateways_exit level =
		days < limits->expiry_critical_days ? GATEWAYS_CRITICAL : GATEWAYS_WARNING;
	if (days < 0)
		find(verdict, GATEWAYS_CRITICAL, "certificate has ended");
	else if (days == 0)
		find(verdict, level, "certificate ends within a day");
	else
		find(verdict, level, "certificate ends in %" PRId64 " days", days);
}

static void judge_card(struct verdict *verdict, const struct archive_gateway *gateway,
	const struct verdict_limits *limits)
{
	if (gateway->card_life_left >= 0 && gateway->card_life_left <= limits->card_warning_percent)
		find(verdict, GATEWAYS_WARNING, "card has %" PRId64 " %% life left",
			gateway->card_life_left);
	if (strcmp(gateway->card_reserve, "warning") == 0 ||
		strcmp(gateway->card_reserve, "urgent") == 0)
		find(verdict, GATEWAYS_WARNING, "card's reserve is low");
}

struct verdict gateway_judge(const struct archive_gateway *gateway,
	const struct verdict_limits *limits, int64_t now_wall_ms)
{
	struct verdict verdict = {.level = GATEWAYS_OK};
	judge_presence(&verdict, gateway, limits, now_wall_ms);
	judge_rows(&verdict, gateway);
	judge_certificate(&verdict, gateway, limits, now_wall_ms);
	judge_card(&verdict, gateway, limits);
	return verdict;
}

void verdict_why(const struct verdict *verdict, char ret_why[static VERDICT_WHY_BYTES_MAX])
{
	size_t length = 0;
	ret_why[0] = '\0';
	for (size_t i = 0; i < verdict->reasons_count; i++)
		length += (size_t)snprintf(ret_why + length, VERDICT_WHY_BYTES_MAX - length, "%s%s",
			i > 0 ? ", " : "", verdict->reasons[i]);
}
