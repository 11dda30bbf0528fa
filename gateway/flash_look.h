/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash_look.h -- Reads what the kernel tells of the card under the store: the
 * files of flash_wear.h, and device/life_time and pre_eol_info of the disk. What is
 * not there is unknown, and no error: a tmpfs, an overlay, an SD card (which
 * keeps its wear to itself), a service that may not see /sys.
 */
#ifndef GATEWAY_FLASH_LOOK_H
#define GATEWAY_FLASH_LOOK_H

#include "gateway/core/flash_wear.h"

/* Number of the block device that a directory lies on (as stat(2) has it); 0: on none, or the
 * directory is not there. */
uint64_t flash_device_under(const char *directory);

/* `root`: "" for this machine's /proc and /sys, else a directory in place of "/". Of device 0
 * nothing is known. */
struct flash_look flash_look_at(const char *root, uint64_t device);

#endif
