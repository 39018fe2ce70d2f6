// SPDX-License-Identifier: Apache-2.0
//
// What one would write in an afternoon: getline, strtof, libprotobuf.
//
//	peer_protobuf CSV OUT LABEL
//
// CSV without header and quotes, rows of numbers; LABEL is the label's column,
// from 0.  The output is what the benchmark holds recordiofs's against, byte by
// byte, and the time is goal 2's yardstick.
#include "record.pb.h"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr std::uint32_t kMagic = 0xced7230a;

// Read "1.5,2,3" into values.  Returns false where something else stands there.
bool ReadRow(const std::string &line, std::vector<float> *values)
{
	const char *p = line.c_str();

	values->clear();
	for (;;) {
		char *end;

		values->push_back(std::strtof(p, &end));
		if (end == p)
			return false;
		if (*end != ',')
			return *end == '\0';
		p = end + 1;
	}
}

void FillRecord(const std::vector<float> &values, std::size_t label, aialgs::data::Record *record)
{
	record->Clear();
	auto *features =
		(*record->mutable_features())["values"].mutable_float32_tensor()->mutable_values();
	features->Reserve(static_cast<int>(values.size()));
	for (std::size_t i = 0; i < values.size(); i++)
		if (i != label)
			features->Add(values[i]);
	(*record->mutable_label())["values"].mutable_float32_tensor()->add_values(values[label]);
}

void WriteFrame(const std::string &payload, std::ostream *out)
{
	const char padding[4] = {};
	const std::uint32_t head[2] = {kMagic, static_cast<std::uint32_t>(payload.size())};

	out->write(reinterpret_cast<const char *>(head), sizeof(head));
	out->write(payload.data(), static_cast<std::streamsize>(payload.size()));
	out->write(padding, static_cast<std::streamsize>(-payload.size() % sizeof(padding)));
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 4) {
		std::cerr << "usage: peer_protobuf CSV OUT LABEL\n";
		return 2;
	}
	std::ifstream in(argv[1]);
	std::ofstream out(argv[2], std::ios::binary);
	const std::size_t label = std::strtoul(argv[3], nullptr, 10);
	std::vector<float> values;
	aialgs::data::Record record;
	std::string line, payload;

	while (std::getline(in, line)) {
		if (!ReadRow(line, &values) || label >= values.size()) {
			std::cerr << argv[1] << ": not a row of numbers: " << line << '\n';
			return 1;
		}
		FillRecord(values, label, &record);
		payload.clear();
		record.SerializeToString(&payload);
		WriteFrame(payload, &out);
	}
	if (!in.eof() || !out.flush()) {
		std::cerr << argv[1] << ": cannot be read, or " << argv[2] << " not written\n";
		return 1;
	}
	return 0;
}
