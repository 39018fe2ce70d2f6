# SPDX-License-Identifier: Apache-2.0
"""Pipe mode's readers on the pipes of recordio feed: the SageMaker SDK, and the system calls
of those that cannot be had for every Python."""
import errno
import json
import os
import select
import struct
import time

import pytest

from support import make
from support.feeding import Feed
import encoder


@pytest.fixture
def train(tmp_path):
    folder = tmp_path / "train"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / (name + ".csv")).write_bytes(make.numbers(5000, 5, seed=ord(name), header=True))
    return folder


def rows(folder):
    """(label values, feature values) of a whole epoch, as the reference reads them."""
    return [row for path in sorted(folder.iterdir())
            for row in encoder.values(path.read_bytes(), encoder.Options())]


def encoded(folder):
    return b"".join(encoder.encode(path.read_bytes(), encoder.Options()).data
                    for path in sorted(folder.iterdir()))


def hexed(numbers):
    return [struct.pack("<d", number).hex() for number in numbers]


def test_the_sdks_read_records_reads_epoch_after_epoch(train, tmp_path, sdk):
    expected = [[hexed(encoder.tensor_values(label, "float32")),
                 hexed(encoder.tensor_values(features, "float32"))]
                for label, features in rows(train)]
    with Feed({"train": train}, tmp_path / "input", "--epochs", 2) as feed:
        for epoch in range(2):
            assert sdk({"read": str(feed.path("train", epoch))}) == expected
        feed.end(0)


def read_as_tensorflow(folder, channel, epoch):
    """PipeModeDataset: the channel must be one of pipes; stat until there is the file, then
    pieces of 64 KiB, cut into records by their frames."""
    config = json.loads((folder / "config" / "inputdataconfig.json").read_text())
    assert config[channel]["TrainingInputMode"].lower() == "pipe"
    path = folder / "data" / ("%s_%d" % (channel, epoch))
    for _ in range(6000):
        try:
            os.stat(path)
            break
        except FileNotFoundError:
            time.sleep(0.01)
    fd, buffered, records = os.open(path, os.O_RDONLY), b"", []
    while True:
        part = os.read(fd, 65536)
        if not part:
            break
        buffered += part
        off = 0
        while len(buffered) - off >= 8:
            magic, length = struct.unpack_from("<II", buffered, off)
            assert magic == encoder.MAGIC
            if len(buffered) - off < 8 + -(-length // 4) * 4:
                break
            records.append(buffered[off + 8:off + 8 + length])
            off += 8 + -(-length // 4) * 4
        buffered = buffered[off:]
    os.close(fd)
    assert not buffered
    return records


def read_as_mlio(folder, channel, epoch):
    """ml-io: opened without blocking, up to three times, and select for up to a minute."""
    path = folder / "data" / ("%s_%d" % (channel, epoch))
    for tries_left in (2, 1, 0):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            break
        except OSError as error:
            if error.errno != errno.ENOENT or not tries_left:
                raise
            time.sleep(1)
    got = b""
    while True:
        assert select.select([fd], [], [], 60)[0], "nothing came for a minute"
        try:
            part = os.read(fd, 1 << 20)
        except BlockingIOError:
            continue
        if not part:
            os.close(fd)
            return got
        got += part


def test_the_calls_of_pipe_mode_dataset(train, tmp_path):
    expected = encoded(train)
    with Feed({"train": train}, tmp_path / "input") as feed:
        feed.path("train", 0)
        for epoch in range(3):
            records = read_as_tensorflow(tmp_path / "input", "train", epoch)
            assert len(records) == 10000
            assert b"".join(struct.pack("<II", encoder.MAGIC, len(record)) + record +
                            bytes(-len(record) % 4) for record in records) == expected


def test_the_calls_of_mlio(train, tmp_path):
    expected = encoded(train)
    with Feed({"train": train}, tmp_path / "input", "--slow", "2M") as feed:
        feed.path("train", 0)
        for epoch in range(2):
            assert read_as_mlio(tmp_path / "input", "train", epoch) == expected
