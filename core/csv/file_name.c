/* SPDX-License-Identifier: Apache-2.0 */
#include "csv/file_name.h"

#include "base/util.h"

#include <string.h>

static const char *const endings[] = {
	".csv",
	".csv.gz",
#ifdef RIO_HAVE_ZSTD
	".csv.zst",
#endif
};

const char *rio_csv_ending(unsigned rank)
{
	return rank < RIO_ARRAY_SIZE(endings) ? endings[rank] : NULL;
}

size_t rio_csv_stem(const char *name, unsigned *ret_rank)
{
	size_t len = strlen(name);

	for (unsigned rank = 0; rank < RIO_ARRAY_SIZE(endings); rank++) {
		size_t tail = strlen(endings[rank]);

		if (len > tail && strcmp(name + len - tail, endings[rank]) == 0) {
			*ret_rank = rank;
			return len - tail;
		}
	}
	return 0;
}
