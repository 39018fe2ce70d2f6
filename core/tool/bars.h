/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histograms as a row of block characters, for terminals that can show them.
 *
 * Below it: survey/range.
 */
#ifndef RIO_TOOL_BARS_H
#define RIO_TOOL_BARS_H

#include "survey/range.h"

#include <stdbool.h>

/*
 * Whether standard output shows bars: a terminal, not a dumb one, in a locale of UTF-8.
 * They are no colours, so NO_COLOR says nothing about them.
 */
bool rio_bars_shown(void);

#define RIO_BARS_BYTES (3 * RIO_RANGE_BINS + 1)

/* A character a bin, "▁" to "█", blank where a bin is empty.  Returns text. */
char *rio_bars(const struct rio_range *range, char text[RIO_BARS_BYTES]);

#endif
