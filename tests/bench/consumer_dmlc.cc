// SPDX-License-Identifier: Apache-2.0
//
// A training job's data loader: dmlc's InputSplit (XGBoost, MXNet) takes the file
// apart, libprotobuf reads each record, and the values are added up.
//
//	consumer_dmlc FILE
//
// Prints how many records and values there were, and their sum.
#include "record.pb.h"

#include <dmlc/io.h>

#include <cstdint>
#include <cstdio>
#include <memory>

int main(int argc, char **argv)
{
	if (argc != 2) {
		std::fprintf(stderr, "usage: consumer_dmlc FILE\n");
		return 2;
	}
	std::unique_ptr<dmlc::InputSplit> split(
		dmlc::InputSplit::Create(argv[1], 0, 1, "recordio"));
	dmlc::InputSplit::Blob blob;
	aialgs::data::Record record;
	std::uint64_t nr_records = 0, nr_values = 0;
	double sum = 0;

	while (split->NextRecord(&blob)) {
		if (!record.ParseFromArray(blob.dptr, static_cast<int>(blob.size))) {
			std::fprintf(stderr, "%s: record %ju does not parse\n", argv[1],
				static_cast<std::uintmax_t>(nr_records));
			return 1;
		}
		nr_records++;
		for (const auto *map : {&record.features(), &record.label()}) {
			for (const auto &entry : *map) {
				const auto &values = entry.second.float32_tensor().values();

				nr_values += static_cast<std::uint64_t>(values.size());
				for (float value : values)
					sum += value;
			}
		}
	}
	std::printf("%ju records, %ju values, sum %.9g\n", static_cast<std::uintmax_t>(nr_records),
		static_cast<std::uintmax_t>(nr_values), sum);
	return 0;
}
