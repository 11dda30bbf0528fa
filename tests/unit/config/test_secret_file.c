/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_secret_file.c -- A key that every user of the board may read is no secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/secret_file.h"

static void only_the_rights_of_others_matter(void **state)
{
	(void)state;
	static const struct {
		mode_t mode;
		bool open;
	} modes[] = {
		{0600, false},
		{0400, false},
		{0640, false},
		{0660, false},
		{0604, true },
		{0602, true },
		{0644, true },
		{0666, true },
	};
	char path[] = "/tmp/byport-secret-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(fchmod(fd, modes[i].mode), 0);
		assert_int_equal(secret_file_is_open(path), modes[i].open);
	}
	close(fd);
	unlink(path);
	assert_false(secret_file_is_open(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_rights_of_others_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
