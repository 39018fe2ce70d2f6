# SPDX-License-Identifier: Apache-2.0
"""recordio feed: every way in which a pipe is read gives whole epochs, and nothing else."""
import gzip
import os
import select
import signal
import subprocess
import sys

import pytest

from support import make, tool
from support.feeding import Feed, Reader, until
from encoder import Options, encode


@pytest.fixture
def train(tmp_path):
    """Three files in folders, one compressed; each has a header of its own."""
    folder = tmp_path / "train"
    (folder / "2024").mkdir(parents=True)
    (folder / "b.csv").write_bytes(make.numbers(3000, 6, seed=1, header=True))
    (folder / "a.csv").write_bytes(make.numbers(2000, 6, seed=2, header=True))
    (folder / "2024" / "c.csv.gz").write_bytes(
        gzip.compress(make.numbers(1000, 6, seed=3, header=True)))
    (folder / ".hidden.csv").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    return folder


KEYS = ["2024/c.csv.gz", "a.csv", "b.csv"]


def text_of(path):
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def expected(folder, keys=None, **options):
    """By the reference encoder, which knows nothing of recordio."""
    return b"".join(encode(text_of(folder / key), Options(**options)).data
                    for key in keys or KEYS)


@pytest.fixture
def to(tmp_path):
    return tmp_path / "input"


def test_an_epoch_is_all_files_in_name_order(train, to):
    with Feed({"train": train}, to, "--epochs", 2) as feed:
        whole = feed.read("train", 0)
        assert whole == expected(train)
        assert whole == b"".join(tool.cat(train / key) for key in KEYS)
        assert feed.read("train", 1) == whole
        feed.end(tool.DONE)
    assert not to.exists()


def test_encoding_options_settings_and_label_size_count(train, to, tmp_path):
    (train / "recordiofs.ini").write_text("[a.csv]\nlabel = 3\n")
    with Feed({"train": train}, to, "--dtype", "float64", "--content_type",
              "text/csv; label_size=0") as feed:
        assert feed.read("train", 0) == (
            expected(train, KEYS[:1], dtype="float64", label="none") +
            expected(train, KEYS[1:2], dtype="float64", label="3") +
            expected(train, KEYS[2:], dtype="float64", label="none"))


def test_it_makes_what_is_in_opt_ml_input_and_removes_it(train, to):
    to.mkdir()
    (to / "config").mkdir()
    (to / "mine").write_text("mine")
    with Feed({"train": train, "test": train}, to) as feed:
        feed.path("train", 0)
        feed.path("test", 0)
        assert sorted(os.listdir(to / "data")) == ["test_0", "train_0"]
        assert sorted(os.listdir(to / "config")) == [
            "hyperparameters.json", "inputdataconfig.json", "resourceconfig.json"]
        feed.process.send_signal(signal.SIGTERM)
        feed.end(tool.DONE)
    assert sorted(os.listdir(to)) == ["config", "mine"]
    assert os.listdir(to / "config") == []


def test_what_somebody_else_put_there_stays(train, to):
    with Feed({"train": train}, to) as feed:
        feed.path("train", 0).unlink()
        (to / "data" / "train_0").write_text("mine")
        (to / "config" / "resourceconfig.json").unlink()
        (to / "config" / "resourceconfig.json").write_text("mine")
        feed.process.send_signal(signal.SIGINT)
        feed.end(tool.DONE)
    assert (to / "data" / "train_0").read_text() == "mine"
    assert (to / "config" / "resourceconfig.json").read_text() == "mine"
    assert sorted(os.listdir(to / "config")) == ["resourceconfig.json"]


def test_the_next_fifo_is_there_while_an_epoch_is_read(train, to):
    with Feed({"train": train}, to) as feed:
        feed.path("train", 0)
        assert not (to / "data" / "train_1").exists()
        with open(to / "data" / "train_0", "rb", buffering=0) as pipe:
            first = pipe.read(1)
            assert feed.path("train", 1)
            assert first + pipe.readall() == expected(train)


@pytest.mark.threads
def test_the_next_may_be_opened_before_the_last_is_closed(train, to):
    with Feed({"train": train}, to, "--epochs", 3) as feed:
        pipes = [open(feed.path("train", epoch), "rb", buffering=0) for epoch in range(3)]
        whole = expected(train)
        got = [b"", b"", b""]
        while not all(len(part) == len(whole) for part in got):
            for epoch, pipe in enumerate(pipes):
                got[epoch] += pipe.read(10000)
        assert got == [whole] * 3
        for pipe in pipes:
            assert pipe.read(1) == b""
            pipe.close()
        feed.end(tool.DONE)


def test_an_early_close_then_the_next(train, to):
    whole = expected(train)
    with Feed({"train": train}, to, "--epochs", 4) as feed:
        for epoch, size in enumerate([0, 1, 70000, len(whole) - 1]):
            assert feed.read("train", epoch, size) == whole[:size]
        feed.end(tool.DONE)


def test_closed_before_a_byte_came_the_next_is_there(train, to):
    with Feed({"train": train}, to, "--epochs", 3) as feed:
        for epoch in range(2):
            os.close(os.open(feed.path("train", epoch), os.O_RDONLY))
        assert feed.read("train", 2) == expected(train)
        feed.end(tool.DONE)


def test_opened_again_an_epoch_begins_anew(train, to):
    whole = expected(train)
    with Feed({"train": train}, to) as feed:
        for _ in range(5):
            assert feed.read("train", 0, 100000) == whole[:100000]
        assert feed.read("train", 0) == whole
        assert feed.read("train", 1, 5) == whole[:5]
        assert feed.read("train", 0) == whole
        first = open(feed.path("train", 1), "rb", buffering=0)
        assert first.read(3) == whole[:3]
        assert feed.read("train", 1) == whole
        assert first.readall() == whole[3:]
        first.close()


def test_a_reader_that_does_not_wait(train, to):
    """As ml-io: opened without blocking, then select."""
    with Feed({"train": train}, to, "--stall", "0.2") as feed:
        fd = os.open(feed.path("train", 0), os.O_RDONLY | os.O_NONBLOCK)
        poll, got = select.poll(), b""
        poll.register(fd, select.POLLIN)
        with pytest.raises(BlockingIOError):
            os.read(fd, 1)  # no end of file before there is a byte
        while True:
            assert poll.poll(60000)
            try:
                part = os.read(fd, 65536)
            except BlockingIOError:
                continue
            if not part:
                break
            got += part
        os.close(fd)
        assert got == expected(train)


def test_stat_and_list_take_nothing(train, to):
    with Feed({"train": train}, to) as feed:
        path = feed.path("train", 0)
        for _ in range(3):
            os.stat(path)
            os.listdir(to / "data")
            subprocess.run(["ls", "-la", str(to / "data")], check=True, stdout=subprocess.DEVNULL)
        assert feed.read("train", 0) == expected(train)


@pytest.mark.threads
def test_eight_channels_at_once(train, to, tmp_path):
    folders = {}
    for i in range(8):
        folder = tmp_path / ("channel%d" % i)
        folder.mkdir()
        (folder / "x.csv").write_bytes(make.numbers(2000 + i, 5, seed=i))
        folders["c%d" % i] = folder
    with Feed(folders, to, "--epochs", 3) as feed:
        def all_epochs(name):
            return [feed.read(name, epoch) for epoch in range(3)]
        readers = {name: Reader(all_epochs, name) for name in folders}
        for name, folder in folders.items():
            assert readers[name].get() == [expected(folder, ["x.csv"])] * 3
        feed.end(tool.DONE)


def test_a_channel_can_be_called_as_a_fifo_is(train, to, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.csv").write_bytes(b"1,2\n3,4\n")
    with Feed({"a": train, "a_0": other, "a_0_0": other}, to) as feed:
        assert feed.read("a_0", 0) == expected(other, ["x.csv"])
        assert feed.read("a", 0) == expected(train)
        assert feed.read("a_0_0", 1 - 1) == expected(other, ["x.csv"])


def test_a_killed_reader_harms_nobody(train, to):
    with Feed({"train": train}, to) as feed:
        path = feed.path("train", 0)
        reader = subprocess.Popen([sys.executable, "-c", """
import sys, time
pipe = open(sys.argv[1], "rb", buffering=0)
pipe.read(10)
print("read", flush=True)
time.sleep(600)""", str(path)], stdout=subprocess.PIPE)
        assert reader.stdout.readline() == b"read\n"
        reader.kill()
        reader.communicate()
        assert feed.read("train", 1) == expected(train)
        assert feed.read("train", 0) == expected(train)


def test_a_slow_reader_gets_all(train, to):
    with Feed({"train": train}, to) as feed:
        with open(feed.path("train", 0), "rb", buffering=0) as pipe:
            until(lambda: feed.threads() > 0, "a thread")
            first = pipe.read(100)
            assert feed.read("train", 1) == expected(train)  # another meanwhile
            assert first + pipe.readall() == expected(train)


def test_slow_and_stall_take_their_time(tmp_path, to):
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "x.csv").write_bytes(make.numbers(1000, 3))
    whole = expected(folder, ["x.csv"])
    with Feed({"train": folder}, to, "--stall", "0.5", "--slow", str(2 * len(whole))) as feed:
        path = feed.path("train", 0)
        before = os.times().elapsed
        assert feed.read("train", 0) == whole
        assert os.times().elapsed - before > 0.8
        assert path.exists()


def test_text_map_numbers_are_those_of_the_whole_file(tmp_path, to):
    folder = tmp_path / "texts"
    folder.mkdir()
    rows = "".join("%d,%s\n" % (i, "zyxw"[i % 4]) for i in range(1000))
    (folder / "x.csv").write_text(rows)
    with Feed({"train": folder}, to, "--text", "map") as feed:
        assert feed.read("train", 0) == tool.cat(folder / "x.csv", Options(text="map"))


def test_a_file_replaced_between_epochs_is_read_as_it_is(train, to):
    with Feed({"train": train}, to) as feed:
        assert feed.read("train", 0) == expected(train)
        (train / "new").write_bytes(make.numbers(500, 6, seed=9))
        (train / "new").rename(train / "a.csv")
        assert feed.read("train", 1) == expected(train)
