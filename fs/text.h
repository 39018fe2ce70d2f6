/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open file whose text is at hand: a control file, as it was when it was opened, or one
 * of config.
 *
 * Below it: opened.
 */
#ifndef RFS_TEXT_H
#define RFS_TEXT_H

#include "opened.h"

struct rfs_text {
	struct rfs_opened opened;
	char *text;
};

/* Takes text; NULL, as a text that could not be made: there is no memory. */
struct rfs_text *rfs_text_open(char *text);
void rfs_text_close(struct rfs_opened *opened);

#endif
