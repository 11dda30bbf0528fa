/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.h -- The heart: what bus workers report becomes intervals, trends
 * and events, is stored, and goes to the broker. It owns accounting, store and
 * delivery; it decides, and says once what a person should know.
 *
 * No thread, and no clock of its own: every call brings the time. It reaches
 * the outside through the store's file and two functions (ops), so that a
 * simulator can run it in virtual time with a link of its own.
 */
#ifndef GATEWAY_PIPELINE_H
#define GATEWAY_PIPELINE_H

#include "gateway/core/flash_wear.h"
#include "gateway/core/wall_clock.h"
#include "gateway/log.h"
#include "gateway/message.h"
#include "gateway/mqtt_link.h"
#include "gateway/site.h"
#include "gateway/store.h"

struct pipeline_ops {
	/* As mqtt_link_publish(). */
	enum link_status (*publish)(void *context, const struct mqtt_publication *publication);
	/* One line for a person. */
	void (*say)(void *context, enum log_level level, const char *text);
};

struct pipeline_settings {
	const struct pipeline_ops *ops; /* must outlive the pipeline */
	void *context;
	struct store_settings store; /* strings must outlive the pipeline */
	const char *boot;            /* the kernel's boot id; NULL: unknown */
	const char *run; /* at random, another at each start; NULL: not told, and no twin
			    is looked for */
	bool trust_clock;
	int64_t earliest_wall_ms; /* wall_clock_rules */
};

enum {
	PIPELINE_SLOTS_MAX = 2 * CONFIG_METERS_MAX, /* meters, and removed ones whose topics wait to
						       be cleared */
	PIPELINE_NO_SLOT = UINT16_MAX,
	PIPELINE_RUN_MAX = 17, /* bytes of a run's name, with the NUL */
};

struct pipeline;

/* Open the store and begin. On failure the store's reason is in ret_opening. */
__attribute__((warn_unused_result)) enum store_status pipeline_open(
	const struct pipeline_settings *settings, const struct clock_observation *now,
	struct pipeline **ret_pipeline, struct store_opening *ret_opening);

/*
 * The program ends: no more reports come. Commit all there is and tell the
 * broker; link events may still be given in, so that what the broker
 * acknowledges now need not go again.
 */
void pipeline_stop(struct pipeline *pipeline, const struct clock_observation *now);

/* True while another gateway takes the connection from this one. */
bool pipeline_has_twin(const struct pipeline *pipeline);

/* True while the broker has not acknowledged all it was given. */
bool pipeline_waits_for_broker(const struct pipeline *pipeline);

/* Commit, close the store, free. NULL is fine. Returns NULL. */
struct pipeline *pipeline_close(struct pipeline *pipeline);

/*
 * Take a site: at the start, and again when another configuration is taken
 * over. Meters keep their slot and their state as long as their id stays. The
 * site must outlive the pipeline or the next call; ret_slots[i] is the slot of
 * site->meters[i]. False: memory is out, and nothing has changed.
 */
__attribute__((warn_unused_result)) bool pipeline_take_site(struct pipeline *pipeline,
	const struct site *site, const struct clock_observation *now, uint16_t *ret_slots);

/*
 * Can this site take the place of the one in force? Errors in `diagnostics`
 * where it cannot: a known meter's model or scale is another one, and nothing
 * says since when.
 */
void pipeline_check_site(struct pipeline *pipeline, const struct site *site,
	const struct clock_observation *now, struct diagnostics *diagnostics);

/* A bus as the site that its worker runs with knows it. */
struct pipeline_source {
	const struct site *site; /* the worker's, maybe an older one than the pipeline's */
	size_t bus;              /* index in its buses */
	const uint16_t *slots;   /* of its meters */
};

/* A worker's report. */
void pipeline_report(struct pipeline *pipeline, const struct pipeline_source *source,
	const struct worker_report *report, const struct clock_observation *now);

/* What happened to the link. */
void pipeline_link(struct pipeline *pipeline, const struct link_event *event,
	const struct clock_observation *now);

/* What the kernel tells of the card under the store; the first time soon after opening, then now
 * and then. */
void pipeline_take_flash(struct pipeline *pipeline, const struct flash_look *look,
	const struct clock_observation *now);

/* The end of our own certificate at the broker; INSTANT_UNKNOWN: we have none. */
void pipeline_take_certificate(struct pipeline *pipeline, int64_t end_wall_ms);

/* The end of the newest stored interval, of any counter, that has readings and was not taken back;
 * 0: there is none. */
int64_t pipeline_newest_wall_ms(const struct pipeline *pipeline);

/* Do what is due. Returns when it wants to be called again at the latest. */
int64_t pipeline_step(struct pipeline *pipeline, const struct clock_observation *now);

/*
 * What an archive knows of a series that this store does not: the boundary and
 * the reading at the end of its newest row with readings, of an earlier store.
 * The gap from there to this store's first row is published as an estimate.
 * False: unknown meter or quantity, or the store does not take it now.
 */
struct pipeline_anchor {
	const char *meter;
	enum quantity quantity; /* a counter */
	int64_t at_wall_ms;
	int64_t reading;    /* inside steps */
	int64_t generation; /* the largest the archive knows of this gateway; 0: not told */
};
__attribute__((warn_unused_result)) bool pipeline_take_anchor(struct pipeline *pipeline,
	const struct pipeline_anchor *anchor, const struct clock_observation *now);

/* Tell of something that happened to the gateway as a whole. */
__attribute__((format(printf, 3, 4))) void pipeline_event(
	struct pipeline *pipeline, enum event_kind kind, const char *format, ...);

/*
 * The Will: topic and payload that say "offline", for the link's settings. The
 * payload is from malloc(); NULL when memory is out.
 */
char *pipeline_will(const struct pipeline *pipeline, char ret_topic[static TOPIC_BYTES_MAX],
	size_t *ret_length);

#endif
