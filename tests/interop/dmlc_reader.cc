/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads RecordIO files with dmlc-core and writes each record as it was got: its
 * length (32 bits, of this machine) and its bytes.
 *
 *	dmlc_reader reader FILE
 *	dmlc_reader split FILE[;FILE…]|FOLDER PARTS
 *	dmlc_reader indexed FILE INDEX PARTS [SEED]
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

static void put_records(dmlc::InputSplit *created)
{
	std::unique_ptr<dmlc::InputSplit> split(created);
	dmlc::InputSplit::Blob blob;
	while (split->NextRecord(&blob))
		put(blob.dptr, blob.size);
}

static void read_parts(const char *uri, unsigned parts)
{
	for (unsigned part = 0; part < parts; part++)
		put_records(dmlc::InputSplit::Create(uri, part, parts, "recordio"));
}

/* Shuffled where there is a seed. */
static void read_indexed(const char *uri, const char *index, unsigned parts, const char *seed)
{
	for (unsigned part = 0; part < parts; part++)
		put_records(dmlc::InputSplit::Create(uri, index, part, parts, "indexed_recordio",
			seed != nullptr, seed ? atoi(seed) : 0, 16));
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "reader") == 0)
		read_whole(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "split") == 0)
		read_parts(argv[2], static_cast<unsigned>(atoi(argv[3])));
	else if ((argc == 5 || argc == 6) && strcmp(argv[1], "indexed") == 0)
		read_indexed(argv[2], argv[3], static_cast<unsigned>(atoi(argv[4])), argv[5]);
	else
		return 2;
	return fflush(stdout) == 0 ? 0 : 3;
}
