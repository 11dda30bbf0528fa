/* SPDX-License-Identifier: Apache-2.0 */
/* flags_submeters.c -- flags_submeters.h. */
#include "gateway/core/flags_submeters.h"

void submeter_sum_add(struct submeter_sum *sum, int64_t energy, int64_t resolution)
{
	sum->energy += energy;
	sum->resolutions += resolution;
	sum->count++;
}

bool submeter_sum_is_above(const struct submeter_sum *sum, const struct flag_rules *main,
	const struct interval_row *row, struct flag_finding *ret_finding)
{
	flag_sum above = sum->energy - row->energy;
	flag_sum steps = sum->resolutions + main->resolution;

	if (sum->count == 0 ||
		(above - steps) * 100 <=
			(flag_sum)row->energy * main->limits->submeter_tolerance_percent) {
		return false;
	}
	*ret_finding = (struct flag_finding){
		.flag = FLAG_SUBMETERS_ABOVE_MAIN,
		.quantity = main->quantity,
		.amount = flag_clamp(sum->energy),
		.against = row->energy,
		.span_ms = row->end_wall_ms - row->start_wall_ms,
		.from_wall_ms = row->start_wall_ms,
		.to_wall_ms = row->end_wall_ms,
	};
	return true;
}
