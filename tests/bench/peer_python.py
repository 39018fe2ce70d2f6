# SPDX-License-Identifier: Apache-2.0
"""The CSV readers that Python has, doing the parts of recordiofs's work that they can.

    peer_python.py LIBRARY count|parse|write CSV COLUMNS [--label N] [--threads N]
                                                         [--expect RECORDIO]

`count` tells the rows, `parse` makes float32 columns in memory, `write` makes
records of those with numpy, many rows at a time, and writes them to /dev/null.
Prints a JSON object with the seconds, imports not counted, and the rows that were
counted.

Each library is called as its manual says is fast: types and threads given, nothing
to guess, all of the file at once.  With --expect the columns, made into records, are
compared with those records afterwards: whether all bytes are the same, and if not,
how many numbers differ, and by how many steps of a float32 at most.
"""
import argparse
import importlib
import json
import os
import time

import numpy

BLOCK_ROWS = 1024  # of records made at once: they stay in cache


class Duckdb:
    """Its columns are a table of its own, which is faster than handing them out."""

    def __init__(self, library, job):
        self.connection = library.connect(config={"threads": job.threads})
        self.job = job

    def _source(self, kind):
        return (f"read_csv('{self.job.csv}', header=false, auto_detect=false, delim=',', "
                f"quote='\"', escape='\"', columns={dict.fromkeys(self.job.names, kind)})")

    def count(self):
        query = f"SELECT count(*) FROM {self._source('VARCHAR')}"
        return self.connection.execute(query).fetchone()[0]

    def parse(self):
        self.connection.execute(f"CREATE TABLE t AS SELECT * FROM {self._source('FLOAT')}")
        return "t"

    def columns(self, table):
        return self.connection.execute(f"SELECT * FROM {table}").fetchnumpy().values()


class Polars:
    def __init__(self, library, job):
        self.polars = library
        self.job = job

    def count(self):
        rows = self.polars.scan_csv(self.job.csv, has_header=False, infer_schema=False)
        return rows.select(self.polars.len()).collect().item()

    def parse(self):
        schema = dict.fromkeys(self.job.names, self.polars.Float32)
        return self.polars.read_csv(self.job.csv, has_header=False, schema=schema)

    def columns(self, table):
        return (column.to_numpy() for column in table)


class Pyarrow:
    def __init__(self, library, job):
        library.set_cpu_count(job.threads)
        self.csv = importlib.import_module("pyarrow.csv")
        self.job = job

    def _read(self, types, multiline=False):
        return self.csv.read_csv(
            self.job.csv,
            self.csv.ReadOptions(column_names=self.job.names, use_threads=self.job.threads > 1),
            self.csv.ParseOptions(newlines_in_values=multiline),
            self.csv.ConvertOptions(column_types=types, include_columns=list(types)))

    def count(self):
        """One column as text: little more is left than to find the rows."""
        return self._read({self.job.names[0]: "string"}, multiline=True).num_rows

    def parse(self):
        return self._read(dict.fromkeys(self.job.names, "float32"))

    def columns(self, table):
        return (column.to_numpy() for column in table.columns)


class Pandas:
    """One thread, whatever is asked for; no way to count without parsing."""

    def __init__(self, library, job):
        self.pandas = library
        self.job = job

    def parse(self):
        return self.pandas.read_csv(self.job.csv, header=None, names=self.job.names,
                                    dtype="float32")

    def columns(self, table):
        return (table[name].to_numpy() for name in self.job.names)


LIBRARIES = {"duckdb": Duckdb, "polars": Polars, "pyarrow": Pyarrow, "pandas": Pandas}


def varint(value):
    groups = [value >> shift & 127 for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])


def field(number, content):
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def entry(number, values):
    """A map entry of a record, "values" its key: as SageMaker's writer has it."""
    return field(number, field(1, b"values") + field(2, field(2, field(1, values))))


def template(nr_features):
    """One record as a numpy structure of features and label, and its other bytes."""
    features, label = entry(1, bytes(4 * nr_features)), entry(2, bytes(4))
    payload = features + label
    frame = b"\x0a\x23\xd7\xce" + len(payload).to_bytes(4, "little") + payload
    frame += bytes(-len(frame) % 4)
    label_end = 8 + len(payload)
    kind = numpy.dtype({
        "names": ["features", "label"],
        "formats": [(numpy.float32, (nr_features,)), numpy.float32],
        "offsets": [label_end - len(label) - 4 * nr_features, label_end - 4],
        "itemsize": len(frame)})
    return kind, frame


def blocks_of_records(columns, job):
    """The file in pieces that stay in cache: numpy structures, valid until the next."""
    kind, frame = template(len(job.names) - 1)
    buffer = numpy.frombuffer(bytearray(frame * BLOCK_ROWS), kind)
    for begin in range(0, len(columns[0]), BLOCK_ROWS):
        features = [column[begin:begin + BLOCK_ROWS] for column in columns]
        block = buffer[:len(features[0])]
        block["label"] = features.pop(job.label)
        for place, column in enumerate(features):
            block["features"][:, place] = column
        yield block


def write(columns, job):
    with open("/dev/null", "wb", buffering=0) as out:
        for block in blocks_of_records(columns, job):
            out.write(block)


def compare(columns, job):
    """Whether the bytes are the same; the numbers that differ, and by how many steps."""
    kind, _ = template(len(job.names) - 1)
    expected = numpy.memmap(job.expect, kind, "r")
    rows = len(columns[0])
    if len(expected) != rows:
        return {"identical": False, "expected_rows": len(expected)}
    identical, differing, steps, begin = True, 0, 0, 0
    for block in blocks_of_records(columns, job):
        other = expected[begin:begin + len(block)]
        begin += len(block)
        if block.tobytes() == other.tobytes():
            continue
        identical = False
        for name in ("features", "label"):
            distance = numpy.abs(numpy.subtract(
                *(numpy.ascontiguousarray(each[name]).view(numpy.int32)
                  for each in (block, other)), dtype=numpy.int64))
            differing += int(numpy.count_nonzero(distance))
            steps = max(steps, int(distance.max()))
    return {"identical": identical, "differing": differing, "steps": steps}


def run(reader, job):
    """The seconds that the task takes; and then, not timed, the comparison."""
    begin = time.perf_counter()
    made = reader.count() if job.task == "count" else reader.parse()
    if job.task == "write":
        write([*reader.columns(made)], job)
    result = {"seconds": time.perf_counter() - begin}
    if job.task == "count":
        result["rows"] = made
    elif job.expect:
        result |= compare([*reader.columns(made)], job)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("task", choices=("count", "parse", "write"))
    parser.add_argument("csv")
    parser.add_argument("columns", type=int)
    parser.add_argument("--label", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--expect", metavar="RECORDIO")
    job = parser.parse_args()
    job.names = [f"c{i}" for i in range(job.columns)]
    os.environ["POLARS_MAX_THREADS"] = str(job.threads)  # polars reads it as it is imported
    reader = LIBRARIES[job.library](importlib.import_module(job.library), job)
    print(json.dumps(run(reader, job)))


if __name__ == "__main__":
    main()
