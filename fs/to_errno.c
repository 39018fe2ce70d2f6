/* SPDX-License-Identifier: Apache-2.0 */
#include "to_errno.h"

#include <errno.h>

int rfs_to_errno(const struct rio_error *err)
{
	switch (err->code) {
	case RIO_ENOMEM:
		return ENOMEM;
	case RIO_ESYSTEM:
		return err->sys_errno ? err->sys_errno : EIO;
	case RIO_ESOURCE_CHANGED:
		return ESTALE;
	default:
		return EIO;
	}
}
