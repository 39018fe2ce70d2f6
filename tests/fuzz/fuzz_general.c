/* SPDX-License-Identifier: Apache-2.0 */
/* Files whose records differ in length: every option that makes them. */
#include "reads.h"

static const struct choice choices[] = {
	{"header", {"auto", "yes", "no"}},
	{"quote", {"\"", "none", "'"}},
	{"label", {"0", "none", "1", "0:1", "a", "2-3"}},
	{"features", {NULL, "1", "2:1", "1-3", "b"}},
	{"drop", {NULL, NULL, "1", "b"}},
	{"dtype", {"float32", "float64", "int32", "int32"}},
	{"label_dtype", {NULL, "float32", "int32"}},
	{"format", {"dense", "sparse", "dense", "sparse"}},
	{"zero_row", {NULL, "zero", NULL, NULL, NULL}},
	{"keys", {"values", "values", "names", "x=1:w=2-3", "s=2:1"}},
	{"text", {"error", "drop", "bytes", "hash:3", "hash:300", "map", "map"}},
	{"missing", {"nan", "zero", "error", "-1.5", "7"}},
	{"bad_row", {"error", "skip", "skip", "nan"}},
	{"uid", {"none", "row", "1", "3", "a"}},
	{"magic", {"plain", "shift", "shift"}},
	{NULL, {NULL}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_reads(choices, data, size);
}
