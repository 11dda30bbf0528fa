/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline_state.h -- What the pipeline keeps. For the files that are the
 * pipeline (pipeline*.c) and those that show it to people (control_answers.c),
 * which only read.
 */
#ifndef GATEWAY_PIPELINE_STATE_H
#define GATEWAY_PIPELINE_STATE_H

#include "gateway/core/accounting.h"
#include "gateway/core/delivery.h"
#include "gateway/core/receipts.h"
#include "gateway/core/trend.h"
#include "gateway/message.h"
#include "gateway/pipeline.h"
#include "gateway/pipeline_flags.h"
#include "gateway/pipeline_settle.h"

enum {
	PIPELINE_TICK_MS = 1000,          /* clocks, deadlines, spans of trends */
	PIPELINE_LIVE_GATHER_MS = 200,    /* the blocks of one poll go out in one message */
	PIPELINE_COMMIT_GATHER_MS = 5000, /* intervals of many meters that close together are
					     committed together; a reading is cumulative, so that
					     what is lost by a kill is made again */
	PIPELINE_STORE_RETRY_MS = 10000,  /* after a commit that failed */
	PIPELINE_ROWS_A_READ = 256,       /* of the store, for one message */
	PIPELINE_REASON_MAX = 120,        /* bytes, with the NUL */
	PIPELINE_EXPIRY_PERIODS = 3,      /* retained live and health outlive so many of theirs */
	PIPELINE_EXPIRY_MIN_S = 10,
	PIPELINE_OTHER_RUNS_MAX = 4,       /* of a gateway with our name, remembered */
	PIPELINE_UNTOLD_BYTES_MAX = 16384, /* payload of a stream message where the broker cannot
					      tell its limit */
	PIPELINE_SAY_AGAIN_MS = 3600000,   /* what is retained, where nobody tells of a refusal */
};

/* A counter's accounting. */
struct pipeline_counter {
	struct counter_rules rules;
	struct counter counter;
	struct profile profile;
	struct waiting_readings *waiting; /* NULL once the time is known */
	bool start_is_kept;               /* of a dwelling's first day */
	int64_t set_back_ms; /* of the clock, still to be worked in; readings wait for it */
};

/* One quantity of a meter: its newest sample, and what becomes of it. */
struct pipeline_value {
	uint8_t quantity;
	uint8_t status; /* enum decode_status of the newest sample */
	bool seen;      /* a sample has come */
	bool told;      /* that it has no value; said once until it has one again */
	uint16_t total; /* 1 + its entry in the totals; 0: none */
	int32_t series; /* < 0: the store has not given it yet */
	int64_t value;
	int64_t read_mono_ms;
	struct scale scale;               /* of its point: what the configuration says */
	struct scale multiplier;          /* in force beside it, by a person's word; {1, 1}: none */
	struct pipeline_counter *counter; /* NULL: a gauge */
	struct trend trend;               /* a gauge's */
	struct pipeline_flags *flags;     /* NULL: it is not judged */
	struct gauge_integral *integral;  /* of power; NULL: none */
};

struct pipeline_meter {
	char id[METER_ID_MAX];
	bool in_use;
	bool to_clear;       /* removed: its topics wait for a connection to be cleared */
	bool live_to_clear;  /* became a dwelling: so does its `live` */
	bool counts_for_bus; /* the first meter of its device: the device's counters count once */
	const struct site_meter *site;
	char model[MODEL_NAME_MAX];
	struct pipeline_value *values;
	size_t values_count;
	uint8_t value_of[QUANTITY_COUNT]; /* index in values; UINT8_MAX: none */
	enum device_state state;
	char reason[PIPELINE_REASON_MAX];
	struct device_counters counters;
	char serial_number[SERIAL_NUMBER_MAX]; /* found at its address */
	bool model_is_new;                     /* another one than by the last run */
	char known_serial[SERIAL_NUMBER_MAX];  /* of the device its counters belong to */
	bool misplaced; /* another meter's device stands there: its readings are withheld */
	int64_t last_reading_mono_ms; /* INT64_MIN: none */
	int64_t live_sent_mono_ms;
	int64_t live_due_mono_ms; /* INT64_MAX: nothing new */
};

struct pipeline_bus {
	char id[METER_ID_MAX];
	bool open;
	bool told; /* its first report has come */
	char reason[PIPELINE_REASON_MAX];
};

/* A run of some gateway whose `status` stood at the broker in this one's place. */
struct pipeline_other_run {
	char run[PIPELINE_RUN_MAX]; /* "": none */
	int64_t session;            /* its last one heard of */
};

/* Another gateway with this one's name (pipeline_twin.c). */
struct pipeline_twin {
	struct pipeline_other_run others[PIPELINE_OTHER_RUNS_MAX];
	size_t next;          /* of them, to be written over */
	int64_t seen_mono_ms; /* INT64_MIN: never */
	int64_t told_mono_ms; /* INT64_MIN: never */
};

enum pipeline_trouble { TROUBLE_NONE, TROUBLE_FULL, TROUBLE_FAILED };

struct pipeline {
	struct pipeline_settings settings;
	const struct site *site;
	struct clock_observation now;
	struct wall_clock clock;
	struct wall_clock_rules clock_rules;
	int64_t started_mono_ms;
	int64_t tick_due_mono_ms;
	int64_t health_due_mono_ms;
	struct calendar calendar;       /* the site's */
	char zone[65];                  /* whose it is */
	struct pipeline_totals *totals; /* NULL: none */
	int64_t totals_due_mono_ms;
	struct interval_grid grid;
	struct flag_limits flag_limits;
	enum flag_language flag_language;
	uint32_t rejecting_flags;     /* bits */
	bool flags_wait;              /* some were found later, and wait for a commit */
	bool profiles_forgotten;      /* some are to be learned again */
	int64_t last_energy_id;       /* given to a row */
	int64_t unplaced_due_mono_ms; /* while the time is not known */
	int64_t trend_span;           /* wall time / trend_ms at the last look */

	struct pipeline_meter *slots;
	size_t slots_count;
	struct pipeline_bus *buses; /* as the site's */
	size_t buses_count;
	int64_t live_due_mono_ms; /* the earliest of the meters' */

	struct store *store;
	enum pipeline_trouble trouble;
	int64_t lost_trends_told; /* rows given up to keep the budget */
	bool status_changed;      /* to be announced, as soon as the link takes it */
	bool about_changed;
	int64_t commit_due_mono_ms; /* INT64_MAX: nothing waits */
	int64_t retry_mono_ms;      /* no commit before */
	int64_t rows_stored;        /* committed since the start, of both streams */
	struct flash_history flash; /* the card under the store */

	struct delivery delivery;
	struct receipts receipts;   /* of the store in use */
	uint32_t unreadable_told;   /* bits by enum message_kind; until one can be read again */
	int64_t lower_told_mono_ms; /* INT64_MIN: never */
	struct pipeline_twin twin;
	bool unheard_told; /* that the broker keeps some topics from us */
	bool gone_told;    /* that an archive asks for what is not there any more */
	bool connected;
	int64_t say_again_mono_ms; /* INT64_MAX: never */
	bool link_told;            /* that it is away; said once until it is back */
	uint8_t link_told_kind;
	char link_reason[LINK_EVENT_TEXT_MAX];
	int64_t link_since_mono_ms;
	int64_t sessions;
	int64_t certificate_end_wall_ms; /* our own; INSTANT_UNKNOWN: we have none */
	size_t payload_bytes_max;
	int announced; /* announcements of QoS 1 that the broker has not acknowledged */
	uint32_t refused_announcements; /* bits by enum message_kind; said once each */
	char *payload;                  /* MESSAGE_BYTES_MAX */
	struct store_row *rows;         /* PIPELINE_ROWS_A_READ */
	size_t rows_fit;                /* worth reading for one message, about */
};

/* Whose rows they are: what accounting's sink is given as its context. */
struct pipeline_series_place {
	struct pipeline *pipeline;
	struct pipeline_meter *meter;
	struct pipeline_value *value;
};

/* The best idea of the wall clock there is, known or not. */
int64_t pipeline_wall_ms(const struct pipeline *pipeline);
/* Of an instant of the monotonic clock; by the clock as it stands where the time is not known. */
int64_t pipeline_wall_of(const struct pipeline *pipeline, int64_t at_mono_ms);

/* MQTT 3.1.1: nothing expires, no refusal is told, nor how large a message may be. */
bool pipeline_is_mqtt_3(const struct pipeline *pipeline);

/* Rows of a stream that the broker has not acknowledged. */
int64_t pipeline_backlog(const struct pipeline *pipeline, enum stream stream);
/* Rows of a stream that no receipt covers; false: receipts are not in force. */
bool pipeline_undelivered(const struct pipeline *pipeline, enum stream stream, int64_t *ret_rows);

__attribute__((format(printf, 3, 4))) void pipeline_say(
	const struct pipeline *pipeline, enum log_level level, const char *format, ...);

/* What happened, and to which meter; "": the gateway or a bus. */
struct occurrence {
	enum event_kind kind;
	const char *meter;
};

__attribute__((format(printf, 3, 4))) void pipeline_meter_event(
	struct pipeline *pipeline, struct occurrence what, const char *format, ...);

/* ---- pipeline_meters.c: slots ---- */
const struct pipeline_meter *pipeline_meter_find(const struct pipeline *pipeline, const char *id);
void pipeline_meters_free(struct pipeline *pipeline);
/* As pipeline_take_site(), the meters' part. */
bool pipeline_meters_take(struct pipeline *pipeline, const struct site *site, uint16_t *ret_slots);
/* The series' number; asks the store the first time. < 0: it cannot tell now. */
int32_t pipeline_series(
	struct pipeline *pipeline, struct pipeline_meter *meter, struct pipeline_value *value);
/* What its accounting goes by, from model, configuration and multiplier. */
void pipeline_set_rules(struct pipeline_series_place *place);

/* ---- pipeline_scale.c: what a step of the register is worth, and since when ---- */
/* A value by the configuration's scale, by the one in force. False: it is too large. */
__attribute__((warn_unused_result)) bool pipeline_in_force(
	const struct pipeline_value *value, int64_t decoded, int64_t *ret_value);
/* What a raw step is worth, with the multiplier. False: too large. */
bool pipeline_scale_in_force(const struct pipeline_value *value, struct scale *ret_scale);
/* The series' number has become known, or another configuration holds: sees to a change of scale.
 */
void pipeline_take_scale(struct pipeline_series_place *place);

/* Rows of a series on another scale from an instant on: looked at, and kept as revisions. */
struct pipeline_rescaling {
	struct pipeline_series_place *place;
	struct scale ratio;
	int64_t from_wall_ms;
	struct settle_change change; /* what comes of it */
	int64_t old_id;              /* rows up to it have been there for five days */
};
/* Fills in `change`. NULL, or why it cannot be done, in words. */
__attribute__((warn_unused_result)) const char *pipeline_look_at_rescaling(
	struct pipeline_rescaling *rescaling);
/* After that: all rows wait for one commit. NULL, or why not. */
__attribute__((warn_unused_result)) const char *pipeline_keep_rescaling(
	struct pipeline_rescaling *rescaling);
/* What it learned is on another scale; it is learned again with the next tick. */
void pipeline_forget_profile(struct pipeline_series_place *place);
/* a / b in lowest terms; {1, 1} where it cannot be told. */
struct scale pipeline_ratio(struct scale a, struct scale b);
bool pipeline_same_scale(struct scale a, struct scale b);

/* Inside steps an hour that the main fuse is named for; 0: unknown. */
int64_t pipeline_fuse_per_hour(const struct site_meter *meter, enum quantity quantity);

/* ---- pipeline_samples.c: samples to rows ---- */
void pipeline_sample(
	struct pipeline *pipeline, struct pipeline_meter *meter, const struct sample *sample);
void pipeline_add_reading(struct pipeline_series_place *place, int64_t at_wall_ms, int64_t value);
void pipeline_tick_counters(struct pipeline *pipeline);
struct counter_sink pipeline_sink_of(struct pipeline_series_place *place);

typedef void pipeline_value_visitor(struct pipeline_series_place *place, void *argument);
void pipeline_for_each_value(
	struct pipeline *pipeline, pipeline_value_visitor *visit, void *argument);

/* ---- pipeline_devices.c: which device stands at a meter ---- */
/* A slot has another site: the model that the store knows may be another one. */
void pipeline_take_model(struct pipeline *pipeline, struct pipeline_meter *meter);
/* A serial number was found at its address. */
void pipeline_found_serial(
	struct pipeline *pipeline, struct pipeline_meter *meter, const char *serial);
/* All slots have their site: whose devices stand where by its serial numbers? */
void pipeline_judge_devices(struct pipeline *pipeline);
/* The store is another one. */
void pipeline_save_device(struct pipeline *pipeline, const struct pipeline_meter *meter);

/* ---- pipeline_clock.c: what the clock does to counters ---- */
/* The time is known, now or from the start on: readings that waited are placed, earlier boots'
 * before them; a store made before gets its generation. */
void pipeline_take_time(struct pipeline *pipeline);
/* While it is not: keep what waits over a restart. */
void pipeline_keep_unplaced(struct pipeline *pipeline);
/* It was set back; worked in at once, or as soon as the store takes it. */
void pipeline_clock_set_back(struct pipeline *pipeline, int64_t back_ms);
void pipeline_work_in_set_back(struct pipeline *pipeline);
/* A store made while nobody knew the time gets its generation when it is known; until then its rows
 * wait. */
bool pipeline_generation_is_sound(const struct pipeline *pipeline);
void pipeline_raise_generation(struct pipeline *pipeline, int64_t generation);
/* The length of intervals: another one begins at a UTC midnight. */
void pipeline_take_grid(struct pipeline *pipeline);

/* ---- pipeline_dwelling.c: nothing finer than a day ---- */
bool pipeline_is_dwelling(const struct pipeline_meter *meter);
/* How long a counter's intervals are; of a series that was or becomes a dwelling's, from which
 * midnight on. Commits. */
struct interval_grid pipeline_grid_of(const struct pipeline_series_place *place);
/* After a reading: the first day of a series is in no row yet, and where it began must outlive a
 * restart. */
void pipeline_dwelling_counted(const struct pipeline_series_place *place);
/* Takes figures and time of day from a dwelling's event; any other stays as it is. */
void pipeline_dwelling_event(const struct pipeline *pipeline, struct event_row *row);

/* ---- pipeline_resume.c: where accounting goes on after a restart ---- */
void pipeline_resume(struct pipeline *pipeline, struct pipeline_value *value);
/* What rows do not tell, with the next commit. */
void pipeline_save_frontier(const struct pipeline_series_place *place);
/* Learn profiles from the rows of the past weeks. */
void pipeline_learn_profiles(struct pipeline *pipeline);

/* ---- pipeline_samples.c: trends ---- */
/* Spans of trends that ended by `wall_ms`. */
void pipeline_close_trends(struct pipeline *pipeline, int64_t wall_ms);

/* ---- pipeline_store.c: rows to the disk ---- */
enum store_status pipeline_store_open(struct pipeline *pipeline, struct store_opening *ret_opening);
/* The store is another one than before, or of another identity: delivery begins with it. */
void pipeline_begin_delivery(struct pipeline *pipeline);
/* A commit is wanted at the latest within this time. */
void pipeline_want_commit(struct pipeline *pipeline, int64_t within_ms);
/* Every interval row passes here, first ones and revisions: `place` is a struct
 * pipeline_series_place. */
bool pipeline_keep_interval(void *place, struct interval_row *row);
bool pipeline_keep_event(void *place, struct event_row *row);
/* An event that is no counter's. */
bool pipeline_append_event(struct pipeline *pipeline, struct event_row *row);
void pipeline_keep_trend(struct pipeline *pipeline, struct trend_row *row);
void pipeline_commit_if_due(struct pipeline *pipeline);
void pipeline_commit(struct pipeline *pipeline);

/* ---- pipeline_delivery.c: rows to the broker ---- */
void pipeline_deliver(struct pipeline *pipeline);
void pipeline_acknowledged(struct pipeline *pipeline, uint32_t tag, uint8_t reason);

/* ---- pipeline_totals.c: energy of hours, days, months, years ---- */
/* The calendar of a site's zone. */
void pipeline_take_zone(struct pipeline *pipeline, const struct site *site);
/* The site's structure; after the meters were taken. Everything is counted anew. */
void pipeline_totals_take(struct pipeline *pipeline);
void pipeline_totals_free(struct pipeline *pipeline);
/* A row that was kept. */
void pipeline_totals_row(const struct pipeline_series_place *place, const struct interval_row *row);
/* Do what is due; returns when it wants to be called again, INT64_MAX: with the next tick. */
int64_t pipeline_totals_step(struct pipeline *pipeline);
/* All is told again: a broker that is new. */
void pipeline_totals_show_all(struct pipeline *pipeline);

/* ---- pipeline_archives.c: what archives say ---- */
/* A store is in use: what it remembers of receipts; nothing is known of archives. */
void pipeline_archives_begin(struct pipeline *pipeline);
/* The site's rule of what counts as delivered. */
void pipeline_archives_take_rule(struct pipeline *pipeline);
/* A message on one of their topics. */
void pipeline_archives_hear(struct pipeline *pipeline, const struct link_event *event);
/* The broker keeps them from us. */
void pipeline_archives_unheard(struct pipeline *pipeline, const struct link_event *event);
/* The store's rows so far are, or may become, another gateway's too: a new id, of at least this
 * generation, under which all it holds is sent. False: not now; it was said why. */
__attribute__((warn_unused_result)) bool pipeline_leave_identity(
	struct pipeline *pipeline, int64_t generation_min);
/* Is the topic below this gateway's root? */
bool pipeline_is_own(const struct pipeline *pipeline, const struct message_address *address);
/* Now and then: an archive that is silent for long is not waited for. */
void pipeline_archives_tick(struct pipeline *pipeline);

/* ---- pipeline_twin.c: another gateway with this one's name ---- */
void pipeline_twin_begin(struct pipeline *pipeline);
/* `status` as it stands at the broker: this gateway's own, or not. */
void pipeline_twin_hear(struct pipeline *pipeline, const struct link_event *event);
/* What to do about it, for a person; NULL: there is no such gateway. */
const char *pipeline_twin_reason(const struct pipeline *pipeline);

/* ---- pipeline_announce.c: what is true now, to the broker ---- */
enum { ANNOUNCEMENT_TAG = 1 << 30 }; /* with enum message_kind; delivery's tags are below */
/* A message made, and where it goes. */
struct announcement {
	enum message_kind kind;
	const char *part; /* of the topic; NULL: none */
	const char *payload;
	size_t length;
	uint32_t expiry_s; /* where its kind expires */
};
/* False: the link did not take it. */
bool pipeline_publish(struct pipeline *pipeline, const struct announcement *announcement);
/* `status` and `about`; false: the link did not take it. */
bool pipeline_announce(struct pipeline *pipeline, enum presence presence);
bool pipeline_announce_site(struct pipeline *pipeline);
void pipeline_announce_health(struct pipeline *pipeline);
void pipeline_announce_live(struct pipeline *pipeline); /* those that are due */
void pipeline_show_all_live(struct pipeline *pipeline); /* makes all due: a broker that is new */
void pipeline_clear_removed(struct pipeline *pipeline);

#endif
