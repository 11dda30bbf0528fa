/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flash_look.c -- That the card under the store is found where the kernel
 * keeps it, of a whole disk as of a partition, and that what is not there is
 * unknown: in a directory made like /proc and /sys, and in the real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "gateway/flash_look.h"

static char root[64];

static void run(const char *command)
{
	char text[1024];
	snprintf(text, sizeof(text), "set -e; cd %s; %s", root, command);
	assert_int_equal(system(text), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/byport-flash-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* As on a board whose root file system is the second partition of its eMMC. */
static void make_board(void)
{
	run("mkdir -p proc/self sys/dev/block sys/devices/mmc1/block/mmcblk1/mmcblk1p2;"
	    "printf 'wchar: 1\\nwrite_bytes: 4096\\n' > proc/self/io;"
	    "cd sys/devices/mmc1/block/mmcblk1;"
	    "echo 1 2 3 4 5 6 700 8 9 10 11 > stat;"
	    "echo 1 2 3 4 5 6 70 8 9 10 11 > mmcblk1p2/stat;"
	    "ln -s ../.. device; echo 0x03 0x01 > device/life_time; echo 0x02 > "
	    "device/pre_eol_info;"
	    "ln -s ../../devices/mmc1/block/mmcblk1 ../../../../dev/block/179:0;"
	    "ln -s ../../devices/mmc1/block/mmcblk1/mmcblk1p2 ../../../../dev/block/179:2");
}

static void a_partition_has_its_own_sectors_and_its_disks_life(void **state)
{
	(void)state;
	make_board();
	struct flash_look look = flash_look_at(root, makedev(179, 2));
	assert_int_equal(look.device, makedev(179, 2));
	assert_int_equal(look.bytes[FLASH_WRITTEN], 4096);
	assert_int_equal(look.bytes[FLASH_DEVICE], 70 * 512);
	assert_int_equal(look.life_left_percent, 70);
	assert_int_equal(look.pre_eol, FLASH_PRE_EOL_WARNING);
}

static void a_whole_disk_has_both_itself(void **state)
{
	(void)state;
	make_board();
	struct flash_look look = flash_look_at(root, makedev(179, 0));
	assert_int_equal(look.bytes[FLASH_DEVICE], 700 * 512);
	assert_int_equal(look.life_left_percent, 70);
}

static void a_card_that_keeps_its_wear_to_itself_is_unknown(void **state)
{
	(void)state;
	make_board();
	run("rm sys/devices/mmc1/life_time sys/devices/mmc1/pre_eol_info");
	struct flash_look look = flash_look_at(root, makedev(179, 2));
	assert_int_equal(look.bytes[FLASH_DEVICE], 70 * 512);
	assert_int_equal(look.life_left_percent, FLASH_UNKNOWN);
	assert_int_equal(look.pre_eol, FLASH_PRE_EOL_UNKNOWN);
}

static void without_a_device_or_its_files_nothing_is_known(void **state)
{
	(void)state;
	make_board();
	struct flash_look none = flash_look_at(root, 0);
	assert_int_equal(none.bytes[FLASH_WRITTEN], FLASH_UNKNOWN);
	assert_int_equal(none.bytes[FLASH_DEVICE], FLASH_UNKNOWN);
	assert_int_equal(none.life_left_percent, FLASH_UNKNOWN);
	struct flash_look other = flash_look_at(root, makedev(8, 1));
	assert_int_equal(other.bytes[FLASH_DEVICE], FLASH_UNKNOWN);
	run("rm proc/self/io; : > sys/devices/mmc1/block/mmcblk1/stat");
	struct flash_look empty = flash_look_at(root, makedev(179, 0));
	assert_int_equal(empty.bytes[FLASH_WRITTEN], FLASH_UNKNOWN);
	assert_int_equal(empty.bytes[FLASH_DEVICE], FLASH_UNKNOWN);
	assert_int_equal(empty.life_left_percent, 70);
}

static void memory_is_no_card(void **state)
{
	(void)state;
	assert_int_equal(flash_device_under("/proc"), 0);
	assert_int_equal(flash_device_under("/dev/shm"), 0);
	assert_int_equal(flash_device_under("/nowhere/at/all"), 0);
}

/* The real kernel; a machine without a block device under /tmp has nothing to tell here. */
static void what_is_written_is_counted_by_the_kernel(void **state)
{
	(void)state;
	uint64_t device = flash_device_under(root);
	struct flash_look before = flash_look_at("", device);
	if (before.bytes[FLASH_DEVICE] == FLASH_UNKNOWN ||
		before.bytes[FLASH_WRITTEN] == FLASH_UNKNOWN) {
		print_message("skipped: %s is on no block device that counts\n", root);
		skip();
	}
	char path[96];
	static char block[1 << 20];
	snprintf(path, sizeof(path), "%s/written", root);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	memset(block, 'x', sizeof(block));
	assert_int_equal(fwrite(block, sizeof(block), 1, file), 1);
	assert_int_equal(fclose(file), 0);
	run("sync written");
	struct flash_look after = flash_look_at("", device);
	assert_true(
		after.bytes[FLASH_WRITTEN] >= before.bytes[FLASH_WRITTEN] + (int64_t)sizeof(block));
	assert_true(
		after.bytes[FLASH_DEVICE] >= before.bytes[FLASH_DEVICE] + (int64_t)sizeof(block));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_partition_has_its_own_sectors_and_its_disks_life),
		TEST(a_whole_disk_has_both_itself),
		TEST(a_card_that_keeps_its_wear_to_itself_is_unknown),
		TEST(without_a_device_or_its_files_nothing_is_known),
		TEST(memory_is_no_card),
		TEST(what_is_written_is_counted_by_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
