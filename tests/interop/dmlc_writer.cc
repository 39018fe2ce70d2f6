/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes records with dmlc-core, which is also what MXNet's writer is: each comes on
 * standard input behind its length (32 bits, of this machine).
 *
 *	dmlc_writer FILE
 */
#include <dmlc/io.h>
#include <dmlc/recordio.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	std::unique_ptr<dmlc::Stream> stream(dmlc::Stream::Create(argv[1], "w"));
	dmlc::RecordIOWriter writer(stream.get());
	uint32_t length;
	while (fread(&length, sizeof length, 1, stdin) == 1) {
		std::string record(length, '\0');
		if (fread(&record[0], 1, length, stdin) != length)
			return 3;
		writer.WriteRecord(record);
	}
	return 0;
}
