/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_message_fields.c -- That writer and reader agree on every field of every
 * message: random objects are made by walking the table, written, read back, and
 * written again; and that the reader refuses what the table does not allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "gateway/message_fields.h"

enum { ROUNDS = 60, LIST_MAX = 3, ARENA_MAX = 256, PAYLOAD_MAX = 65536 };

/* What one object of random values allocates. */
static void *arena[ARENA_MAX];
static size_t arena_count;

static void *arena_new(size_t count, size_t size)
{
	void *list = calloc(count > 0 ? count : 1, size);
	assert_non_null(list);
	assert_true(arena_count < ARENA_MAX);
	arena[arena_count++] = list;
	return list;
}

static void arena_clear(void)
{
	while (arena_count > 0)
		free(arena[--arena_count]);
}

/* Not negative, at most 15 digits: what a JSON number keeps. */
static int64_t random_steps(void)
{
	int64_t number = (int64_t)rand() * rand() % INT64_C(999999999999999);
	return rand() % 4 == 0 ? rand() % 3 : number;
}

static void fill_record(const struct message_record *record, void *object);

static void fill_list(const struct message_field *field, void *object, void *at)
{
	const struct message_record *record = field->record;
	int most =
		field->items_max > 0 && field->items_max < LIST_MAX ? field->items_max : LIST_MAX;
	size_t count = (size_t)(rand() % (most + 1));
	char *list = arena_new(count, record->size);
	for (size_t i = 0; i < count; i++) {
		fill_record(record, list + i * record->size);
		if (field->type == MESSAGE_MAP) /* keys differ */
			*(uint8_t *)(list + i * record->size + record->quantity_offset) =
				(uint8_t)i;
	}
	*(void **)at = list;
	*(size_t *)(void *)((char *)object + field->count_offset) = count;
}

static void fill_labels(const struct message_field *field, void *object, void *at)
{
	struct config_label *labels = arena_new(1, sizeof(*labels));
	labels[0] = (struct config_label){.key = "fløy", .text = "\"A\"\n"};
	*(void **)at = labels;
	*(size_t *)(void *)((char *)object + field->count_offset) = 1;
}

static void fill_field(const struct message_field *field, void *object)
{
	void *at = (char *)object + field->offset;
	unsigned word;
	switch (field->type) {
	case MESSAGE_TEXT:
		*(const char **)at =
			field->presence == MESSAGE_IF_SET && rand() % 2 ? NULL : "Ærlig \\ talt";
		break;
	case MESSAGE_TEXT_INSIDE:
		if (rand() % 2)
			memcpy(at, "sentence", sizeof("sentence"));
		break;
	case MESSAGE_BOOLEAN:
		*(bool *)at = rand() % 2;
		break;
	case MESSAGE_INTEGER:
	case MESSAGE_MILLI:
	case MESSAGE_MICRO:
	case MESSAGE_STEPS:
		*(int64_t *)at = random_steps();
		break;
	case MESSAGE_INTEGER_32:
		*(int32_t *)at = rand() % INT32_MAX;
		break;
	case MESSAGE_INSTANT:
		*(int64_t *)at = field->presence == MESSAGE_IF_SET && rand() % 2
					 ? INSTANT_UNKNOWN
					 : random_steps() % INT64_C(4000000000000);
		break;
	case MESSAGE_WORD:
		do
			word = (unsigned)rand() % field->words->count;
		while (!field->words->name(word) && field->presence != MESSAGE_IF_SET);
		*(uint8_t *)at = (uint8_t)word;
		break;
	case MESSAGE_QUANTITY:
		*(uint8_t *)at = (uint8_t)(rand() % QUANTITY_COUNT);
		break;
	case MESSAGE_FRACTION:
		*(struct scale *)at = (struct scale){1 + rand() % 1000 * 1000, 1};
		break;
	case MESSAGE_COUNTS:
		for (unsigned i = 0; i < field->words->count; i++)
			((int64_t *)at)[i] = rand() % 2 ? 0 : rand();
		break;
	case MESSAGE_LABELS:
		fill_labels(field, object, at);
		break;
	case MESSAGE_LIST:
	case MESSAGE_MAP:
		fill_list(field, object, at);
		break;
	case MESSAGE_UNIT:
	case MESSAGE_COUNTING:
	case MESSAGE_FLAGS: /* none defined yet */
	case MESSAGE_FIELD_TYPE_COUNT:
		break;
	}
}

static void fill_record(const struct message_record *record, void *object)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct message_field *field = &record->fields[i];
		fill_field(field, object);
		if (field->is_above)
			*(int64_t *)(void *)((char *)object + field->offset) =
				*(int64_t *)(void *)((char *)object + field->above_offset) + 1;
		if (field->presence == MESSAGE_IF_FLAG)
			*(bool *)((char *)object + field->has_offset) = rand() % 2;
	}
}

static size_t write_object(enum message_kind kind, const void *object, char *bytes)
{
	struct json_writer writer;
	json_writer_begin(&writer, (struct json_buffer){bytes, PAYLOAD_MAX});
	message_write_record(&writer, message_record(kind), object);
	return json_writer_end(&writer);
}

static void every_message_reads_back_as_it_was_written(void **state)
{
	(void)state;
	static char first[PAYLOAD_MAX], second[PAYLOAD_MAX];
	const unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < ROUNDS * MESSAGE_KIND_COUNT; round++) {
		enum message_kind kind = (enum message_kind)(round % MESSAGE_KIND_COUNT);
		struct message made = {.kind = kind}, read;
		char error[MESSAGE_ERROR_MAX] = "";
		fill_record(message_record(kind), &made.status);
		size_t length = write_object(kind, &made.status, first);
		assert_true(length < PAYLOAD_MAX);
		if (!message_read(kind, (struct json_text){first, length}, &read, error))
			fail_msg("%s: %s\n%s", message_kind_info(kind)->topic, error, first);
		assert_int_equal(write_object(kind, &read.status, second), length);
		assert_string_equal(first, second);
		message_clear(&read);
		arena_clear();
	}
}

static void a_field_left_out_or_of_another_type_is_refused_by_its_name(void **state)
{
	(void)state;
	static char bytes[PAYLOAD_MAX];
	for (unsigned kind = 0; kind < MESSAGE_KIND_COUNT; kind++) {
		const struct message_record *record = message_record((enum message_kind)kind);
		struct message made = {.kind = (enum message_kind)kind}, read;
		srand(kind);
		fill_record(record, &made.status);
		write_object((enum message_kind)kind, &made.status, bytes);
		for (size_t i = 0; i < 2 * record->fields_count; i++) {
			char error[MESSAGE_ERROR_MAX] = "";
			const char *key = record->fields[i / 2].key;
			if (i % 2 == 0 &&
				(record->fields[i / 2].left_out || record->fields[i / 2].added))
				continue; /* it may be */
			json_t *json = json_loads(bytes, 0, NULL);
			if (i % 2)
				json_object_set_new(json, key, json_pack("[[]]"));
			else
				json_object_del(json, key);
			char *changed = json_dumps(json, 0);
			assert_false(message_read((enum message_kind)kind,
				(struct json_text){changed, strlen(changed)}, &read, error));
			assert_non_null(strstr(error, key));
			free(changed);
			json_decref(json);
		}
		arena_clear();
	}
}

/* clang-format off */
static const struct {
	const char *from;
	const char *to;
	const char *error;
} wrong_rows[] = {
	{"\"value\":1.25",            "\"value\":null",               "rows[0].value: null does not fit the rest"},
	{"\"quality\":\"measured\"",  "\"quality\":\"missing\"",      "rows[0].value: there must be no value here"},
	{"\"reading_start\":null",    "\"reading_start\":1",          "rows[0].reading_end: null does not fit"},
	{"\"unit\":\"kWh\"",          "\"unit\":\"Wh\"",              "rows[0].unit: \"Wh\" is not \"kWh\""},
	{"\"value\":1.25",            "\"value\":1.2500001",          "rows[0].value: 1.2500001"},
	{"\"value\":1.25",            "\"value\":1e300",              "rows[0].value"},
	{"T00:00:00Z",                "T00:00:00",                    "is not an instant"},
	{"\"id\":1",                  "\"id\":-1",                    "rows[0].id: -1 is not a whole number from 0"},
	{"\"revision\":0",            "\"revision\":3000000000",      "is more than 2147483647"},
	{"\"after\":0",               "\"after\":0,\"after\":0",      "not JSON: duplicate"},
	{"active_energy_import",      "passive_energy",               "is not a quantity"},
};
/* clang-format on */

static void what_contradicts_itself_is_refused_with_its_place(void **state)
{
	(void)state;
	char bytes[MESSAGE_BYTES_MIN], changed[MESSAGE_BYTES_MIN], error[MESSAGE_ERROR_MAX];
	struct message_stream stream;
	struct message read;
	const struct stream_message head = {.store = "s"};
	const struct interval_message_row row = {
		.meter = "main",
		.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT,
		.row = {.id = 1, .end_wall_ms = 900000, .energy = 1250000}
        };
	message_stream_begin(
		&stream, MESSAGE_INTERVALS, &head, (struct json_buffer){bytes, sizeof(bytes)});
	assert_true(message_stream_add_interval(&stream, &row));
	message_stream_finish(&stream);
	for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(wrong_rows[0]); i++) {
		const char *at = strstr(bytes, wrong_rows[i].from);
		assert_non_null(at);
		snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - bytes), bytes,
			wrong_rows[i].to, at + strlen(wrong_rows[i].from));
		assert_false(message_read(MESSAGE_INTERVALS,
			(struct json_text){changed, strlen(changed)}, &read, error));
		if (!strstr(error, wrong_rows[i].error))
			fail_msg("%s: %s", wrong_rows[i].to, error);
	}
}

static const char a_receipt[] =
	"{\"archive\":\"oslo\",\"at\":\"2026-11-23T09:16:31Z\",\"store\":\"s\",\"generation\":7,"
	"\"streams\":[{\"stream\":\"energy\",\"through\":3,\"missing\":[{\"after\":7,"
	"\"through\":9}]}]}";

/* clang-format off */
static const struct {
	const char *from;
	const char *to;
	const char *error;
} wrong_receipts[] = {
	{"\"through\":9",        "\"through\":7",           "streams[0].missing[0].through: 7 is not more than 7"},
	{"\"through\":9",        "\"through\":0",           "streams[0].missing[0].through: 0 is not more than 7"},
	{"\"through\":3",        "\"through\":-3",          "streams[0].through: -3 is not a whole number from 0"},
	{"\"through\":3",        "\"through\":1e300",       "streams[0].through"},
	{"\"through\":3",        "\"through\":9223372036854775808", "not JSON: too big integer"},
	{"\"through\":3",        "\"through\":3.5",         "streams[0].through: 3.5 is not a whole number"},
	{"\"through\":3",        "\"through\":\"3\"",       "streams[0].through: \"3\" is not a whole number"},
	{"\"stream\":\"energy\"",  "\"stream\":\"power\"",     "streams[0].stream: \"power\" is not a word"},
	{"\"generation\":7",     "\"generation\":null",     "generation: null is not allowed"},
	{"[{\"stream",           "[{},{},{\"stream",        "streams: 3 of them; at most 2 are allowed"},
	{"\"store\":\"s\"",      "\"store\":[]",            "store: [] is not a string"},
	{"\"missing\":[{",       "\"missing\":[7,{",        "streams[0].missing[0]: 7 is not an object"},
	{"}]}]}",                "}]}]",                    "not JSON"},
};
/* clang-format on */

static void a_receipt_that_is_wrong_is_refused_with_its_place(void **state)
{
	(void)state;
	char changed[MESSAGE_BYTES_MIN], error[MESSAGE_ERROR_MAX];
	struct message read;
	assert_true(message_read(
		MESSAGE_RECEIPT, (struct json_text){a_receipt, strlen(a_receipt)}, &read, error));
	assert_int_equal(read.receipt.streams[0].missing[0].after, 7);
	message_clear(&read);
	for (size_t i = 0; i < sizeof(wrong_receipts) / sizeof(wrong_receipts[0]); i++) {
		const char *at = strstr(a_receipt, wrong_receipts[i].from);
		assert_non_null(at);
		snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - a_receipt), a_receipt,
			wrong_receipts[i].to, at + strlen(wrong_receipts[i].from));
		read.kind = MESSAGE_KIND_COUNT;
		assert_false(message_read(MESSAGE_RECEIPT,
			(struct json_text){changed, strlen(changed)}, &read, error));
		assert_int_equal(read.kind, MESSAGE_KIND_COUNT); /* untouched */
		if (!strstr(error, wrong_receipts[i].error))
			fail_msg("%s: %s", wrong_receipts[i].to, error);
	}
}

static void sixteen_ranges_are_read_and_seventeen_refused(void **state)
{
	(void)state;
	for (size_t count = RECEIPT_RANGES_MAX; count <= RECEIPT_RANGES_MAX + 1; count++) {
		char bytes[MESSAGE_BYTES_MIN], error[MESSAGE_ERROR_MAX] = "";
		struct receipt_range ranges[RECEIPT_RANGES_MAX + 1];
		struct message read;
		for (size_t i = 0; i < count; i++)
			ranges[i] = (struct receipt_range){(int64_t)i * 2, (int64_t)i * 2 + 1};
		const struct receipt_stream stream = {.missing = ranges, .missing_count = count};
		const struct receipt_message receipt = {
			.archive = "oslo", .store = "s", .streams = &stream, .streams_count = 1};
		size_t length = message_write_receipt(&receipt, bytes, sizeof(bytes));
		bool fits = count <= RECEIPT_RANGES_MAX;
		assert_int_equal(message_read(MESSAGE_RECEIPT, (struct json_text){bytes, length},
					 &read, error),
			fits);
		assert_int_equal(strstr(error, "17 of them; at most 16") == NULL, fits);
		if (fits)
			message_clear(&read);
	}
}

static void more_than_64_kib_are_not_even_looked_at(void **state)
{
	(void)state;
	static char bytes[MESSAGE_BYTES_MAX + 1];
	char error[MESSAGE_ERROR_MAX];
	struct message read;
	memset(bytes, ' ', sizeof(bytes));
	memcpy(bytes, a_receipt, strlen(a_receipt));
	assert_false(message_read(
		MESSAGE_RECEIPT, (struct json_text){bytes, sizeof(bytes)}, &read, error));
	assert_string_equal(error, "65537 bytes; at most 65536 are allowed");
	assert_true(message_read(
		MESSAGE_RECEIPT, (struct json_text){bytes, sizeof(bytes) - 1}, &read, error));
	message_clear(&read);
}

static void what_is_gone_is_a_message_of_its_stream_without_rows(void **state)
{
	(void)state;
	for (int stream = 0; stream < STREAM_COUNT; stream++) {
		char bytes[MESSAGE_BYTES_MIN], error[MESSAGE_ERROR_MAX];
		struct message read;
		const struct stream_message range = {
			.store = "s", .stream = (uint8_t)stream, .after = 7, .through = 9};
		size_t length = message_write_gone(&range, bytes, sizeof(bytes));
		assert_true(message_read(message_gone_kind((enum stream)stream),
			(struct json_text){bytes, length}, &read, error));
		assert_true(read.stream.gone);
		assert_int_equal(read.stream.stream, stream);
		assert_int_equal(read.stream.after, 7);
		assert_int_equal(read.stream.through, 9);
		assert_int_equal(read.stream.rows_count, 0);
		message_clear(&read);
	}
}

static void a_stream_message_takes_rows_until_the_next_does_not_fit(void **state)
{
	(void)state;
	char error[MESSAGE_ERROR_MAX];
	for (size_t size = MESSAGE_BYTES_MIN; size < MESSAGE_BYTES_MIN + 400; size++) {
		char *bytes = malloc(size); /* the sanitizer watches its end */
		struct message_stream stream;
		struct message read;
		struct trend_message_row row = {.meter = "main", .quantity = QUANTITY_VOLTAGE};
		const struct stream_message head = {
			.store = "s", .stream = STREAM_TRENDS, .after = 41};
		row.row.id = 42;
		message_stream_begin(
			&stream, MESSAGE_TRENDS, &head, (struct json_buffer){bytes, size});
		while (message_stream_add_trend(&stream, &row))
			row.row.id++;
		size_t length = message_stream_finish(&stream);
		assert_true(length < size);
		assert_true(length + 300 > size); /* not given up too early */
		assert_true(message_read(
			MESSAGE_TRENDS, (struct json_text){bytes, length}, &read, error));
		assert_int_equal(read.stream.after, 41);
		assert_int_equal(read.stream.through, row.row.id - 1);
		assert_int_equal(read.stream.rows_count, (size_t)(row.row.id - 42));
		message_clear(&read);
		free(bytes);
	}
}

static void a_fraction_is_exact_in_outside_units(void **state)
{
	(void)state;
	char bytes[MESSAGE_BYTES_MIN];
	const struct about_quantity quantities[] = {
		{.quantity = QUANTITY_ACTIVE_ENERGY_IMPORT, .scale = {10000, 1}}, /* 10 Wh */
		{.quantity = QUANTITY_HEAT_ENERGY,
                 .scale = {INT64_C(2500000000), 9}                             }
        }; /* GJ / 1000 */
	const struct about_meter meter = {.id = "a",
		.name = "A",
		.model = "m",
		.bus = "b",
		.quantities = quantities,
		.quantities_count = 2};
	const struct about_message about = {.city = "c",
		.site = "s",
		.gateway = "g",
		.timezone = "UTC",
		.version = "1",
		.meters = &meter,
		.meters_count = 1};
	assert_true(message_write_about(&about, bytes, sizeof(bytes)) < sizeof(bytes));
	assert_non_null(strstr(bytes, "\"scale\":\"1/100\""));
	assert_non_null(strstr(bytes, "\"scale\":\"2500/9\""));
}

static void a_topic_is_taken_apart_as_it_was_put_together(void **state)
{
	(void)state;
	struct message_address address;
	char topic[TOPIC_BYTES_MAX];
	const struct site_config config = {.city = "oslo", .site = "skole", .gateway = "gw1"};
	const struct message_sender sender = message_sender_of(&config);
	for (unsigned kind = 0; kind < MESSAGE_KIND_COUNT; kind++) {
		static const char *const parts[MESSAGE_KIND_COUNT] = {[MESSAGE_LIVE] = "main",
			[MESSAGE_TOTALS] = "use-hot-water/month",
			[MESSAGE_RECEIPT] = "arkiv",
			[MESSAGE_REPLAY] = "arkiv",
			[MESSAGE_ANCHOR] = "arkiv"};
		const char *part = parts[kind];
		const char *word = message_kind_info((enum message_kind)kind)->topic;
		const size_t length = message_topic(topic, &sender, word, part);
		assert_int_equal(length, strlen(topic));
		assert_true(message_topic_parse(topic, &address));
		assert_int_equal(address.kind, kind);
		assert_string_equal(address.city, "oslo");
		assert_string_equal(address.site, "skole");
		assert_string_equal(address.gateway, "gw1");
		assert_string_equal(address.meter, kind == MESSAGE_LIVE ? part : "");
		if (kind == MESSAGE_LIVE)
			assert_string_equal(topic, "byport/1/oslo/skole/gw1/live/main");
		assert_string_equal(address.scope, kind == MESSAGE_TOTALS ? "use-hot-water" : "");
		if (kind == MESSAGE_TOTALS)
			assert_int_equal(address.period, SPAN_MONTH);
		assert_string_equal(address.archive, kind >= MESSAGE_RECEIPT ? "arkiv" : "");
	}
}

static void a_topic_that_does_not_fit_is_not_cut(void **state)
{
	(void)state;
	char topic[TOPIC_BYTES_MAX], part[TOPIC_BYTES_MAX] = "";
	const struct message_sender sender = {.city = "+", .site = "+", .gateway = "+"};
	const size_t before = message_topic(topic, &sender, "live", "");
	memset(part, 'x', TOPIC_BYTES_MAX - 1 - before);
	assert_int_equal(message_topic(topic, &sender, "live", part), TOPIC_BYTES_MAX - 1);
	part[TOPIC_BYTES_MAX - 1 - before] = 'x';
	assert_int_equal(message_topic(topic, &sender, "live", part), 0);
}

static void what_is_no_topic_of_ours_is_not_taken_for_one(void **state)
{
	(void)state;
	struct message_address address;
	static const char *const none[] = {"byport/1/oslo/skole/gw1", "byport/2/a/b/c/status",
		"byport/1/a/b/c/live", "byport/1/a/b/c/live/", "byport/1/a/b/c/status/x",
		"byport/1/a//c/status", "byport/1/a/b/c/status/", "", "byport/1/a/b/c/totals",
		"byport/1/a/b/c/totals/gateway", "byport/1/a/b/c/totals/gateway/week",
		"byport/1/a/b/c/totals/gateway/day/x", "byport/1/a/b/c/receipt",
		"byport/1/a/b/c/replay/", "byport/1/a/b/c/anchor/x/y"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(message_topic_parse(none[i], &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_reads_back_as_it_was_written),
		cmocka_unit_test(a_field_left_out_or_of_another_type_is_refused_by_its_name),
		cmocka_unit_test(what_contradicts_itself_is_refused_with_its_place),
		cmocka_unit_test(a_receipt_that_is_wrong_is_refused_with_its_place),
		cmocka_unit_test(sixteen_ranges_are_read_and_seventeen_refused),
		cmocka_unit_test(more_than_64_kib_are_not_even_looked_at),
		cmocka_unit_test(what_is_gone_is_a_message_of_its_stream_without_rows),
		cmocka_unit_test(a_stream_message_takes_rows_until_the_next_does_not_fit),
		cmocka_unit_test(a_fraction_is_exact_in_outside_units),
		cmocka_unit_test(a_topic_is_taken_apart_as_it_was_put_together),
		cmocka_unit_test(a_topic_that_does_not_fit_is_not_cut),
		cmocka_unit_test(what_is_no_topic_of_ours_is_not_taken_for_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
