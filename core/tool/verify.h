/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what is kept for a file what it should be?
 *
 * Below it: dataset, map, source/packed, tool/progress.
 */
#ifndef RIO_TOOL_VERIFY_H
#define RIO_TOOL_VERIFY_H

#include "tool/progress.h"
#include "tool/tool.h"

/* Whether the file is too small for anything to be kept. */
bool rio_tool_needs_no_map(const struct rio_tool_input *input);

/* The map kept for an input as it is now. */
int rio_tool_load_kept(const struct rio_tool_call *call, const struct rio_tool_input *input,
	struct rio_map **ret, struct rio_error *err);

/*
 * Tell, in a line, whether map and seek index are right.  The input was counted anew,
 * without the store.
 */
enum rio_exit rio_tool_verify(const struct rio_tool_call *call,
	const struct rio_tool_input *input, struct rio_progress *progress);

#endif
