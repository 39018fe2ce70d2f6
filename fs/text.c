/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdlib.h>

struct rfs_text *rfs_text_open(char *text)
{
	struct rfs_text *handle = text ? malloc(sizeof(*handle)) : NULL;

	if (handle)
		handle->text = text;
	else
		free(text);
	return handle;
}

void rfs_text_close(struct rfs_opened *opened)
{
	struct rfs_text *handle = (struct rfs_text *)opened;

	free(handle->text);
	free(handle);
}
