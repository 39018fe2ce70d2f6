# SPDX-License-Identifier: Apache-2.0
"""Views as dmlc-core's splits and MXNet's indexed reader take them."""
import random

import pytest

from support import make, tool
from test_dmlc import read, unpack

KINDS = {"dense": [], "sparse": ["format=sparse"]}


@pytest.fixture(params=KINDS)
def train(request, source, mounts):
    """A mounted folder of files and, in order, all their records."""
    folder = source / "train"
    folder.mkdir()
    options = ["magic=shift", *KINDS[request.param]]
    records = []
    for number in range(5):
        path = folder / ("%d.csv" % number)
        path.write_bytes(make.numbers(700 * number, 9, seed=number, header=number % 2))
        done = tool.recordio("cat", *("--" + option for option in options), path)
        assert done.returncode == tool.DONE
        records += unpack(done.stdout, 4)
    return mounts(source, "concat", "shards=4", "idx", *options), records


SHARDS = ["train-%05d-of-00004.recordio" % shard for shard in range(4)]


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_dmlc_splits_what_is_joined(parts, train, dmlc_reader):
    mount, records = train
    assert read(dmlc_reader, "split", mount.file("train.recordio"), parts) == records


@pytest.mark.parametrize("parts", [1, 3, 4])
def test_dmlc_splits_the_shards(parts, train, dmlc_reader):
    mount, records = train
    shards = ";".join(str(mount.file(name)) for name in SHARDS)
    assert read(dmlc_reader, "split", shards, parts) == records
    assert [record for name in SHARDS
            for record in read(dmlc_reader, "reader", mount.file(name))] == records


@pytest.mark.parametrize("parts", [1, 3, 8])
def test_dmlc_reads_by_the_index(parts, train, dmlc_reader):
    mount, records = train
    for name in ("train.recordio", "train/3.recordio"):
        path = mount.file(name)
        expected = records if name == "train.recordio" else unpack(path.read_bytes(), 4)
        got = read(dmlc_reader, "indexed", path, str(path) + ".idx", parts)
        assert got == expected
        shuffled = read(dmlc_reader, "indexed", path, str(path) + ".idx", parts, 7)
        assert shuffled != expected and sorted(shuffled) == sorted(expected)


def test_mxnet_reads_any_record_by_the_index(train, mxnet):
    mount, records = train
    dice = random.Random(3)
    first = 0
    for name in ["train.recordio", *SHARDS]:
        path = mount.file(name)
        here = records if name == "train.recordio" else \
            records[first:first + len(unpack(path.read_bytes(), 4))]
        first += 0 if name == "train.recordio" else len(here)
        keys = [dice.randrange(len(here)) for _ in range(200)]
        got = mxnet({"index": str(path) + ".idx", "recordio": str(path), "keys": keys})
        assert got["keys"] == list(range(len(here)))
        assert [bytes.fromhex(record) for record in got["records"]] == [here[key] for key in keys]
    assert first == len(records)


def test_mxnets_own_index_is_the_same(train, mxnet):
    """MXNet's tell, before each record that it reads, is the line's offset."""
    mount, records = train
    path = mount.file("train.recordio")
    lines = (mount.file("train.recordio.idx").read_text()).splitlines()
    told = mxnet({"recordio": str(path), "tell": True})["offsets"]
    assert lines == ["%d\t%d" % line for line in enumerate(told)]
    assert len(lines) == len(records)
