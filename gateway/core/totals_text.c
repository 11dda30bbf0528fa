/* SPDX-License-Identifier: Apache-2.0 */
/* totals_text.c -- Shares and names of totals.h, as people and messages have them. */
#include "gateway/core/totals.h"

__extension__ typedef __int128 wide; /* a thousand times any energy */

int32_t total_coverage_permille(const struct total *total)
{
	if (total->elapsed_ms <= 0) {
		return 0;
	}
	return (int32_t)(1000 * total->covered_ms / total->elapsed_ms);
}

int32_t total_estimated_permille(const struct total *total)
{
	if (total->estimated <= 0 || total->gross <= 0) {
		return 0;
	}
	wide share = ((wide)1000 * total->estimated + total->gross - 1) / total->gross;
	return share > 1000 ? 1000 : (int32_t)share;
}

const char *totals_part_name(enum totals_part_name part)
{
	static const char *const names[PART_COUNT] = {
		[PART_IMPORT] = "import",
		[PART_EXPORT] = "export",
		[PART_PRODUCTION] = "production",
		[PART_OWN_USE] = "own_use",
		[PART_HEAT] = "heat",
		[PART_COOLING] = "cooling",
		[PART_FUEL] = "fuel",
		[PART_MOBILE] = "mobile",
	};

	return names[part];
}

const char *total_lack_name(enum total_lack lack)
{
	static const char *const names[LACK_COUNT] = {
		[LACK_NO_VALUE] = "no_value",
		[LACK_NOT_READ] = "not_read",
		[LACK_NO_KWH] = "no_kwh",
	};

	return names[lack];
}
