# SPDX-License-Identifier: Apache-2.0
"""passthrough: SOURCE's other files beside the encoded ones, byte for byte."""
import errno
import mmap
import os
import random

import pytest

from support import make, packing
from encoder import Options, encode

TEXT = random.Random(1).randbytes(3000000)


@pytest.fixture
def plain(source, mounts):
    """A folder of CSV files and others."""
    (source / "sub").mkdir()
    files = {"notes.txt": b"some notes\n", "empty": b"", "large.bin": TEXT, "sub/x.json": b"{}",
             "log.gz": packing.gz(b"a log"), "fake.gz": b"not compressed", "sub/b.csv.bak": b"1,2",
             "recordiofs.ini": b"header = no\n"}
    for name, data in files.items():
        (source / name).write_bytes(data)
    (source / "b.csv").write_bytes(b"1,2\n")
    (source / ".hidden").write_bytes(b"secret")
    os.mkfifo(source / "fifo")
    return mounts(source, "passthrough", "concat", "shards=1", "idx"), files


def test_other_files_are_shown_as_they_are(plain, source):
    mount, files = plain
    for name, data in files.items():
        assert mount.file(name).read_bytes() == data
        shown, real = os.stat(mount.file(name)), os.stat(source / name)
        assert (shown.st_size, shown.st_mtime_ns) == (real.st_size, real.st_mtime_ns)
        assert os.getxattr(mount.file(name), "user.recordiofs.source") == bytes(source / name)
        assert os.listxattr(mount.file(name)) == ["user.recordiofs.source"]
    encoded = encode(b"1,2\n", Options(header="no")).data
    assert mount.file("b.recordio").read_bytes() == encoded


def test_a_listing_holds_them_beside_encoded_files_and_views(plain):
    mount, _ = plain
    views = ["%s%s.recordio%s" % (stem, shard, idx) for stem in ("b", "source")
             for shard in ("", "-00000-of-00001") for idx in ("", ".idx")]
    names = [entry.name for entry in os.scandir(mount.path)]
    assert names == sorted(["notes.txt", "empty", "large.bin", "log.gz", "fake.gz", "sub",
                            "recordiofs.ini", *views])
    assert sorted(os.listdir(mount.file("sub"))) == ["b.csv.bak", "x.json"]
    for entry in os.scandir(mount.path):
        assert entry.inode() == os.stat(entry.path).st_ino
    for name in ("b.csv", ".hidden", "fifo", "notes.txt.idx", "sub.recordio"):
        assert not mount.file(name).exists(), name


def test_without_it_other_files_are_not_there(source, mounts):
    (source / "notes.txt").write_bytes(b"some notes\n")
    mount = mounts(source)
    assert os.listdir(mount.path) == []
    assert not mount.file("notes.txt").exists()


@pytest.mark.threads
def test_any_slice_of_them_reads(plain):
    mount, _ = plain
    dice = random.Random(2)
    with open(mount.file("large.bin"), "rb") as file:
        for _ in range(200):
            off, length = dice.randrange(len(TEXT) + 50), dice.choice([1, 100, 70000])
            assert os.pread(file.fileno(), length, off) == TEXT[off:off + length]
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert mapped[:] == TEXT


def test_the_name_of_an_encoded_file_is_that_files(source, mounts):
    (source / "b.csv").write_bytes(b"1,2\n")
    (source / "b.recordio").write_bytes(b"an older conversion")
    (source / "c.recordio").write_bytes(b"another conversion")
    (source / "train").mkdir()
    (source / "train" / "x.csv").write_bytes(b"1,2\n")
    (source / "train.recordio").write_bytes(b"joined by hand")
    mount = mounts(source, "passthrough", "concat")
    assert sorted(os.listdir(mount.path)) == ["b.recordio", "c.recordio", "source.recordio",
                                              "train", "train.recordio"]
    assert mount.file("b.recordio").read_bytes() == encode(b"1,2\n", Options()).data
    assert mount.file("c.recordio").read_bytes() == b"another conversion"
    assert mount.file("train.recordio").read_bytes() == b"joined by hand"
    assert "the b.recordio file beside it is not shown" in mount.log_text()


def test_a_changed_one_is_another_file_at_once(source, mounts):
    path = source / "data.bin"
    path.write_bytes(TEXT)
    mount = mounts(source, "passthrough")
    shown = mount.file("data.bin")
    number = os.stat(shown).st_ino
    with open(shown, "rb") as old:
        assert os.pread(old.fileno(), 100, 0) == TEXT[:100]
        after = TEXT[::-1]
        with open(path, "r+b") as file:
            file.write(after)
        assert shown.read_bytes() == after
        assert os.stat(shown).st_ino != number
        stale = 0
        for off in range(0, len(TEXT), 100000):
            try:
                got = os.pread(old.fileno(), 100000, off)
                assert got and got == TEXT[off:off + len(got)]
            except OSError as error:
                assert error.errno == errno.ESTALE
                stale += 1
        assert stale
    for step in range(30):
        path.write_bytes(b"%05d" % step)
        assert shown.read_bytes() == b"%05d" % step
    os.remove(path)
    assert not shown.exists()


def test_a_link_out_of_the_source_is_not_followed(source, mounts, tmp_path):
    (tmp_path / "secret").write_bytes(b"42")
    (source / "out").symlink_to(tmp_path / "secret")
    (source / "in").symlink_to("real")
    (source / "real").write_bytes(make.numbers(3))
    mount = mounts(source, "passthrough")
    assert sorted(os.listdir(mount.path)) == ["in", "real"]
    assert not mount.file("out").exists()
    assert mount.file("in").read_bytes() == make.numbers(3)
