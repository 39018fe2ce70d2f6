/* SPDX-License-Identifier: Apache-2.0 */
#include "base/grow.h"

#include "base/util.h"

#include <stdlib.h>

int rio_grow(void *buffer, size_t *room, size_t wanted, struct rio_error *err)
{
	size_t new_room = RIO_MAX(2 * *room, wanted);
	void **p = buffer, *bigger;

	if (wanted <= *room)
		return 0;
	bigger = realloc(*p, new_room);
	if (!bigger)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	*p = bigger;
	*room = new_room;
	return 0;
}
