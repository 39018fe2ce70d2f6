# SPDX-License-Identifier: Apache-2.0
"""Sources that change: an old handle never mixes, a new open shows the new file at once."""
import errno
import mmap
import os
import shutil
import threading
import time

import pytest

from support import make, mounting
from encoder import Options, encode

BEFORE = make.numbers(6000, seed=1)
AFTER = make.numbers(6000, seed=2)
SHORT = make.numbers(50, seed=3)

# What the daemon says of a kept map whose source changed.
NOTES = r"\.csv: (map rebuilt: )?(source grew|source shrank|another file|modified)"


def encoded(data):
    return encode(data, Options()).data


def append(path):
    with open(path, "ab") as file:
        file.write(AFTER)
    return BEFORE + AFTER


def rewrite(path):
    with open(path, "r+b") as file:
        file.write(AFTER)
        file.truncate()
    return AFTER


def same_size(path):
    after = BEFORE.translate(bytes.maketrans(b"12345678", b"87654321"))
    with open(path, "r+b") as file:
        file.write(after)
    return after


def same_size_and_mtime(path):
    times = os.stat(path)
    after = same_size(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return after


def truncate(path):
    os.truncate(path, 0)
    with open(path, "r+b") as file:
        file.write(SHORT)
    return SHORT


def rename_over(path):
    new = path.with_name("new.tmp")
    new.write_bytes(AFTER)
    os.rename(new, path)
    return AFTER


CHANGES = [append, rewrite, same_size, same_size_and_mtime, truncate, rename_over]


@pytest.fixture
def served(source, mounts):
    (source / "a.csv").write_bytes(BEFORE)
    mount = mounts(source)
    mount.expect_log(NOTES)
    return mount.file("a.recordio"), source / "a.csv"


@pytest.mark.parametrize("change", CHANGES)
def test_a_new_open_shows_the_new_file_at_once(served, change):
    path, csv = served
    assert path.read_bytes() == encoded(BEFORE)
    after = encoded(change(csv))
    with open(path, "rb", buffering=0) as file:
        assert os.fstat(file.fileno()).st_size == len(after)
        assert file.read() == after


@pytest.mark.parametrize("change", CHANGES)
def test_an_old_handle_never_reads_a_mixture(served, change):
    path, csv = served
    before = encoded(BEFORE)
    with open(path, "rb", buffering=0) as file:
        inode = os.fstat(file.fileno()).st_ino
        assert os.pread(file.fileno(), 60000, 0) == before[:60000]
        change(csv)
        for off in [50000, 59990, *range(0, len(before), 131072), len(before) - 5]:
            try:
                got = os.pread(file.fileno(), 30000, off)
            except OSError as error:
                assert error.errno == errno.ESTALE
            else:
                assert got == before[off:off + len(got)]
                assert len(got) == min(30000, len(before) - off)
    with open(path, "rb") as file:
        assert os.fstat(file.fileno()).st_ino != inode


@pytest.mark.threads
def test_a_change_under_running_readers_gives_old_or_new_bytes(served):
    path, csv = served
    states = [encoded(BEFORE), encoded(AFTER), encoded(SHORT)]
    wrong, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                got = path.read_bytes()
            except OSError as error:
                if error.errno not in (errno.ESTALE, errno.ENOENT):
                    wrong.append(error)
            else:
                if got not in states:
                    wrong.append(len(got))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for turn in range(12):
        new = csv.with_name("new.tmp")
        new.write_bytes([AFTER, SHORT, BEFORE][turn % 3])
        os.rename(new, csv)
        path.read_bytes()
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert path.read_bytes() == encoded(BEFORE)


def test_a_deleted_file_is_gone_for_new_opens(served, source):
    path, csv = served
    with open(path, "rb", buffering=0) as file:
        first = os.pread(file.fileno(), 10000, 0)
        os.unlink(csv)
        with pytest.raises(FileNotFoundError):
            open(path, "rb").close()
        mounting.wait_for(lambda: os.listdir(path.parent) == [], "the listing", 5)
        try:
            assert os.pread(file.fileno(), 10000, 0) == first
        except OSError as error:
            assert error.errno == errno.ESTALE


def test_a_renamed_file_keeps_its_bytes_under_its_new_name(served):
    path, csv = served
    path.read_bytes()
    os.rename(csv, csv.with_name("b.csv"))
    assert path.with_name("b.recordio").read_bytes() == encoded(BEFORE)
    with pytest.raises(FileNotFoundError):
        open(path, "rb").close()


def test_two_files_that_swap_their_names_swap_their_bytes(source, mounts):
    (source / "a.csv").write_bytes(BEFORE)
    (source / "b.csv").write_bytes(AFTER)
    mount = mounts(source)
    mount.expect_log(NOTES)
    a, b = mount.file("a.recordio"), mount.file("b.recordio")
    assert (a.read_bytes(), b.read_bytes()) == (encoded(BEFORE), encoded(AFTER))
    os.rename(source / "a.csv", source / "c")
    os.rename(source / "b.csv", source / "a.csv")
    os.rename(source / "c", source / "b.csv")
    assert (a.read_bytes(), b.read_bytes()) == (encoded(AFTER), encoded(BEFORE))


def test_a_bad_file_that_is_mended_reads(source, mounts):
    (source / "a.csv").write_bytes(b"1,2\n1,x\n")
    mount = mounts(source)
    mount.expect_log(r"a\.csv:2:3: ")
    path = mount.file("a.recordio")
    with pytest.raises(OSError):
        path.read_bytes()
    (source / "a.csv").write_bytes(b"1,2\n1,3\n")
    assert path.read_bytes() == encoded(b"1,2\n1,3\n")
    assert "user.recordiofs.error" not in os.listxattr(path)


def test_stat_shows_the_new_size_soon(served):
    path, csv = served
    assert os.stat(path).st_size == len(encoded(BEFORE))
    after = len(encoded(append(csv)))
    mounting.wait_for(lambda: os.stat(path).st_size == after, "the new size", 5)


def test_a_new_file_shows_although_it_was_asked_for_before(source, mounts):
    mount = mounts(source)
    path = mount.file("late.recordio")
    assert not path.exists()
    (source / "late.csv").write_bytes(SHORT)
    mounting.wait_for(path.exists, "the new file", 5)
    assert path.read_bytes() == encoded(SHORT)


def test_a_source_folder_that_goes_away_is_an_error_not_a_hang(source, mounts):
    (source / "sub").mkdir()
    (source / "sub" / "a.csv").write_bytes(SHORT)
    mount = mounts(source)
    assert mount.file("sub/a.recordio").read_bytes() == encoded(SHORT)
    shutil.rmtree(source / "sub")
    with pytest.raises(FileNotFoundError):
        open(mount.file("sub/a.recordio"), "rb").close()


def test_what_a_mapping_wrote_shows_once_it_is_gone(mounts, source):
    """Stores to a mapped page move the file's times when the first is made, not with each."""
    path = source / "a.csv"
    path.write_bytes(b"1,2\n" * 3000)
    old, new = encoded(b"1,2\n" * 3000), encoded(b"1,9\n" * 3000)
    mount = mounts(source)
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        mapping[0:1] = b"1"
        for page in range(0, len(mapping), mmap.PAGESIZE):
            mapping[page] = mapping[page]
        time.sleep(0.1)
        assert mount.file("a.recordio").read_bytes() == old
        times = os.stat(path).st_ctime_ns
        mapping[:] = b"1,9\n" * 3000
        assert os.stat(path).st_ctime_ns == times, "the kernel told, so this shows nothing"
    assert mount.file("a.recordio").read_bytes() == new


def test_a_file_that_stays_open_for_writing_is_read_and_followed(mounts, source):
    path = source / "a.csv"
    mount = mounts(source)
    with open(path, "ab") as file:
        for rows in range(1, 4):
            file.write(b"1,2\n")
            file.flush()
            assert mount.file("a.recordio").read_bytes() == encoded(path.read_bytes())
    assert mount.file("a.recordio").read_bytes() == encoded(path.read_bytes())
