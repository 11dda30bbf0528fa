/* SPDX-License-Identifier: Apache-2.0 */
/* flash_look.c -- Small files of /proc and /sys. */
#include "gateway/flash_look.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 1024, PATH_BYTES_MAX = 512 };

uint64_t flash_device_under(const char *directory)
{
	struct stat found;
	if (stat(directory, &found) != 0 || major(found.st_dev) == 0) /* 0: file systems without */
		return 0;
	return found.st_dev;
}

/* A whole file; false when it is not there. */
static bool read_file(const char *path, char ret_text[static TEXT_BYTES_MAX])
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	ssize_t length = read(file, ret_text, TEXT_BYTES_MAX - 1);
	close(file);
	if (length <= 0)
		return false;
	ret_text[length] = '\0';
	return true;
}

/* A file below the device's directory in /sys. */
static bool read_of_device(
	const char *root, uint64_t device, const char *name, char ret_text[static TEXT_BYTES_MAX])
{
	char path[PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/sys/dev/block/%u:%u/%s", root, major(device), minor(device),
		name);
	return read_file(path, ret_text);
}

struct flash_look flash_look_at(const char *root, uint64_t device)
{
	struct flash_look look = {
		.device = device,
		.bytes = {FLASH_UNKNOWN, FLASH_UNKNOWN},
		.life_left_percent = FLASH_UNKNOWN
        };
	char path[PATH_BYTES_MAX], text[TEXT_BYTES_MAX];
	if (device == 0)
		return look;
	snprintf(path, sizeof path, "%s/proc/self/io", root);
	if (read_file(path, text))
		(void)flash_read_io(text, &look.bytes[FLASH_WRITTEN]);
	if (read_of_device(root, device, "stat", text))
		(void)flash_read_stat(text, &look.bytes[FLASH_DEVICE]);
	/* Of a partition it stands with the disk, the directory above. */
	if (read_of_device(root, device, "device/life_time", text) ||
		read_of_device(root, device, "../device/life_time", text))
		(void)flash_read_life(text, &look.life_left_percent);
	if (read_of_device(root, device, "device/pre_eol_info", text) ||
		read_of_device(root, device, "../device/pre_eol_info", text))
		(void)flash_read_pre_eol(text, &look.pre_eol);
	return look;
}
