/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_file.h -- Whether a file with a key or a password is kept from others.
 */
#ifndef CONFIG_SECRET_FILE_H
#define CONFIG_SECRET_FILE_H

#include <stdbool.h>

/* True when every user of the system may read or write it; its owner and group may. False also
 * where it is not there. */
bool secret_file_is_open(const char *path);

#endif
