/* SPDX-License-Identifier: Apache-2.0 */
/* secret_file.c -- The rights of others. */
#include "config/secret_file.h"

#include <sys/stat.h>

bool secret_file_is_open(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0 && (found.st_mode & (S_IROTH | S_IWOTH)) != 0;
}
