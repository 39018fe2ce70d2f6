/* SPDX-License-Identifier: Apache-2.0 */
/* Files whose records are all equally long. */
#include "reads.h"

static const struct choice choices[] = {
	{"header", {"auto", "yes", "no"}},
	{"delimiter", {",", "tab", ";", " "}},
	{"quote", {"\"", "none", "'"}},
	{"label", {"0", "none", "1", "0:1", "a", "2-3"}},
	{"features", {NULL, "1", "2:1", "1-3", "b", "0"}},
	{"drop", {NULL, "1", "0", "b", "1-2"}},
	{"dtype", {"float32", "float64"}},
	{"label_dtype", {NULL, "float32", "float64"}},
	{"missing", {"nan", "zero", "error", "-1.5"}},
	{"bad_row", {"error", "nan"}},
	{NULL, {NULL}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_reads(choices, data, size);
}
