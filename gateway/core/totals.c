/* SPDX-License-Identifier: Apache-2.0 */
/* totals.c -- totals.h. */
#include "gateway/core/totals.h"

/* ---- one series, one span ---- */

bool interval_has_value(const struct interval_row *row)
{
	return row->quality == QUALITY_MEASURED || row->quality == QUALITY_ESTIMATED;
}

bool interval_is_good(const struct interval_row *row)
{
	return row->quality == QUALITY_MEASURED && row->flags == 0;
}

void total_sum_add(struct total_sum *sum, const struct interval_row *row)
{
	int64_t length_ms = row->end_wall_ms - row->start_wall_ms;

	if (!interval_has_value(row)) {
		return;
	}
	sum->energy += row->energy;
	sum->estimated += row->quality == QUALITY_ESTIMATED ? row->energy : 0;
	sum->covered_ms += length_ms;
	sum->good_ms += interval_is_good(row) ? length_ms : 0;
	sum->intervals++;
}

void total_sum_merge(struct total_sum *sum, const struct total_sum *other)
{
	sum->energy += other->energy;
	sum->estimated += other->estimated;
	sum->covered_ms += other->covered_ms;
	sum->good_ms += other->good_ms;
	sum->intervals += other->intervals;
}

static int64_t next_boundary(int64_t at_wall_ms, int64_t interval_ms)
{
	int64_t over = at_wall_ms % interval_ms;

	if (over < 0) {
		over += interval_ms;
	}
	return over == 0 ? at_wall_ms : at_wall_ms + interval_ms - over;
}

int64_t total_elapsed_ms(int64_t start_wall_ms, int64_t end_wall_ms, int64_t interval_ms)
{
	return next_boundary(end_wall_ms, interval_ms) - next_boundary(start_wall_ms, interval_ms);
}

/* ---- who counts ---- */

static const struct totals_meter *parent_of(
	const struct totals_site *site, const struct totals_meter *meter)
{
	return meter->parent < 0 ? NULL : &site->meters[meter->parent];
}

/* The nearest one above that has a role; NULL: none. The configuration refuses circles; `left` ends
 * them all the same. */
static const struct totals_meter *above_with_role(
	const struct totals_site *site, const struct totals_meter *meter, enum totals_role role)
{
	size_t left = site->meters_count;

	for (meter = parent_of(site, meter); meter && left > 0; left--) {
		if (meter->role == role) {
			return meter;
		}
		meter = parent_of(site, meter);
	}
	return NULL;
}

static const struct totals_meter *above_with_use(
	const struct totals_site *site, const struct totals_meter *meter, uint8_t use)
{
	size_t left = site->meters_count;

	for (meter = parent_of(site, meter); meter && left > 0; left--) {
		if (meter->use == use) {
			return meter;
		}
		meter = parent_of(site, meter);
	}
	return NULL;
}

static const struct totals_meter *root_of(
	const struct totals_site *site, const struct totals_meter *meter)
{
	size_t left = site->meters_count;

	while (meter->parent >= 0 && left > 0) {
		meter = parent_of(site, meter);
		left--;
	}
	return meter;
}

static bool is_pv(const struct totals_meter *meter)
{
	return meter->role == TOTALS_PV && meter->kind == TOTALS_ELECTRICITY;
}

/* How a meter's series take part in a scope's total. */
enum taking_part { OUTSIDE, ADDED, PRODUCED, SUBTRACTED };

struct membership {
	enum taking_part in;
	bool exports;    /* and its export belongs to it */
	uint8_t carrier; /* whose part it is */
};

static struct membership in_stationary(
	const struct totals_site *site, const struct totals_meter *meter)
{
	struct membership member = {.in = OUTSIDE, .carrier = meter->carrier};

	if (meter->kind == TOTALS_NO_ENERGY) {
		return member;
	}
	if (is_pv(meter)) {
		member.in = above_with_role(site, meter, TOTALS_PV) ? OUTSIDE : PRODUCED;
		return member;
	}
	const struct totals_meter *root = root_of(site, meter);
	if (meter->role == TOTALS_MOBILE) {
		bool is_below_counted = root->role == TOTALS_CONSUMER;
		bool is_topmost = !above_with_role(site, meter, TOTALS_MOBILE);
		member.in = is_below_counted && is_topmost ? SUBTRACTED : OUTSIDE;
		member.carrier = root->carrier;
		return member;
	}
	member.in = root == meter ? ADDED : OUTSIDE;
	member.exports = member.in == ADDED && meter->kind == TOTALS_ELECTRICITY;
	return member;
}

static struct membership in_use(
	const struct totals_site *site, const struct totals_meter *meter, uint8_t use)
{
	struct membership member = {.in = OUTSIDE, .carrier = 0};

	if (meter->kind == TOTALS_NO_ENERGY) {
		return member;
	}
	if (meter->use == use) {
		member.in = above_with_use(site, meter, use) ? OUTSIDE : ADDED;
	} else if (meter->role == TOTALS_MOBILE && above_with_use(site, meter, use) &&
		   !above_with_role(site, meter, TOTALS_MOBILE)) {
		member.in = SUBTRACTED;
	}
	return member;
}

static struct membership member_of(
	const struct totals_site *site, struct totals_scope scope, size_t index)
{
	const struct totals_meter *meter = &site->meters[index];
	struct membership member = {.in = OUTSIDE};

	switch (scope.kind) {
	case SCOPE_GATEWAY:
		return in_stationary(site, meter);
	case SCOPE_CARRIER:
		member = in_stationary(site, meter);
		member.in = member.carrier == scope.number ? member.in : OUTSIDE;
		return member;
	case SCOPE_USE:
		return in_use(site, meter, (uint8_t)scope.number);
	case SCOPE_METER:
		member.in = index == scope.number ? ADDED : OUTSIDE;
		return member;
	}
	return member;
}

bool totals_has_scope(const struct totals_site *site, struct totals_scope scope)
{
	for (size_t i = 0; i < site->meters_count; i++) {
		if (member_of(site, scope, i).in != OUTSIDE) {
			return true;
		}
	}
	return false;
}

bool totals_is_daily(const struct totals_site *site, struct totals_scope scope)
{
	for (size_t i = 0; i < site->meters_count; i++) {
		if (site->meters[i].is_daily && member_of(site, scope, i).in != OUTSIDE) {
			return true;
		}
	}
	return false;
}

enum totals_series totals_production(int64_t reading_in, int64_t reading_out)
{
	return reading_out > reading_in ? TOTALS_OUT : TOTALS_IN;
}

/* ---- adding up ---- */

/* One part of one carrier. */
struct part {
	int64_t known;
	bool takes_part;
	bool lacks; /* something of it has no value */
};

enum { GROUP_ADDED, GROUP_PRODUCED, GROUP_EXPORTED, GROUP_SUBTRACTED, GROUP_PARTS };

struct group {
	struct part parts[GROUP_PARTS];
	uint8_t kind;
};

struct combination {
	const struct totals_site *site;
	const struct totals_span *span;
	struct total *total;
	struct group groups[TOTALS_CARRIERS_MAX];
	bool has_pv;
};

static const enum totals_part_name added_as[] = {
	[TOTALS_ELECTRICITY] = PART_IMPORT,
	[TOTALS_HEAT] = PART_HEAT,
	[TOTALS_COOLING] = PART_COOLING,
	[TOTALS_FUEL] = PART_FUEL,
	[TOTALS_NO_ENERGY] = PART_FUEL,
};

static void note_lack(struct total *total, struct total_lacking lacking)
{
	if (total->lacking_count < TOTAL_LACKING_MAX) {
		total->lacking[total->lacking_count] = lacking;
	}
	total->lacking_count++;
}

/* Where a series is added, and what it is called there. */
struct place {
	struct part *part;
	enum totals_part_name name;
};

static int64_t at_least_0(int64_t amount)
{
	return amount > 0 ? amount : 0;
}

/* A meter's series becomes a part of its carrier. */
static void take(
	struct combination *all, size_t index, enum totals_series series, const struct place *place)
{
	struct part *part = place->part;
	const struct totals_meter *meter = &all->site->meters[index];
	const struct total_sum *sum = &all->span->sums[index * TOTALS_SERIES_COUNT + series];
	struct total *total = all->total;
	struct total_lacking lacking = {.meter = (uint16_t)index, .part = (uint8_t)place->name};

	part->takes_part = true;
	if (!meter->reads[series]) {
		lacking.lack = meter->kind == TOTALS_FUEL ? LACK_NO_KWH : LACK_NOT_READ;
		part->lacks = true;
		note_lack(total, lacking);
		return;
	}
	part->known += sum->energy;
	total->gross += sum->energy;
	total->estimated += sum->estimated;
	int64_t lacking_ms =
		(meter->is_daily ? all->span->daily_elapsed_ms : all->span->elapsed_ms) -
		sum->covered_ms;
	int64_t covered_ms = at_least_0(all->span->elapsed_ms - at_least_0(lacking_ms));
	if (covered_ms < total->covered_ms) {
		total->covered_ms = covered_ms;
	}
	if (lacking_ms > 0) {
		lacking.lack = LACK_NO_VALUE;
		part->lacks = true;
		note_lack(total, lacking);
	}
}

static void take_meter(struct combination *all, size_t index, const struct membership *member)
{
	const struct totals_meter *meter = &all->site->meters[index];
	struct group *group = &all->groups[member->carrier];
	enum totals_series own = is_pv(meter) ? (enum totals_series)meter->production : TOTALS_IN;

	switch (member->in) {
	case OUTSIDE:
		return;
	case ADDED:
		group->kind = meter->kind;
		take(all, index, own,
			&(struct place){&group->parts[GROUP_ADDED],
				is_pv(meter) ? PART_PRODUCTION : added_as[meter->kind]});
		break;
	case PRODUCED:
		take(all, index, own,
			&(struct place){&group->parts[GROUP_PRODUCED], PART_PRODUCTION});
		break;
	case SUBTRACTED:
		take(all, index, own,
			&(struct place){&group->parts[GROUP_SUBTRACTED], PART_MOBILE});
		break;
	}
	if (member->exports && all->has_pv) {
		take(all, index, TOTALS_OUT,
			&(struct place){&group->parts[GROUP_EXPORTED], PART_EXPORT});
	}
	all->total->meters_count++;
}

/* Own use of PV: what was produced and not exported. */
static struct total_energy own_use(const struct group *group)
{
	const struct part *produced = &group->parts[GROUP_PRODUCED];
	const struct part *exported = &group->parts[GROUP_EXPORTED];
	int64_t difference = produced->known - exported->known;

	return (struct total_energy){
		.is_known = !produced->lacks && !exported->lacks,
		.energy = difference,
		/* What more was exported nobody knows; what more was produced can only add. */
		.at_least = exported->lacks ? 0 : at_least_0(difference),
		.has_at_most = !produced->lacks,
		.at_most = at_least_0(difference),
	};
}

static struct total_energy of_group(const struct group *group)
{
	const struct part *added = &group->parts[GROUP_ADDED];
	const struct part *mobile = &group->parts[GROUP_SUBTRACTED];
	struct total_energy own = own_use(group);
	struct total_energy sum = {
		.is_known = !added->lacks && own.is_known && !mobile->lacks,
		.energy = added->known + own.energy - mobile->known,
	};
	int64_t own_at_least = own.is_known ? own.energy : own.at_least;
	int64_t own_at_most = own.is_known ? own.energy : own.at_most;

	/* What was charged is part of what was added: less than nothing cannot be left. */
	sum.at_least = mobile->lacks ? 0 : at_least_0(added->known + own_at_least - mobile->known);
	sum.has_at_most = !added->lacks && (own.is_known || own.has_at_most);
	sum.at_most = at_least_0(added->known + own_at_most - mobile->known);
	return sum;
}

static struct total_energy add_energy(struct total_energy a, struct total_energy b)
{
	int64_t a_least = a.is_known ? a.energy : a.at_least;
	int64_t b_least = b.is_known ? b.energy : b.at_least;
	int64_t a_most = a.is_known ? a.energy : a.at_most;
	int64_t b_most = b.is_known ? b.energy : b.at_most;

	return (struct total_energy){
		.is_known = a.is_known && b.is_known,
		.energy = a.energy + b.energy,
		.at_least = a_least + b_least,
		.has_at_most = (a.is_known || a.has_at_most) && (b.is_known || b.has_at_most),
		.at_most = a_most + b_most,
	};
}

/* Bounds stand where there is no value, and a lower one of 0 says nothing. */
static struct total_energy finish(struct total_energy sum)
{
	sum.has_at_least = !sum.is_known && sum.at_least > 0;
	sum.has_at_most = !sum.is_known && sum.has_at_most;
	return sum;
}

void total_energy_add(struct total_energy *sum, const struct total_energy *part)
{
	struct total_energy one = *part;

	one.at_least = part->has_at_least ? part->at_least : 0;
	*sum = add_energy(*sum, one);
}

void total_energy_tighten(struct total_energy *whole, const struct total_energy *sum)
{
	int64_t least = sum->is_known ? sum->energy : sum->at_least;
	int64_t most = sum->is_known ? sum->energy : sum->at_most;

	if (whole->is_known) {
		return;
	}
	if (least > 0 && (!whole->has_at_least || least > whole->at_least)) {
		whole->at_least = least;
		whole->has_at_least = true;
	}
	if ((sum->is_known || sum->has_at_most) && (!whole->has_at_most || most < whole->at_most)) {
		whole->at_most = most;
		whole->has_at_most = true;
	}
}

static struct total_energy of_part(const struct part *part)
{
	return (struct total_energy){
		.is_known = !part->lacks, .energy = part->known, .at_least = part->known};
}

static void add_part(struct total *total, enum totals_part_name name, struct total_energy energy)
{
	total->parts[name] =
		total->has_part[name] ? add_energy(total->parts[name], energy) : energy;
	total->has_part[name] = true;
}

static void add_group_parts(struct total *total, const struct group *group)
{
	static const enum totals_part_name names[GROUP_PARTS] = {
		[GROUP_PRODUCED] = PART_PRODUCTION,
		[GROUP_EXPORTED] = PART_EXPORT,
		[GROUP_SUBTRACTED] = PART_MOBILE,
	};

	for (int i = 0; i < GROUP_PARTS; i++) {
		if (group->parts[i].takes_part) {
			add_part(total, i == GROUP_ADDED ? added_as[group->kind] : names[i],
				of_part(&group->parts[i]));
		}
	}
	if (group->parts[GROUP_PRODUCED].takes_part) {
		add_part(total, PART_OWN_USE, own_use(group));
	}
}

static bool takes_part(const struct group *group)
{
	bool any = false;

	for (int i = 0; i < GROUP_PARTS; i++) {
		any = any || group->parts[i].takes_part;
	}
	return any;
}

void totals_combine(const struct totals_site *site, struct totals_scope scope,
	const struct totals_span *span, struct total *ret_total)
{
	struct total total = {.elapsed_ms = span->elapsed_ms, .covered_ms = INT64_MAX};
	struct combination all = {.site = site, .span = span, .total = &total};
	struct total_energy sum = {.is_known = true};

	for (size_t i = 0; i < site->meters_count; i++) {
		all.has_pv = all.has_pv || member_of(site, scope, i).in == PRODUCED;
	}
	for (size_t i = 0; i < site->meters_count; i++) {
		struct membership member = member_of(site, scope, i);
		take_meter(&all, i, &member);
	}
	for (int i = 0; i < TOTALS_CARRIERS_MAX; i++) {
		if (takes_part(&all.groups[i])) {
			sum = add_energy(sum, of_group(&all.groups[i]));
			add_group_parts(&total, &all.groups[i]);
		}
	}
	for (int i = 0; i < PART_COUNT; i++) {
		total.parts[i] = finish(total.parts[i]);
	}
	sum.is_known = sum.is_known && total.meters_count > 0;
	total.energy = finish(sum);
	if (total.covered_ms > total.elapsed_ms) {
		/* Nothing is read, or an interval reaches over the span's end. */
		total.covered_ms = total.covered_ms == INT64_MAX ? 0 : total.elapsed_ms;
	}
	*ret_total = total;
}
