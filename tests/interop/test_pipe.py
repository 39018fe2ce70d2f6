# SPDX-License-Identifier: Apache-2.0
"""Pipe mode as its clients use it: through a mount, and through `recordio feed` without one."""
import signal
import struct
import subprocess
import threading

import pytest

import encoder
from pipe_clients import Broken, Mlio, Tensorflow, payloads
from support import mounting, paths, tool

CLIENTS = [Tensorflow, Mlio]
OPTIONS = ["header=yes", "label=price"]
EPOCHS = 3


def write_channel(folder, nr_files, nr_rows, bad=None):
    """CSV files with a header each; bad is (file, row) of a cell that is no number."""
    folder.mkdir()
    for number in range(nr_files):
        lines = ["id,price,size"]
        for row in range(nr_rows):
            price = "cheap" if bad == (number, row) else "%.2f" % (row * 1.25)
            lines.append("%d,%s,%d" % (number * nr_rows + row, price, row % 7))
        (folder / ("part-%d.csv" % number)).write_text("\n".join(lines) + "\n")


def encoded(channel):
    """The epoch: all files, one after the other."""
    options = ["--" + option for option in OPTIONS]
    return b"".join(tool.recordio("cat", *options, path).stdout
                    for path in sorted(channel.iterdir()))


def records(channel):
    data = memoryview(encoded(channel))
    at = 0

    def read(nr):
        nonlocal at
        at += nr
        return bytes(data[at - nr:at])

    return list(payloads(read))


@pytest.fixture
def feeds(tmp_path):
    """A maker of feeds: recordio's own, into a plain folder."""
    running = []

    def make(source):
        to = tmp_path / "input"
        channels = ["--channel=%s=%s" % (path.name, path) for path in sorted(source.iterdir())]
        log = open(tmp_path / "feed.log", "wb")
        running.append((subprocess.Popen(
            [str(paths.RECORDIO), "feed", *channels, "--to", str(to),
             *("--" + option for option in OPTIONS)], stderr=log), log))
        data = to / "data"
        mounting.wait_for(lambda: all((data / (path.name + "_0")).exists()
                                      for path in source.iterdir()), "the first FIFOs")
        return data

    yield make
    for process, log in running:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()


@pytest.fixture(params=["mount", "feed"])
def served(request):
    """A function from a folder of channels to the data folder that serves them."""
    if request.param == "feed":
        return request.getfixturevalue("feeds")
    mounts = request.getfixturevalue("mounts")

    def make(source):
        mount = mounts(source, "layout=sagemaker", *OPTIONS)
        mount.expect_log("is not a number")
        return mount.path / "data"

    return make


@pytest.mark.parametrize("client", CLIENTS)
def test_each_epoch_is_the_whole_channel(client, source, served):
    write_channel(source / "train", 3, 4000)
    wanted = records(source / "train")
    assert len(wanted) == 12000
    reader = client(served(source) / "train")
    for _ in range(EPOCHS):
        assert list(reader.epoch()) == wanted


@pytest.mark.parametrize("client", CLIENTS)
def test_the_next_epoch_begins_anew_after_an_early_close(client, source, served):
    write_channel(source / "train", 2, 20000)
    wanted = records(source / "train")
    reader = client(served(source) / "train")
    for stop in (1, 10, 25000, 39999):
        epoch = reader.epoch()
        assert [next(epoch) for _ in range(stop)] == wanted[:stop]
        epoch.close()
    assert list(reader.epoch()) == wanted


def test_channels_are_read_at_once(source, served):
    names = ["train", "validation", "test"]
    for number, name in enumerate(names):
        write_channel(source / name, number + 1, 3000)
    data = served(source)
    got = {}

    def read(name, client):
        reader = client(data / name)
        got[name] = [list(reader.epoch()) for _ in range(EPOCHS)]

    threads = [threading.Thread(target=read, args=(name, CLIENTS[number % 2]))
               for number, name in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for name in names:
        assert got[name] == [records(source / name)] * EPOCHS, name


@pytest.mark.parametrize("client", CLIENTS)
def test_a_bad_row_cannot_be_taken_for_the_end(client, source, served):
    """A pipe has no errno: what stands behind the last good record makes readers fail."""
    write_channel(source / "train", 2, 3000, bad=(1, 1000))
    epoch = client(served(source) / "train").epoch()
    got = []
    with pytest.raises(Broken):
        got.extend(iter(lambda: next(epoch), None))
    write_channel(source / "good", 1, 0)
    assert len(got) == 4000
    label = encoder.Record.FromString(got[-1]).label["values"].float32_tensor.values[0]
    assert label == 999 * 1.25


def test_the_sdk_reads_epochs(source, served, sdk):
    write_channel(source / "train", 2, 500)
    data = served(source)
    wanted = []
    for payload in records(source / "train"):
        record = encoder.Record.FromString(payload)
        wanted.append([[struct.pack("<d", v).hex() for v in tensors["values"].float32_tensor.values]
                       for tensors in (record.label, record.features)])
    for epoch in (0, 1):
        assert sdk({"read": str(data / ("train_%d" % epoch))}) == wanted
