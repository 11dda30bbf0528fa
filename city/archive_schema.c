/* SPDX-License-Identifier: Apache-2.0 */
/* archive_schema.c -- docs/archive.md as SQL that SQLite 3.40 and PostgreSQL 15 both read. */
#include "city/archive_schema.h"

/* What the views of intervals show of one row, as people read it. */
#define ENERGY_COLUMNS                                                                    \
	"gateway.name AS gateway, series.meter, series.quantity, utc(i.start_ms) AS "     \
	"start_utc, utc(i.end_ms) AS end_utc, 1.0 * i.energy / series.steps_per_unit AS " \
	"energy, series.unit, i.quality, i.method, i.flags, i.correction, i.revision, "   \
	"1.0 * i.reading_start / series.steps_per_unit AS reading_start, "                \
	"1.0 * i.reading_end / series.steps_per_unit AS reading_end, i.clock, "           \
	"utc(i.arrived_ms) AS arrived_utc, i.start_ms, i.end_ms, i.energy AS steps, "     \
	"series.steps_per_unit"
#define JOINED                                                                    \
	"JOIN series ON series.gateway = i.gateway AND series.series = i.series " \
	"JOIN gateway ON gateway.gateway = i.gateway "
#define RANKED "(PARTITION BY intervals.gateway, series, start_ms, end_ms ORDER BY generation "
#define STORE_OF_INTERVAL                                                 \
	"FROM intervals JOIN store ON store.gateway = intervals.gateway " \
	"AND store.store = intervals.store) AS i "

/* clang-format off */
static const struct archive_piece pieces[] = {
	{ARCHIVE_TABLE, "format", "version INTEGER PRIMARY KEY"},
	{ARCHIVE_TABLE, "gateway",
		"gateway INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_seen_ms BIGINT NOT NULL, "
		"last_seen_ms BIGINT NOT NULL, presence TEXT, version TEXT, clock TEXT, store_id TEXT, "
		"status_ms BIGINT, backlog_energy BIGINT, backlog_trends BIGINT, store_bytes BIGINT, "
		"health_ms BIGINT, about TEXT, about_ms BIGINT"},
	{ARCHIVE_TABLE, "board", /* since version 2 */
		"gateway INTEGER PRIMARY KEY, store_bytes_max BIGINT, written_bytes_day BIGINT, written_bytes_per_row BIGINT, "
		"device_bytes_day BIGINT, device_bytes_per_row BIGINT, card_life_left INTEGER, card_reserve TEXT, "
		"certificate_end_ms BIGINT"},
	{ARCHIVE_TABLE, "store",
		"gateway INTEGER NOT NULL, store INTEGER NOT NULL, id TEXT NOT NULL, generation BIGINT NOT NULL, "
		"first_seen_ms BIGINT NOT NULL, anchored INTEGER NOT NULL, PRIMARY KEY (gateway, store), "
		"UNIQUE (gateway, id)"},
	{ARCHIVE_TABLE, "series",
		"gateway INTEGER NOT NULL, series INTEGER NOT NULL, meter TEXT NOT NULL, quantity TEXT NOT NULL, "
		"unit TEXT NOT NULL, steps_per_unit BIGINT NOT NULL, PRIMARY KEY (gateway, series), "
		"UNIQUE (gateway, meter, quantity)"},
	{ARCHIVE_TABLE_BY_MONTH, "intervals",
		"gateway INTEGER NOT NULL, store INTEGER NOT NULL, id BIGINT NOT NULL, start_ms BIGINT NOT NULL, "
		"end_ms BIGINT NOT NULL, series INTEGER NOT NULL, quality TEXT NOT NULL, energy BIGINT, method TEXT, "
		"flags TEXT NOT NULL, correction INTEGER NOT NULL, revision INTEGER NOT NULL, reading_start BIGINT, "
		"reading_end BIGINT, clock TEXT NOT NULL, arrived_ms BIGINT NOT NULL, "
		"PRIMARY KEY (gateway, store, id, start_ms)"},
	{ARCHIVE_INDEX, "intervals_by_series", "intervals (gateway, series, start_ms)"},
	{ARCHIVE_TABLE_BY_MONTH, "trends",
		"gateway INTEGER NOT NULL, store INTEGER NOT NULL, id BIGINT NOT NULL, start_ms BIGINT NOT NULL, "
		"end_ms BIGINT NOT NULL, series INTEGER NOT NULL, mean BIGINT NOT NULL, min BIGINT NOT NULL, "
		"max BIGINT NOT NULL, count INTEGER NOT NULL, clock TEXT NOT NULL, arrived_ms BIGINT NOT NULL, "
		"PRIMARY KEY (gateway, store, id, start_ms)"},
	{ARCHIVE_INDEX, "trends_by_series", "trends (gateway, series, start_ms)"},
	{ARCHIVE_TABLE, "events",
		"gateway INTEGER NOT NULL, store INTEGER NOT NULL, id BIGINT NOT NULL, at_ms BIGINT, "
		"kind TEXT NOT NULL, meter TEXT, quantity TEXT, amount BIGINT, text TEXT NOT NULL, clock TEXT NOT NULL, "
		"arrived_ms BIGINT NOT NULL, PRIMARY KEY (gateway, store, id)"},
	{ARCHIVE_TABLE, "stream",
		"gateway INTEGER NOT NULL, store INTEGER NOT NULL, stream TEXT NOT NULL, through BIGINT NOT NULL, "
		"newest BIGINT NOT NULL, row_count BIGINT NOT NULL, repeated BIGINT NOT NULL, arrived_ms BIGINT NOT NULL, "
		"PRIMARY KEY (gateway, store, stream)"},
	{ARCHIVE_TABLE, "span",
		"gateway INTEGER NOT NULL, store INTEGER NOT NULL, stream TEXT NOT NULL, after BIGINT NOT NULL, "
		"through BIGINT NOT NULL, PRIMARY KEY (gateway, store, stream, after)"},
	{ARCHIVE_TABLE, "gone",
		"gateway INTEGER NOT NULL, store INTEGER NOT NULL, stream TEXT NOT NULL, after BIGINT NOT NULL, "
		"through BIGINT NOT NULL, arrived_ms BIGINT NOT NULL, PRIMARY KEY (gateway, store, stream, after, through)"},
	{ARCHIVE_TABLE, "quarantine",
		"gateway INTEGER NOT NULL, digest TEXT NOT NULL, kind TEXT NOT NULL, store INTEGER, stream TEXT, id BIGINT, "
		"topic TEXT NOT NULL, reason TEXT NOT NULL, payload TEXT NOT NULL, times INTEGER NOT NULL, "
		"arrived_ms BIGINT NOT NULL, settled_ms BIGINT, PRIMARY KEY (gateway, digest)"},
	{ARCHIVE_TABLE, "forgotten",
		"gateway INTEGER NOT NULL, meter TEXT NOT NULL, before_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, "
		"author TEXT NOT NULL, PRIMARY KEY (gateway, meter)"},
	{ARCHIVE_TABLE, "log",
		"gateway INTEGER NOT NULL, at_ms BIGINT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, "
		"PRIMARY KEY (gateway, at_ms, kind, text)"},
	{ARCHIVE_VIEW, "energy",
		"SELECT " ENERGY_COLUMNS " FROM (SELECT intervals.*, row_number() OVER " RANKED "DESC, revision DESC, intervals.id DESC) "
		"AS place " STORE_OF_INTERVAL JOINED "WHERE i.place = 1"},
	{ARCHIVE_VIEW, "energy_known",
		"SELECT " ENERGY_COLUMNS ", i.arrived_ms AS known_from_ms, coalesce(i.newer_ms, 9223372036854775807) "
		"AS known_until_ms FROM (SELECT intervals.*, min(arrived_ms) OVER " RANKED ", revision, intervals.id "
		"ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS newer_ms " STORE_OF_INTERVAL JOINED
		"WHERE i.newer_ms IS NULL OR i.newer_ms > i.arrived_ms"},
	{ARCHIVE_VIEW, "energy_by_day",
		"SELECT gateway, meter, quantity, utc(start_ms - start_ms % 86400000) AS day_utc, "
		"1.0 * sum(steps) / steps_per_unit AS energy, unit, "
		"count(*) AS intervals, sum(CASE WHEN quality = 'measured' THEN 1 ELSE 0 END) AS measured, "
		"sum(CASE WHEN quality = 'estimated' THEN 1 ELSE 0 END) AS estimated, "
		"sum(CASE WHEN steps IS NULL THEN 1 ELSE 0 END) AS without_value "
		"FROM energy GROUP BY gateway, meter, quantity, unit, steps_per_unit, start_ms - start_ms % 86400000"},
	{ARCHIVE_VIEW, "missing",
		"SELECT gateway.name AS gateway, store.id AS store, s.stream, s.after, s.through FROM "
		"(SELECT gateway, store, stream, lag(through) OVER (PARTITION BY gateway, store, stream ORDER BY through) "
		"AS after, after AS through, place FROM "
		"(SELECT gateway, store, stream, 0 AS after, through, 0 AS place FROM stream UNION ALL "
		"SELECT gateway, store, stream, after, through, 1 AS place FROM span UNION ALL "
		"SELECT gateway, store, stream, newest AS after, newest AS through, 2 AS place FROM stream) AS edges) AS s "
		"JOIN gateway ON gateway.gateway = s.gateway "
		"JOIN store ON store.gateway = s.gateway AND store.store = s.store "
		"WHERE s.place > 0 AND s.after < s.through"},
};

const char *const archive_statements[SQL_COUNT] = {
	[SQL_VERSION]          = "SELECT max(version) FROM format",
	[SQL_PUT_VERSION]      = "INSERT INTO format VALUES ($1) ON CONFLICT DO NOTHING",
	[SQL_DROP_OLDER_VERSIONS] = "DELETE FROM format WHERE version < $1",
	[SQL_GATEWAY_FIND]     = "SELECT gateway FROM gateway WHERE name = $1",
	[SQL_GATEWAY_LAST]     = "SELECT max(gateway) FROM gateway",
	[SQL_GATEWAY_ADD]      = "INSERT INTO gateway (gateway, name, first_seen_ms, last_seen_ms) VALUES ($1, $2, $3, $4) "
				 "ON CONFLICT (name) DO NOTHING",
	[SQL_GATEWAY_SEEN]     = "UPDATE gateway SET last_seen_ms = CASE WHEN last_seen_ms < $1 THEN $2 ELSE last_seen_ms END "
				 "WHERE gateway = $3",
	[SQL_GATEWAY_STATUS]   = "UPDATE gateway SET presence = $1, version = $2, clock = $3, store_id = $4, status_ms = $5 "
				 "WHERE gateway = $6",
	[SQL_GATEWAY_HEALTH]   = "UPDATE gateway SET backlog_energy = $1, backlog_trends = $2, store_bytes = $3, health_ms = $4 "
				 "WHERE gateway = $5",
	[SQL_BOARD_SET]        = "INSERT INTO board VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (gateway) DO UPDATE SET "
				 "store_bytes_max = excluded.store_bytes_max, written_bytes_day = excluded.written_bytes_day, "
				 "written_bytes_per_row = excluded.written_bytes_per_row, device_bytes_day = excluded.device_bytes_day, "
				 "device_bytes_per_row = excluded.device_bytes_per_row, card_life_left = excluded.card_life_left, "
				 "card_reserve = excluded.card_reserve, certificate_end_ms = excluded.certificate_end_ms",
	[SQL_GATEWAY_ABOUT]    = "UPDATE gateway SET about = $1, about_ms = $2 WHERE gateway = $3",
	[SQL_GATEWAY_ALL]      = "SELECT gateway.gateway, name, last_seen_ms, presence, version, clock, store_id, status_ms, "
				 "backlog_energy, backlog_trends, store_bytes, health_ms, store_bytes_max, written_bytes_day, "
				 "written_bytes_per_row, device_bytes_day, device_bytes_per_row, card_life_left, card_reserve, "
				 "certificate_end_ms FROM gateway LEFT JOIN board ON board.gateway = gateway.gateway ORDER BY name",
	[SQL_STORE_FIND]       = "SELECT store, CASE WHEN store = 1 THEN 1 ELSE anchored END, generation FROM store WHERE gateway = $1 AND id = $2",
	[SQL_STORE_LAST]       = "SELECT max(store) FROM store WHERE gateway = $1",
	[SQL_STORE_ADD]        = "INSERT INTO store (store, gateway, id, generation, first_seen_ms, anchored) "
				 "VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (gateway, id) DO NOTHING",
	[SQL_STORE_GENERATION] = "UPDATE store SET generation = $1 WHERE gateway = $2 AND store = $3 AND generation < $4",
	[SQL_STORE_ANCHORED]   = "UPDATE store SET anchored = 1 WHERE gateway = $1 AND store = $2",
	[SQL_STORE_HIGHEST]    = "SELECT max(generation) FROM store WHERE gateway = $1 AND store <> $2",
	[SQL_SERIES_ALL]       = "SELECT series, meter, quantity FROM series WHERE gateway = $1 ORDER BY series",
	[SQL_SERIES_LAST]      = "SELECT max(series) FROM series WHERE gateway = $1",
	[SQL_SERIES_ADD]       = "INSERT INTO series (series, gateway, meter, quantity, unit, steps_per_unit) "
				 "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (gateway, meter, quantity) DO NOTHING",
	[SQL_STREAM_ADD]       = "INSERT INTO stream VALUES ($1, $2, $3, 0, 0, 0, 0, $4) ON CONFLICT DO NOTHING",
	[SQL_STREAM_LOCK]      = "UPDATE stream SET arrived_ms = $1 WHERE gateway = $2 AND store = $3 AND stream = $4",
	[SQL_STREAM_READ]      = "SELECT through, newest FROM stream WHERE gateway = $1 AND store = $2 AND stream = $3",
	[SQL_STREAM_SET]       = "UPDATE stream SET through = $1, newest = $2, row_count = row_count + $3, "
				 "repeated = repeated + $4 WHERE gateway = $5 AND store = $6 AND stream = $7",
	[SQL_STREAM_COUNTS]    = "SELECT store.id, stream.stream, stream.through, stream.newest, "
				 "CAST(stream.through + coalesce((SELECT sum(span.through - span.after) FROM span "
				 "WHERE span.gateway = stream.gateway AND span.store = stream.store AND span.stream = stream.stream), 0) "
				 "AS BIGINT), stream.arrived_ms FROM stream "
				 "JOIN store ON store.gateway = stream.gateway AND store.store = stream.store "
				 "WHERE stream.gateway = $1 ORDER BY stream.store, stream.stream",
	[SQL_SPAN_ALL]         = "SELECT after, through FROM span WHERE gateway = $1 AND store = $2 AND stream = $3 ORDER BY after",
	[SQL_SPAN_CLEAR]       = "DELETE FROM span WHERE gateway = $1 AND store = $2 AND stream = $3",
	[SQL_SPAN_ADD]         = "INSERT INTO span VALUES ($1, $2, $3, $4, $5)",
	[SQL_GONE_ADD]         = "INSERT INTO gone VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
	[SQL_INTERVAL_ADD]     = "INSERT INTO intervals VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
	[SQL_INTERVAL_FIND]    = "SELECT start_ms, end_ms, series, quality, energy, method, flags, correction, revision, "
				 "reading_start, reading_end, clock FROM intervals WHERE gateway = $1 AND store = $2 AND id = $3",
	[SQL_TREND_ADD]        = "INSERT INTO trends VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
	[SQL_TREND_FIND]       = "SELECT start_ms, end_ms, series, mean, min, max, count, clock FROM trends "
				 "WHERE gateway = $1 AND store = $2 AND id = $3",
	[SQL_EVENT_ADD]        = "INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
	[SQL_EVENT_FIND]       = "SELECT at_ms, kind, meter, quantity, amount, text, clock FROM events "
				 "WHERE gateway = $1 AND store = $2 AND id = $3",
	[SQL_COUNTER_LAST]     = "SELECT i.end_ms, i.reading_end FROM intervals AS i "
				 "JOIN store ON store.gateway = i.gateway AND store.store = i.store "
				 "WHERE i.gateway = $1 AND i.series = $2 AND i.store <> $3 "
				 "AND (store.store = 1 OR store.anchored = 1 OR NOT EXISTS (SELECT 1 FROM intervals AS o "
				 "WHERE o.gateway = i.gateway AND o.series = i.series AND o.store < i.store)) AND i.reading_end IS NOT NULL "
				 "ORDER BY i.start_ms DESC, store.generation DESC, i.revision DESC, i.id DESC LIMIT 1",
	[SQL_COUNTER_JOINED]   = "SELECT count(*) FROM (SELECT 1 FROM intervals WHERE gateway = $1 AND series = $2 AND store = $3 "
				 "AND start_ms = $4 LIMIT 1) AS joined",
	[SQL_COUNTER_LATER]    = "SELECT count(*) FROM (SELECT 1 FROM intervals WHERE gateway = $1 AND series = $2 AND store = $3 "
				 "AND start_ms > $4 LIMIT 1) AS later",
	[SQL_QUARANTINE_ADD]   = "INSERT INTO quarantine VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, NULL) "
				 "ON CONFLICT (gateway, digest) DO UPDATE SET times = quarantine.times + 1",
	[SQL_QUARANTINE_COUNT] = "SELECT count(*) FROM quarantine WHERE gateway = $1 AND digest <> $2",
	[SQL_QUARANTINE_KINDS] = "SELECT kind, count(*) FROM quarantine WHERE gateway = $1 AND settled_ms IS NULL GROUP BY kind",
	[SQL_QUARANTINE_ALL]   = "SELECT gateway.name, quarantine.digest, quarantine.kind, store.id, quarantine.stream, "
				 "quarantine.id, quarantine.topic, quarantine.reason, quarantine.payload, quarantine.times, "
				 "quarantine.arrived_ms, quarantine.settled_ms, quarantine.gateway FROM quarantine "
				 "JOIN gateway ON gateway.gateway = quarantine.gateway "
				 "LEFT JOIN store ON store.gateway = quarantine.gateway AND store.store = quarantine.store "
				 "ORDER BY gateway.name, quarantine.arrived_ms, quarantine.digest",
	[SQL_QUARANTINE_SETTLE] = "UPDATE quarantine SET settled_ms = $1 WHERE gateway = $2 AND digest = $3",
	[SQL_STANDING]         = "SELECT stream, 'through', 0 AS after, through FROM stream WHERE gateway = $1 AND store = $2 "
				 "UNION ALL SELECT stream, 'newest', 0, newest FROM stream WHERE gateway = $1 AND store = $2 "
				 "UNION ALL SELECT stream, 'span', after, through FROM span WHERE gateway = $1 AND store = $2 "
				 "UNION ALL SELECT stream, 'conflict', 0, min(id) FROM quarantine WHERE gateway = $1 AND store = $2 "
				 "AND kind = 'conflict' AND settled_ms IS NULL GROUP BY stream ORDER BY 3",
	[SQL_FORGOTTEN_ALL]    = "SELECT meter, before_ms FROM forgotten WHERE gateway = $1",
	[SQL_METER_KNOWN]      = "SELECT count(*) FROM series WHERE gateway = $1 AND meter = $2",
	[SQL_FORGOTTEN_SET]    = "INSERT INTO forgotten VALUES ($1, $2, $3, $4, $5) ON CONFLICT (gateway, meter) DO UPDATE SET "
				 "before_ms = CASE WHEN forgotten.before_ms > excluded.before_ms THEN forgotten.before_ms "
				 "ELSE excluded.before_ms END, at_ms = excluded.at_ms, author = excluded.author",
	[SQL_FORGET_INTERVALS] = "DELETE FROM intervals WHERE gateway = $1 AND start_ms < $2 AND series IN "
				 "(SELECT series FROM series WHERE gateway = $3 AND meter = $4)",
	[SQL_FORGET_TRENDS]    = "DELETE FROM trends WHERE gateway = $1 AND start_ms < $2 AND series IN "
				 "(SELECT series FROM series WHERE gateway = $3 AND meter = $4)",
	[SQL_FORGET_EVENTS]    = "DELETE FROM events WHERE gateway = $1 AND at_ms < $2 AND meter = $3",
	[SQL_FORGET_QUARANTINE] = "DELETE FROM quarantine WHERE gateway = $1 AND arrived_ms < $2 AND kind = 'refused'",
	[SQL_METER_GATEWAYS]   = "SELECT DISTINCT gateway.gateway, gateway.name FROM gateway "
				 "JOIN series ON series.gateway = gateway.gateway WHERE series.meter = $1 ORDER BY gateway.name",
	[SQL_LOG_ADD]          = "INSERT INTO log VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
};
/* clang-format on */

const struct archive_piece *archive_schema(size_t *ret_count)
{
	*ret_count = sizeof(pieces) / sizeof(pieces[0]);
	return pieces;
}
