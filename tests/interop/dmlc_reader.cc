/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads RecordIO files with dmlc-core and writes each record as it was got: its
 * length (32 bits, of this machine) and its bytes.
 *
 *	dmlc_reader reader FILE
 *	dmlc_reader split FILE|FOLDER PARTS
 */
#include <dmlc/io.h>
#include <dmlc/recordio.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

static void put(const void *data, size_t size)
{
	uint32_t length = static_cast<uint32_t>(size);
	if (fwrite(&length, sizeof length, 1, stdout) != 1 ||
	    fwrite(data, 1, size, stdout) != size)
		exit(3);
}

static void read_whole(const char *uri)
{
	std::unique_ptr<dmlc::Stream> stream(dmlc::Stream::Create(uri, "r"));
	dmlc::RecordIOReader reader(stream.get());
	std::string record;
	while (reader.NextRecord(&record))
		put(record.data(), record.size());
}

static void read_parts(const char *uri, unsigned parts)
{
	for (unsigned part = 0; part < parts; part++) {
		std::unique_ptr<dmlc::InputSplit> split(
			dmlc::InputSplit::Create(uri, part, parts, "recordio"));
		dmlc::InputSplit::Blob blob;
		while (split->NextRecord(&blob))
			put(blob.dptr, blob.size);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "reader") == 0)
		read_whole(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "split") == 0)
		read_parts(argv[2], static_cast<unsigned>(atoi(argv[3])));
	else
		return 2;
	return fflush(stdout) == 0 ? 0 : 3;
}
