/* SPDX-License-Identifier: Apache-2.0 */
#include "sagemaker/input_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rfs_input_parse_fifo(const char *name, rfs_name ret_channel, uint64_t *ret_epoch)
{
	const char *line = strrchr(name, '_');
	const char *digits = line ? line + 1 : "";
	size_t len = line ? (size_t)(line - name) : 0;
	unsigned long long epoch;

	if (!len || len > NAME_MAX || !*digits || digits[strspn(digits, "0123456789")] ||
		(digits[0] == '0' && digits[1]))
		return false;
	errno = 0;
	epoch = strtoull(digits, NULL, 10);
	/* The largest number stands for File mode. */
	if (errno || epoch == UINT64_MAX)
		return false;
	memcpy(ret_channel, name, len);
	ret_channel[len] = '\0';
	*ret_epoch = epoch;
	return true;
}

bool rfs_input_print_fifo(const char *channel, uint64_t epoch, rfs_name ret)
{
	int len = snprintf(ret, sizeof(rfs_name), "%s_%ju", channel, (uintmax_t)epoch);

	return len > 0 && (size_t)len < sizeof(rfs_name);
}
