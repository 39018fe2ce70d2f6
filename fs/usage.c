/* SPDX-License-Identifier: Apache-2.0 */
/* What --help prints, out of the three tables of options. */
#include "options.h"

static void print_table(FILE *file, const struct rio_option_info *table)
{
	for (; table->name; table++) {
		int n = fprintf(file, "  %s%s%s", table->name, table->values ? "=" : "",
			table->values ? table->values : "");

		fprintf(file, "%*s%s\n", n < 34 ? 34 - n : 2, "", table->help);
	}
}

void rfs_options_usage(FILE *file)
{
	fprintf(file, "Usage: recordiofs SOURCE MOUNTPOINT [-f] [-o OPTION[,OPTION...]]\n"
		      "Show the CSV files below the folder SOURCE as RecordIO files.\n\n"
		      "  -f                              stay in the foreground\n"
		      "  -o OPTION[,OPTION...]           see below\n"
		      "  -h, --help                      print this\n"
		      "  -V, --version                   print the version\n\n"
		      "Encoding, the default first (lists are separated by ':'):\n");
	print_table(file, rio_option_table);
	fprintf(file, "\nThe mount:\n");
	print_table(file, rfs_option_table);
	fprintf(file, "\nThe training job, with layout=sagemaker:\n");
	print_table(file, rio_job_table);
	fprintf(file, "\nUnmount with: fusermount3 -u MOUNTPOINT\n");
}
