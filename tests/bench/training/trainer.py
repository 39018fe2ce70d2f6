# SPDX-License-Identifier: Apache-2.0
"""A linear learner: logistic regression by stochastic gradient descent, epoch by epoch.

    trainer.py

Reads one request in JSON from stdin, once everything is imported, and answers on stdout:
    {"from": "pipe", "channel": "…/data/train"}     FIFOs …/train_0, …/train_1
    {"from": "records", "folder": DIR}              RecordIO files, in name order, each epoch;
        with "convert": DIR                         made first of the CSV files there
    {"from": "sdk", "channel": …}                   as pipe, by the SageMaker SDK's own reader
    {"from": "csv", "folder": DIR}                  CSV files, in name order, by pandas
  and "epochs", "batch" (rows), for all
    -> {"first": time.time() of the first rows, "end": …, "rows": N, "model": floats in hex}

Whatever the rows come from, the learner gets them in batches of the same size: equal bytes
make an equal model.  CSV files have no header, and the label first.
"""
import itertools
import json
import logging
import os
import sys
import time
from pathlib import Path

# Standard output is for the answer alone; the SDK logs there as it is imported.
os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"
logging.disable(logging.INFO)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy
import pandas
from sdk_writer import convert
from sagemaker.amazon.common import read_recordio
from sagemaker.amazon.record_pb2 import Record
from sklearn.linear_model import SGDClassifier

READ_BYTES = 1 << 20
FRAME_BYTES = 8


class Layout:
    """Where the numbers lie in records that are all equally long: learnt from the first."""

    def __init__(self, first):
        length = int.from_bytes(first[4:FRAME_BYTES], "little")
        self.first = first
        record = Record.FromString(self.first[FRAME_BYTES:FRAME_BYTES + length])
        features = numpy.float32(record.features["values"].float32_tensor.values)
        label = numpy.float32(record.label["values"].float32_tensor.values)
        self.bytes = len(self.first)
        self.features = self._place(features, 0)
        self.label = self._place(label, self.features.stop)
        self.constant = numpy.ones(self.bytes, bool)
        for place in (self.features, self.label):
            self.constant[place] = False

    def _place(self, values, begin):
        begin = self.first.index(values.tobytes(), begin)
        return slice(begin, begin + 4 * len(values))

    def rows(self, data):
        """The rows in whole records; all but the numbers must be as in the first record."""
        table = numpy.frombuffer(data, numpy.uint8).reshape(-1, self.bytes)
        wanted = numpy.frombuffer(self.first, numpy.uint8)
        assert (table[:, self.constant] == wanted[self.constant]).all(), "not the same frame"
        return tuple(numpy.ascontiguousarray(table[:, place]).view("<f4")
                     for place in (self.features, self.label))


def first_record(file):
    head = file.read(FRAME_BYTES)
    return head + file.read((int.from_bytes(head[4:], "little") + 3) // 4 * 4)


def from_file(path):
    """Rows of equally long records, as they come."""
    with open(path, "rb") as file:
        first = first_record(file)
        if not first:
            return
        layout = Layout(first)
        yield layout.rows(first)
        rest = b""
        while data := file.read1(READ_BYTES):
            data = rest + data
            whole = len(data) // layout.bytes * layout.bytes
            if whole:
                yield layout.rows(data[:whole])
            rest = data[whole:]
        assert not rest, "a cut record"


def from_sdk(path):
    with open(path, "rb") as file:
        for payload in read_recordio(file):
            record = Record.FromString(payload)
            yield (numpy.float32([record.features["values"].float32_tensor.values]),
                   numpy.float32([record.label["values"].float32_tensor.values]))


def from_csv(path, batch):
    for frame in pandas.read_csv(path, header=None, chunksize=batch):
        table = frame.to_numpy("float32")
        yield table[:, 1:], table[:, :1]


def epochs(request):
    """For each epoch what its rows come from, one after the other."""
    source, nr = request["from"], request["epochs"]
    if source in ("pipe", "sdk"):
        read = from_file if source == "pipe" else from_sdk
        return ([read(f"{request['channel']}_{epoch}")] for epoch in range(nr))
    paths = sorted(path for path in Path(request["folder"]).iterdir())
    if source == "csv":
        return ((from_csv(path, request["batch"]) for path in paths) for _ in range(nr))
    return ((from_file(path) for path in paths) for _ in range(nr))


def in_batches(pieces, size):
    """Pieces of any length as batches of size rows; the last may be shorter."""
    kept, nr = [], 0
    for piece in pieces:
        kept.append(piece)
        nr += len(piece[0])
        while nr >= size:
            features, labels = (numpy.concatenate(parts) for parts in zip(*kept))
            yield features[:size], labels[:size]
            kept, nr = [(features[size:], labels[size:])], nr - size
    if nr:
        yield tuple(numpy.concatenate(parts) for parts in zip(*kept))


class Clock:
    """When the first rows came, and how many did."""

    def __init__(self):
        self.first = None
        self.rows = 0

    def watch(self, pieces):
        for piece in pieces:
            if self.first is None:
                self.first = time.time()
            self.rows += len(piece[0])
            yield piece


def convert_all(source, folder):
    for path in sorted(Path(source).iterdir()):
        convert(path, Path(folder) / f"{path.stem}.recordio", label=0, drop=[], exact=False)


def train(request):
    if "convert" in request:
        convert_all(request["convert"], request["folder"])
    learner = SGDClassifier(loss="log_loss", alpha=1e-4, random_state=5)
    clock = Clock()
    for files in epochs(request):
        pieces = clock.watch(itertools.chain.from_iterable(files))
        for features, labels in in_batches(pieces, request["batch"]):
            learner.partial_fit(features, labels.ravel(), classes=[0.0, 1.0])
    model = numpy.concatenate([learner.coef_.ravel(), learner.intercept_])
    return {"first": clock.first, "end": time.time(), "rows": clock.rows,
            "model": [value.hex() for value in model.tolist()]}


print("ready", flush=True)
print(json.dumps(train(json.loads(sys.stdin.readline()))), flush=True)
