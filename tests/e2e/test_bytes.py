# SPDX-License-Identifier: Apache-2.0
"""Whatever reads a mounted file gets exactly the bytes of its encoding."""
import hashlib
import mmap
import os
import re
import shutil
import socket
import subprocess
import tarfile
import threading

import pytest

from support import catalog, make, tool
from encoder import Options, encode

ROWS = 6000


@pytest.fixture
def big(source, mounts):
    """A file of a few hundred KiB, mounted: its path and the bytes it must have."""
    data = make.numbers(ROWS)
    (source / "big.csv").write_bytes(data)
    mount = mounts(source)
    return mount.file("big.recordio"), encode(data, Options()).data


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, timeout=120,
                          stdout=subprocess.PIPE).stdout


@pytest.mark.threads
@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_a_file_reads_as_the_reference_and_the_tool_encode_it(case, source, mounts):
    shutil.copy(case.path, source / "data.csv")
    mounted = mounts(source, *case.options.mount_options()).file("data.recordio")
    encoded = case.encoded()
    assert os.stat(mounted).st_size == len(encoded.data)
    assert mounted.read_bytes() == encoded.data
    assert tool.cat(case.path, case.options) == encoded.data


def test_cat_gets_every_byte(big):
    path, expected = big
    assert run("cat", path) == expected


@pytest.mark.parametrize("block,skip", [(4096, 0), (4096, 7), (1000, 333), (65536, 3), (1, 5000)])
def test_dd_skips_to_any_offset(big, block, skip):
    path, expected = big
    got = run("dd", "if=%s" % path, "bs=%d" % block, "skip=%d" % skip, "count=3", "status=none")
    assert got == expected[block * skip:block * (skip + 3)]


def test_cp_copies_it_whole_and_with_its_times(big, tmp_path):
    path, expected = big
    run("cp", "-p", path, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == expected
    assert os.stat(tmp_path / "copy").st_mtime_ns == os.stat(path).st_mtime_ns


def test_rsync_transfers_nothing_the_second_time(source, mounts, tmp_path):
    (source / "sub").mkdir()
    (source / "a.csv").write_bytes(make.numbers(1000))
    (source / "sub" / "b.csv").write_bytes(make.numbers(10))
    mount = mounts(source)
    command = ["rsync", "-a", "--out-format=%n", "%s/" % mount.path, "%s/" % (tmp_path / "to")]
    first = run(*command).split()
    assert {b"a.recordio", b"sub/b.recordio"} <= set(first)
    assert run(*command) == b""
    assert (tmp_path / "to" / "a.recordio").read_bytes() == encode(
        make.numbers(1000), Options()).data


def test_tar_packs_exact_sizes(big, tmp_path):
    path, expected = big
    run("tar", "-C", path.parent, "-cf", tmp_path / "all.tar", ".")
    with tarfile.open(tmp_path / "all.tar") as archive:
        assert archive.extractfile("./big.recordio").read() == expected


@pytest.mark.parametrize("flags", [mmap.MAP_PRIVATE, mmap.MAP_SHARED])
def test_it_can_be_mapped(big, flags):
    path, expected = big
    with open(path, "rb") as file:
        with mmap.mmap(file.fileno(), 0, flags, mmap.PROT_READ) as view:
            assert len(view) == len(expected)
            assert view[12345:23456] == expected[12345:23456]
            assert hashlib.sha256(view).digest() == hashlib.sha256(expected).digest()


def test_sendfile_sends_it(big):
    path, expected = big
    ours, theirs = socket.socketpair()
    received = []

    def receive():
        while part := theirs.recv(1 << 16):
            received.append(part)

    reader = threading.Thread(target=receive)
    reader.start()
    with open(path, "rb") as file:
        off = 1001
        while sent := os.sendfile(ours.fileno(), file.fileno(), off, 1 << 17):
            off += sent
    ours.close()
    reader.join()
    theirs.close()
    assert b"".join(received) == expected[1001:]


def test_reading_at_and_behind_the_end_gives_nothing(big):
    path, expected = big
    with open(path, "rb", buffering=0) as file:
        assert os.pread(file.fileno(), 100, len(expected)) == b""
        assert os.pread(file.fileno(), 100, len(expected) + 1000) == b""
        assert os.pread(file.fileno(), 100, len(expected) - 3) == expected[-3:]


def test_reading_past_the_page_cache_gives_the_same_bytes(big):
    path, expected = big
    with open(path, "rb", buffering=0) as file:
        for off in (0, 1, 4095, 99999, len(expected) - 10):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            assert os.pread(file.fileno(), 10000, off) == expected[off:off + 10000]


def test_a_wide_record_may_be_longer_than_a_block(source, mounts):
    row = ",".join(str(n / 8) for n in range(100000)).encode() + b"\n"
    (source / "wide.csv").write_bytes(row * 3)
    path = mounts(source).file("wide.recordio")
    expected = encode(row * 3, Options()).data
    assert path.read_bytes() == expected
    with open(path, "rb") as file:
        assert os.pread(file.fileno(), 70000, 399000) == expected[399000:469000]


def test_an_empty_csv_is_an_empty_file(source, mounts):
    for name, data in {"empty": b"", "blank": b"\n \n", "header": b"y,a\n"}.items():
        (source / (name + ".csv")).write_bytes(data)
    mount = mounts(source)
    for name in ("empty", "blank", "header"):
        assert os.stat(mount.file(name + ".recordio")).st_size == 0
        assert mount.file(name + ".recordio").read_bytes() == b""


def requests(mount):
    return int(re.search(r"^requests: (\d+)$", mount.status(), re.M)[1])


@pytest.mark.parametrize("rows,stored", [(0, 0), (1, None), (3000, None), (30000, 128 * 1024)])
def test_what_was_checked_at_the_first_open_is_not_asked_for_again(mounts, source, rows, stored):
    """A small file's bytes all lie in the page cache by then, and a large one's begin."""
    data = make.numbers(rows, 4) if rows else b""
    (source / "a.csv").write_bytes(data)
    expected = encode(data, Options()).data
    mount = mounts(source)
    with open(mount.file("a.recordio"), "rb", buffering=0) as file:
        assert file.read(stored or 2 << 20) == expected[:stored]
        assert requests(mount) == 0
        assert file.read() == expected[stored or len(expected):]
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        file.seek(0)
        assert file.read() == expected
        assert requests(mount) > 0 or not rows


@pytest.mark.threads
def test_many_open_the_same_files_for_the_first_time_at_once(mounts, source):
    """More at a time than there are threads to answer them."""
    names = ["%d.recordio" % number for number in range(12)]
    data = [make.numbers(rows, 5) for rows in (300, 4000, 12000)]
    contents = [encode(each, Options()).data for each in data] * 4
    for number in range(12):
        (source / ("%d.csv" % number)).write_bytes(data[number % 3])
    mount = mounts(source, "threads=2")
    begin = threading.Barrier(48)
    wrong = []

    def read(which):
        begin.wait()
        for step in range(len(names)):
            at = (which // 4 + step) % len(names)
            if mount.file(names[at]).read_bytes() != contents[at]:
                wrong.append(names[at])

    readers = [threading.Thread(target=read, args=(which,), daemon=True) for which in range(48)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
        assert not reader.is_alive(), "a reader hangs"
    assert not wrong
