/* SPDX-License-Identifier: Apache-2.0 */
/* test_yaml_reader.c -- What people write is read as they wrote it; what is no YAML is refused at
 * its place. */
#include "config/yaml_reader.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config/expect.h"

static struct yaml_file *read_good(const char *text)
{
	struct diagnostics diagnostics = {0};
	struct yaml_file *file = NULL;

	enum yaml_status status =
		yaml_read_text("site.yaml", text, strlen(text), &diagnostics, &file);
	expect_counts(&diagnostics, 0, 0);
	assert_int_equal(status, YAML_OK);
	diagnostics_clear(&diagnostics);
	return file;
}

static void refuse_bytes(
	const char *text, size_t length, struct file_position at, const char *words)
{
	struct diagnostics diagnostics = {0};
	struct yaml_file *untouched = (struct yaml_file *)&diagnostics;
	struct yaml_file *file = untouched;

	assert_int_equal(
		yaml_read_text("site.yaml", text, length, &diagnostics, &file), YAML_MALFORMED);
	expect_error(&diagnostics, at.line, at.column, words);
	assert_ptr_equal(file, untouched);
	diagnostics_clear(&diagnostics);
}

static void refuse(const char *text, int line, int column, const char *words)
{
	refuse_bytes(text, strlen(text), (struct file_position){line, column}, words);
}

static void scalars_stay_text_as_written(void **state)
{
	(void)state;
	struct yaml_file *file = read_good("a: 0301\nb: yes\nc: '0301'\nd: 1e3\ne:\nf: ~\n");
	const struct yaml_node *root = yaml_root(file);

	assert_int_equal(root->kind, YAML_MAPPING);
	assert_string_equal(yaml_find(root, "a")->text, "0301");
	assert_string_equal(yaml_find(root, "b")->text, "yes");
	assert_false(yaml_find(root, "b")->quoted);
	assert_string_equal(yaml_find(root, "c")->text, "0301");
	assert_true(yaml_find(root, "c")->quoted);
	assert_string_equal(yaml_find(root, "d")->text, "1e3");
	assert_string_equal(yaml_find(root, "e")->text, "");
	assert_string_equal(yaml_find(root, "f")->text, "~");
	assert_null(yaml_find(root, "g"));
	assert_null(yaml_find(yaml_find(root, "a"), "a"));
	yaml_close(file);
}

static void every_value_knows_its_place_in_characters(void **state)
{
	(void)state;
	struct yaml_file *file =
		read_good("a:\n  - \"ø\": {blåbær: 3, k: 'x'}\n    z: 1\n  - [p, q]\nb:\n");
	const struct yaml_node *list = yaml_find(yaml_root(file), "a");

	assert_int_equal(list->kind, YAML_SEQUENCE);
	assert_int_equal(list->children_count, 2);
	const struct yaml_node *first = &list->children[0];
	assert_int_equal(first->at.line, 2);
	assert_int_equal(first->at.column, 5);
	const struct yaml_node *inner = yaml_find(first, "ø");
	assert_int_equal(inner->key_at.column, 5);
	assert_int_equal(inner->at.column, 10);
	const struct yaml_node *k = yaml_find(inner, "k");
	assert_int_equal(k->key_at.column, 22);
	assert_int_equal(k->at.column, 25);
	assert_int_equal(yaml_find(first, "z")->at.line, 3);
	assert_int_equal(list->children[1].children[1].at.column, 9);
	assert_string_equal(list->children[1].children[1].text, "q");
	assert_int_equal(yaml_find(yaml_root(file), "b")->at.line, 5);
	yaml_close(file);
}

static void a_byte_order_mark_and_crlf_are_read_over(void **state)
{
	(void)state;
	struct yaml_file *file = read_good("\xef\xbb\xbf"
					   "a: 1\r\nb:\r\n  c: two\r\n");
	const struct yaml_node *c = yaml_find(yaml_find(yaml_root(file), "b"), "c");

	assert_string_equal(yaml_find(yaml_root(file), "a")->text, "1");
	assert_int_equal(yaml_find(yaml_root(file), "a")->key_at.column, 1);
	assert_string_equal(c->text, "two");
	assert_int_equal(c->at.line, 3);
	yaml_close(file);
}

static void a_tab_has_its_own_message(void **state)
{
	(void)state;
	refuse("a:\n\tb: 1\n", 2, 1, "tab");
	refuse("a:\n  b: 1\n  \tc: 2\n", 3, 3, "tab");
	refuse("a: [\n\t1]\n", 2, 1, "tab");
	struct yaml_file *file = read_good("a:\t1\n\t\n\t# tab before a comment\n");
	assert_string_equal(yaml_find(yaml_root(file), "a")->text, "1");
	yaml_close(file);
}

static void the_first_error_of_syntax_is_told_with_a_hint(void **state)
{
	(void)state;
	refuse("a: b: c\n", 1, 5, "must stand in quotes");
	refuse("a: @x\n", 1, 4, "must stand in quotes");
	refuse("a: 1\n b: 2\n", 1, 4, "indentation");
	refuse("a: \"x\n", 1, 5, "never closed");
	refuse("a: [1, 2\n", 2, 1, "never closed");
	refuse("a: @x\nc: 1\n\tb: 1\n", 1, 4, "must stand in quotes");
}

static void what_is_no_text_is_refused(void **state)
{
	(void)state;
	refuse("a: \xff\xfe\n", 1, 4, "0xff is no UTF-8");
	refuse("ok: \xc3\xa6 \xc3(\n", 1, 7, "UTF-8");
	refuse("a: 1\nb: \x1b[0m\n", 2, 4, "0x1b");
	refuse("a: \xed\xa0\x80\n", 1, 4, "UTF-8");
	refuse("a: \"\\0\"\n", 1, 4, "NUL");
	refuse_bytes("a: 1\0b", 6, (struct file_position){1, 5}, "0x00");
}

static void a_file_without_content_is_empty(void **state)
{
	(void)state;
	refuse("", 0, 0, "empty");
	refuse("# nothing\n\n", 0, 0, "empty");
	refuse("---\n", 0, 0, "empty");
	refuse("\xef\xbb\xbf\r\n", 0, 0, "empty");
}

static void cleverness_is_refused(void **state)
{
	(void)state;
	refuse("a: &x 1\n", 1, 7, "anchors");
	refuse("a: 1\nb: *a\n", 2, 4, "aliases");
	refuse("a: !!str 1\n", 1, 10, "tags");
	refuse("a: &x\n  b: 1\n", 2, 3, "anchors");
	refuse("a: 1\n---\nb: 1\n", 2, 1, "second document");
	refuse("? [a, b]\n: c\n", 1, 3, "key must be plain text");
	refuse("[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", 1, 17, "too deep");
}

static void every_duplicate_key_is_told_with_the_place_of_the_first(void **state)
{
	(void)state;
	const char text[] = "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n";
	struct diagnostics diagnostics = {0};
	struct yaml_file *file = NULL;

	assert_int_equal(
		yaml_read_text("x", text, strlen(text), &diagnostics, &file), YAML_MALFORMED);
	expect_counts(&diagnostics, 2, 0);
	expect_error(&diagnostics, 4, 3, "\"c\" stands here a second time; the first is in line 3");
	expect_error(&diagnostics, 5, 1, "\"a\" stands here a second time; the first is in line 1");
	diagnostics_clear(&diagnostics);
}

static void refuse_file(const char *path, const char *words)
{
	struct diagnostics diagnostics = {0};
	struct yaml_file *file = NULL;

	assert_int_equal(yaml_read_file(path, &diagnostics, &file), YAML_UNREADABLE);
	expect_counts(&diagnostics, 1, 0);
	expect_error(&diagnostics, 0, 0, words);
	assert_string_equal(diagnostics.items[0].file, path);
	assert_null(file);
	diagnostics_clear(&diagnostics);
}

static void a_file_that_cannot_be_had_is_said_so(void **state)
{
	(void)state;
	char path[] = "/tmp/byport-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);

	refuse_file("/no/such/file.yaml", "cannot be opened: No such file or directory");
	refuse_file("/tmp", "is a directory");
	assert_int_equal(ftruncate(fd, YAML_FILE_BYTES_MAX + 1), 0);
	refuse_file(path, "larger than 1 MiB");
	assert_int_equal(fchmod(fd, 0), 0);
	if (geteuid() != 0) { /* root may read what nobody may */
		refuse_file(path, "Permission denied");
	}
	close(fd);
	unlink(path);
}

static void a_file_is_read_whole(void **state)
{
	(void)state;
	char path[] = "/tmp/byport-test-XXXXXX";
	struct diagnostics diagnostics = {0};
	struct yaml_file *file = NULL;
	int fd = mkstemp(path);
	assert_true(fd >= 0);

	assert_int_equal(write(fd, "a: 1\n", 5), 5);
	close(fd);
	assert_int_equal(yaml_read_file(path, &diagnostics, &file), YAML_OK);
	assert_string_equal(yaml_find(yaml_root(file), "a")->text, "1");
	assert_string_equal(yaml_file_name(file), path);
	yaml_close(file);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_stay_text_as_written),
		cmocka_unit_test(every_value_knows_its_place_in_characters),
		cmocka_unit_test(a_byte_order_mark_and_crlf_are_read_over),
		cmocka_unit_test(a_tab_has_its_own_message),
		cmocka_unit_test(the_first_error_of_syntax_is_told_with_a_hint),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(a_file_without_content_is_empty),
		cmocka_unit_test(cleverness_is_refused),
		cmocka_unit_test(every_duplicate_key_is_told_with_the_place_of_the_first),
		cmocka_unit_test(a_file_that_cannot_be_had_is_said_so),
		cmocka_unit_test(a_file_is_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
