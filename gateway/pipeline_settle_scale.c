/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_settle_scale.c -- Another multiplier from an instant on: rows since
 * then come as revisions, later samples are multiplied as they come in.
 */
#include "gateway/json_instant.h"
#include "gateway/settle_act.h"

/* One value of the meter that the multiplier is about. */
struct multiplied {
	struct pipeline_value *value;
	struct pipeline_rescaling rescaling; /* a counter's */
	struct scale in_force;               /* from then on */
	struct scale multiplier;
};

struct multiplying {
	struct settle_act *act;
	struct scale ratio;
	bool by_transformer; /* the meter measures through one */
	struct multiplied items[QUANTITY_COUNT];
	struct pipeline_series_place places[QUANTITY_COUNT];
	size_t count;
	int64_t rows;
};

/* ---- what it is about ---- */

static bool has_transformed_counter(const struct pipeline_meter *meter)
{
	for (size_t i = 0; i < meter->values_count; i++)
		if (meter->values[i].counter != NULL &&
			quantity_info((enum quantity)meter->values[i].quantity)->scaled_by_ct)
			return true;
	return false;
}

/* Power is multiplied with its energy; voltages and temperatures never are. */
static bool is_meant(const struct multiplying *multiplying, const struct pipeline_value *value)
{
	const struct quantity_info *info = quantity_info((enum quantity)value->quantity);
	const char *name = multiplying->act->request->quantity;
	enum quantity quantity;
	if (name != NULL)
		return value->counter != NULL && quantity_find(name, &quantity) &&
		       quantity == value->quantity;
	if (multiplying->by_transformer)
		return info->scaled_by_ct;
	return value->counter != NULL || value->quantity == QUANTITY_HEAT_POWER ||
	       value->quantity == QUANTITY_FLOW;
}

/* ---- looking ---- */

static bool look_at_counter(struct multiplying *multiplying, struct multiplied *item)
{
	struct settle_act *act = multiplying->act;
	struct counter probe = item->value->counter->counter;
	const char *reason = NULL;
	if (!counter_rescale(&probe, multiplying->ratio, act->from_wall_ms))
		reason = settle_result_text(SETTLE_OVERFLOW);
	else
		reason = pipeline_look_at_rescaling(&item->rescaling);
	if (reason != NULL)
		return settle_refuse(act, "%s: %s; nothing was settled",
			quantity_info((enum quantity)item->value->quantity)->name, reason);
	multiplying->rows += item->rescaling.change.rows;
	act->outcome->changes[act->outcome->count++] = item->rescaling.change;
	return true;
}

static bool look_at(struct multiplying *multiplying, struct pipeline_value *value)
{
	struct settle_act *act = multiplying->act;
	struct multiplied *item = &multiplying->items[multiplying->count];
	struct pipeline_series_place *place = &multiplying->places[multiplying->count];
	struct scale now;
	if (!settle_is_ready(act, value))
		return false;
	multiplying->count++;
	*place = (struct pipeline_series_place){act->pipeline, act->meter, value};
	*item = (struct multiplied){
		.value = value,
		.rescaling = {.place = place,
			      .ratio = multiplying->ratio,
			      .from_wall_ms = act->from_wall_ms}
        };
	if (!pipeline_scale_in_force(value, &now) ||
		!scale_multiply(now, multiplying->ratio, &item->in_force) ||
		!scale_multiply(value->multiplier, multiplying->ratio, &item->multiplier))
		return settle_refuse(
			act, "\"multiplier\": %s", settle_result_text(SETTLE_OVERFLOW));
	return value->counter == NULL || look_at_counter(multiplying, item);
}

static bool look_at_all(struct multiplying *multiplying)
{
	struct settle_act *act = multiplying->act;
	struct pipeline_meter *meter = act->meter;
	multiplying->by_transformer = has_transformed_counter(meter);
	for (size_t i = 0; i < meter->values_count; i++)
		if (is_meant(multiplying, &meter->values[i]) &&
			!look_at(multiplying, &meter->values[i]))
			return false;
	if (act->outcome->count == 0)
		return settle_refuse(act, "\"quantity\": meter %s has no counter \"%.40s\"",
			meter->id, act->request->quantity != NULL ? act->request->quantity : "");
	return true;
}

static void describe(struct settle_act *act)
{
	const struct settle_change *change = &act->outcome->changes[0];
	char before[AMOUNT_TEXT_MAX], after[AMOUNT_TEXT_MAX], from[INSTANT_TEXT_MAX];
	settle_text_amount(before, change->quantity, change->before);
	settle_text_amount(after, change->quantity, change->after);
	json_instant_print(from, act->from_wall_ms);
	snprintf(act->head, sizeof act->head,
		"%s became %s in %lld interval%s: multiplied by %.24s since %s.", before, after,
		(long long)change->rows, change->rows == 1 ? "" : "s", act->request->multiplier,
		from);
	settle_compose(act);
}

/* ---- keeping ---- */

static void multiply_value(struct multiplying *multiplying, struct multiplied *item)
{
	struct settle_act *act = multiplying->act;
	struct pipeline_value *value = item->value;
	struct series_state state;
	value->multiplier = item->multiplier;
	if (!scale_apply(multiplying->ratio, value->value, &value->value))
		value->seen = false;
	value->trend = (struct trend){0};
	store_series_state(act->pipeline->store, value->series, &state);
	state.scale = item->in_force;
	store_set_series_state(act->pipeline->store, value->series, &state);
	if (value->counter == NULL)
		return;
	/* It was tried before. */
	if (!counter_rescale(&value->counter->counter, multiplying->ratio, act->from_wall_ms))
		counter_exchange(&value->counter->counter);
	pipeline_set_rules(item->rescaling.place);
	pipeline_forget_profile(item->rescaling.place);
	pipeline_save_frontier(item->rescaling.place);
}

static bool keep_all(struct multiplying *multiplying)
{
	struct settle_act *act = multiplying->act;
	if (!store_reserve(act->pipeline->store, (size_t)multiplying->rows))
		return settle_refuse(act, "memory is out; nothing was settled");
	if (!settle_keep_event(act))
		return false;
	for (size_t i = 0; i < multiplying->count; i++) {
		struct multiplied *item = &multiplying->items[i];
		const char *reason = item->value->counter != NULL
					     ? pipeline_keep_rescaling(&item->rescaling)
					     : NULL;
		if (reason != NULL)
			return settle_refuse(act, "%s", reason);
	}
	for (size_t i = 0; i < multiplying->count; i++)
		multiply_value(multiplying, &multiplying->items[i]);
	act->pipeline->about_changed = true;
	settle_commit(act);
	return true;
}

bool settle_multiplier(struct settle_act *act)
{
	struct multiplying multiplying = {.act = act};
	if (!settle_text_multiplier(act->request->multiplier, &multiplying.ratio))
		return settle_refuse(act,
			"\"multiplier\": \"%.40s\" is none; allowed: a number above 0 such as "
			"\"60\", "
			"\"0.1\", or a ratio such as \"300/5\"",
			act->request->multiplier);
	if (!look_at_all(&multiplying))
		return false;
	describe(act);
	return act->request->dry_run || keep_all(&multiplying);
}
