# SPDX-License-Identifier: Apache-2.0
"""A compressed CSV reads as the CSV in it: through mounts and the tool, whole and in slices."""
import ctypes
import ctypes.util
import errno
import gzip
import json
import os
import random
import re
import shutil
import struct
import subprocess
import threading
import zlib

import pytest

from support import catalog, make, packing, tool
from encoder import Options, encode


def long_numbers(nr_rows, seed):
    """Much text in few cells: the reference encoder is not fast."""
    dice = random.Random(seed)
    return b"".join(b"%d,0.%060d,%d.%060d\n" % (row, dice.getrandbits(190), dice.randrange(99),
                                               dice.getrandbits(190)) for row in range(nr_rows))


# Several MiB of text: several seek points.
BIG = long_numbers(70000, seed=5)
BIG_ENCODED = encode(BIG, Options()).data
SMALL = make.numbers(300, seed=6)
SMALL_ENCODED = encode(SMALL, Options()).data


def index_files(folder, ending):
    return sorted(path for path in folder.rglob("*") if path.suffix == ending)


def check_slices(path, expected, seed, nr=60):
    """Positional reads of one handle, anywhere."""
    dice = random.Random(seed)
    with open(path, "rb", buffering=0) as file:
        assert os.fstat(file.fileno()).st_size == len(expected)
        for _ in range(nr):
            off, size = dice.randrange(len(expected) + 100), dice.choice([1, 100, 5000, 200000])
            got = b""
            while len(got) < size:
                piece = os.pread(file.fileno(), size - len(got), off + len(got))
                if not piece:
                    break
                got += piece
            assert got == expected[off:off + size]


@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_every_good_file_reads_the_same_compressed(case, source, mounts):
    text = case.path.read_bytes()
    (source / "one.csv.gz").write_bytes(packing.gz(text))
    (source / "many.csv.gz").write_bytes(packing.gz_members(text, 7))
    expected = case.encoded().data
    mount = mounts(source, *case.options.mount_options())
    assert sorted(os.listdir(mount.path)) == ["many.recordio", "one.recordio"]
    for name in ["one", "many"]:
        assert os.stat(mount.file(name + ".recordio")).st_size == len(expected)
        assert mount.file(name + ".recordio").read_bytes() == expected
        assert tool.cat(source / (name + ".csv.gz"), case.options) == expected


# One of each way in which records come to differ in length.
VARIED = [{"format": "sparse"}, {"dtype": "int32", "uid": "row"}, {"keys": "names"},
          {"text": "map", "bad_row": "skip", "magic": "shift"}]


@pytest.mark.parametrize("options", VARIED, ids=str)
def test_records_of_many_lengths_read_the_same_compressed(options, source, mounts, tmp_path):
    dice = random.Random(9)
    rows = ["%d,%d,%d,%s" % (row % 3, dice.choice([0, 0, row, 7]), dice.getrandbits(30),
                             dice.choice("xyz") if "text" in options else row % 5)
            for row in range(120000)]
    if "bad_row" in options:
        for at in dice.sample(range(1, len(rows)), 300):
            rows[at] += ",1"
    text = ("y,a,b,c\n" + "\n".join(rows)).encode()  # the last row ends with the file
    (tmp_path / "a.csv").write_bytes(text)
    (source / "a.csv.gz").write_bytes(packing.gz(text))
    given = Options(**options)
    arguments = given.arguments() + ["--index_dir=%s" % (tmp_path / "index")]
    expected = tool.recordio("cat", *given.arguments(), tmp_path / "a.csv").stdout
    for _ in range(2):  # built, then kept
        assert tool.recordio("cat", *arguments, source / "a.csv.gz").stdout == expected
        off = dice.randrange(len(expected))
        assert tool.recordio("cat", *arguments, "--range=%d:100000" % off, source /
                             "a.csv.gz").stdout == expected[off:off + 100000]
    mount = mounts(source, *given.mount_options())
    check_slices(mount.file("a.recordio"), expected, seed=2)
    assert mount.file("a.recordio").read_bytes() == expected


@pytest.mark.parametrize("case", catalog.BAD, ids=repr)
def test_errors_tell_lines_and_columns_of_the_text(case, tmp_path):
    packed = tmp_path / (case.path.name + ".gz")
    packed.write_bytes(packing.gz(case.path.read_bytes()))
    plain = tool.recordio("cat", *case.options.arguments(), case.path)
    done = tool.recordio("cat", *case.options.arguments(), packed)
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    assert done.stderr.replace(bytes(packed), b"F") == plain.stderr.replace(bytes(case.path), b"F")


@pytest.mark.threads
@pytest.mark.parametrize("index", ["kept", "none"])
@pytest.mark.parametrize("members", [1, 40])
def test_slices_of_a_large_file(source, mounts, members, index):
    (source / "a.csv.gz").write_bytes(packing.gz_members(BIG, members))
    mount = mounts(source, *(["index_dir=none"] if index == "none" else []))
    check_slices(mount.file("a.recordio"), BIG_ENCODED, seed=members)
    assert mount.file("a.recordio").read_bytes() == BIG_ENCODED
    assert mount.status().count("errors") <= 1


@pytest.mark.threads
def test_many_readers_in_order_and_at_random(source, mounts):
    (source / "a.csv.gz").write_bytes(packing.gz(BIG, 1))
    path = mounts(source, "direct_io").file("a.recordio")
    failed = []

    def read(seed):
        try:
            if seed % 2:
                assert path.read_bytes() == BIG_ENCODED
            else:
                check_slices(path, BIG_ENCODED, seed, nr=25)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_the_tool_keeps_an_index_and_finds_it(tmp_path):
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(packing.gz(BIG))
    arguments = ["--index_dir=%s" % (tmp_path / "index")]
    done = tool.recordio("index", *arguments, packed)
    assert done.returncode == tool.DONE and b"map built" in done.stdout
    (seek,) = index_files(tmp_path / "index", ".seek")
    assert not index_files(tmp_path / "index", ".tmp")
    before = seek.stat()
    done = tool.recordio("index", *arguments, packed)
    assert b"map is up to date" in done.stdout
    dice = random.Random(3)
    for _ in range(20):
        off, size = dice.randrange(len(BIG_ENCODED)), dice.choice([1, 1000, 1 << 20])
        done = tool.recordio("cat", *arguments, "--range=%d:%d" % (off, size), packed)
        assert done.stdout == BIG_ENCODED[off:off + size]
    now = seek.stat()
    assert (now.st_ino, now.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert tool.recordio("index", "--verify", *arguments, packed).returncode == tool.DONE
    listed = tool.recordio("index", "--list", *arguments).stdout.decode().splitlines()
    assert [line.split()[-1] for line in listed[1:]] == [str(packed), "index)"] or \
           [line.split()[-1] for line in listed[1:]] == ["index)", str(packed)]
    packed.unlink()
    assert b"removed 2 files" in tool.recordio("index", "--prune", *arguments).stdout
    assert not index_files(tmp_path / "index", ".seek")


def test_an_index_that_is_gone_or_damaged_is_made_anew(tmp_path):
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(packing.gz(BIG))
    arguments = ["--index_dir=%s" % (tmp_path / "index")]

    def cat():
        done = tool.recordio("cat", *arguments, packed)
        assert done.returncode == tool.DONE, done.stderr
        assert done.stdout == BIG_ENCODED
        return index_files(tmp_path / "index", ".seek")

    (seek,) = cat()
    good = seek.read_bytes()
    seek.unlink()
    assert cat() == [seek]
    # A head, a length or points that are damaged: another pass.  (Windows have seals of their own.)
    for damage in [lambda b: b[:-1], lambda b: b"", lambda b: bytes([b[0] ^ 1]) + b[1:],
                   lambda b: b[:50] + bytes([b[50] ^ 4]) + b[51:],
                   lambda b: b[:-20] + bytes([b[-20] ^ 4]) + b[-19:]]:
        seek.write_bytes(damage(good))
        assert cat() == [seek]
        assert seek.read_bytes() == good


def seek_points(data):
    """(bit, off, window_off, window_bytes, seal) of each point of a seek index's file."""
    count, = struct.unpack_from("<Q", data, 8 * SEEK_NR_POINTS_WORD)
    return [struct.unpack_from("<5Q", data, len(data) - 8 - 40 * (count - k))
            for k in range(count)]


SEEK_NR_POINTS_WORD = 13


def test_verify_finds_damaged_windows_and_prune_removes_them(tmp_path):
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(packing.gz(BIG))
    arguments = ["--index_dir=%s" % (tmp_path / "index")]

    def verify():
        done = tool.recordio("index", "--verify", *arguments, packed)
        assert not done.stderr
        return done.returncode, done.stdout.decode().removeprefix("%s: " % packed)

    tool.recordio("index", *arguments, packed)
    (seek,) = index_files(tmp_path / "index", ".seek")
    good = seek.read_bytes()
    points = seek_points(good)
    windows = [point for point in points if point[3]]
    assert len(windows) >= 3 and verify()[0] == tool.DONE
    for damaged in [windows[:1], windows[-1:], windows]:
        data = bytearray(good)
        for _, _, window_off, window_bytes, _ in damaged:
            data[window_off + window_bytes // 2] ^= 1
        seek.write_bytes(data)
        number = points.index(damaged[0])
        assert verify() == (tool.WRONG_DATA, (
            "damaged seek index: %d of %d points, the first at byte %d of the text: "
            "its window fails its seal\n") % (len(damaged), len(points) - 1, damaged[0][1]))
        listed = tool.recordio("index", "--list", *arguments).stdout.decode()
        assert re.search(r" damaged +%s .*window %d fails" % (re.escape(str(packed)), number),
                         listed)
    # Reading goes round it.
    assert tool.recordio("cat", *arguments, packed).stdout == BIG_ENCODED
    assert b"removed 1 file," in tool.recordio("index", "--prune", *arguments, packed).stdout
    assert verify() == (tool.WRONG_DATA, "no seek index is kept\n")
    tool.recordio("index", *arguments, packed)
    assert verify()[0] == tool.DONE and seek.read_bytes() == good


def test_verify_finds_an_index_that_is_whole_but_wrong(tmp_path):
    """Another window under a right seal: what it leads to is compared with the text."""
    hash64 = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_64bits_withSeed
    hash64.restype = ctypes.c_uint64
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(packing.gz(BIG))
    arguments = ["--index_dir=%s" % (tmp_path / "index")]
    tool.recordio("index", *arguments, packed)
    (seek,) = index_files(tmp_path / "index", ".seek")
    data = bytearray(seek.read_bytes())
    points = seek_points(data)
    number = max(k for k, point in enumerate(points) if point[3])
    bit, _, window_off, window_bytes, _ = points[number]
    text = bytearray(zlib.decompress(data[window_off:window_off + window_bytes]))
    text[-3000:] = text[-3000:].translate(bytes.maketrans(b"0123456789", b"1234567890"))
    for level in range(9, -1, -1):
        window = zlib.compress(text, level)
        if len(window) <= window_bytes:
            break
    data[window_off:window_off + len(window)] = window
    begin = len(data) - 8 - 40 * len(points)
    at = begin + 40 * number + 24
    seal = hash64(window, ctypes.c_size_t(len(window)), ctypes.c_uint64(bit))
    struct.pack_into("<QQ", data, at, len(window), seal)
    head_seal, = struct.unpack_from("<Q", data, 8 * (SEEK_NR_POINTS_WORD + 3))
    seal = hash64(bytes(data[begin:-8]), ctypes.c_size_t(40 * len(points)),
                  ctypes.c_uint64(head_seal))
    struct.pack_into("<Q", data, len(data) - 8, seal)
    seek.write_bytes(data)
    assert b" ok " in tool.recordio("index", "--list", *arguments).stdout
    done = tool.recordio("index", "--verify", *arguments, packed)
    assert done.returncode == tool.WRONG_DATA
    assert (b"damaged seek index: 1 of %d points, the first at byte %d of the text: it leads to "
            b"other text" % (len(points) - 1, points[number][1])) in done.stdout


def test_a_mount_whose_index_folder_vanishes_goes_on(source, mounts, tmp_path):
    (source / "a.csv.gz").write_bytes(packing.gz(BIG))
    mount = mounts(source, "index_dir=%s" % (tmp_path / "index"), "direct_io")
    assert mount.file("a.recordio").read_bytes() == BIG_ENCODED
    with open(mount.file("a.recordio"), "rb", buffering=0) as file:
        shutil.rmtree(tmp_path / "index")
        assert os.pread(file.fileno(), 1000, 1500000) == BIG_ENCODED[1500000:1501000]
    check_slices(mount.file("a.recordio"), BIG_ENCODED, seed=1, nr=5)


def test_the_plain_file_wins_and_the_log_says_so_once(source, mounts):
    (source / "b.csv").write_bytes(make.numbers(10, seed=1))
    (source / "b.csv.gz").write_bytes(packing.gz(make.numbers(20, seed=2)))
    mount = mounts(source)
    for _ in range(3):
        assert os.listdir(mount.path) == ["b.recordio"]
    assert mount.file("b.recordio").read_bytes() == encode(make.numbers(10, seed=1),
                                                           Options()).data
    assert mount.log_text().count(".csv.gz file beside it is not shown") == 1
    inode = os.stat(mount.file("b.recordio")).st_ino
    (source / "b.csv").unlink()
    assert mount.file("b.recordio").read_bytes() == encode(make.numbers(20, seed=2),
                                                           Options()).data
    assert os.stat(mount.file("b.recordio")).st_ino != inode
    assert next(os.scandir(mount.path)).inode() == os.stat(mount.file("b.recordio")).st_ino


def test_folders_of_files_are_indexed_compressed_ones_too(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.csv").write_bytes(SMALL)
    (tmp_path / "sub" / "b.csv.gz").write_bytes(packing.gz(SMALL))
    done = tool.recordio("index", tmp_path)
    assert [line.split(b":")[0] for line in done.stdout.splitlines()] == [
        bytes(tmp_path / "a.csv"), bytes(tmp_path / "sub" / "b.csv.gz")]


# --- what is wrong ---

DAMAGES = {
    "cut": lambda b: b[:len(b) // 2],
    "flipped": lambda b: b[:len(b) // 2] + bytes([b[len(b) // 2] ^ 16]) + b[len(b) // 2 + 1:],
    "crc": lambda b: b[:-6] + bytes([b[-6] ^ 1]) + b[-5:],
    "followed": lambda b: b + b"1,2,3\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("text", [SMALL, BIG], ids=["small", "big"])
def test_a_damaged_file_is_an_error_with_its_offset(damage, text, source, mounts):
    packed = DAMAGES[damage](packing.gz(text))
    (source / "a.csv.gz").write_bytes(packed)
    mount = mounts(source)
    mount.expect_log("compressed file")
    path = mount.file("a.recordio")
    assert os.stat(path).st_size == 1
    with pytest.raises(OSError) as caught:
        path.read_bytes()
    assert caught.value.errno == errno.EIO
    message = os.getxattr(path, "user.recordiofs.error").decode()
    assert message.startswith(str(source / "a.csv.gz"))
    place = int(re.findall(r"byte (\d+)", message)[-1])
    assert 0 < place <= len(packed)
    done = tool.recordio("cat", source / "a.csv.gz")
    assert (done.returncode, done.stdout) == (tool.WRONG_DATA, b"")
    assert done.stderr.decode().strip().endswith(message)
    # … and once it is right, it is.
    (source / "a.csv.gz").write_bytes(packing.gz(text))
    assert path.read_bytes() == {SMALL: SMALL_ENCODED, BIG: BIG_ENCODED}[text]


def test_cut_anywhere_and_flipped_anywhere_give_an_error_or_the_bytes(tmp_path):
    text = make.numbers(3)
    expected = encode(text, Options()).data
    packed = packing.gz(text[:40]) + packing.gz(text[40:])
    names = []
    for n in range(0, len(packed), 3):
        names.append(tmp_path / ("cut%d.csv.gz" % n))
        names[-1].write_bytes(packed[:n])
    for bit in range(5, 8 * len(packed), 29):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        names.append(tmp_path / ("flip%d.csv.gz" % bit))
        names[-1].write_bytes(flipped)
    first = packing.gz(text[:40])
    for name in names:
        done = tool.recordio("cat", "--header=no", name)
        if done.returncode == tool.DONE:
            assert done.stdout == expected
        else:
            assert done.returncode == tool.WRONG_DATA
            assert name.read_bytes() != packed and len(name.read_bytes()) != len(first)


def test_what_is_compressed_is_told_by_content(tmp_path):
    packed = packing.gz(SMALL)
    (tmp_path / "secretly.csv").write_bytes(packed)
    assert tool.cat(tmp_path / "secretly.csv") == SMALL_ENCODED
    with open(tmp_path / "secretly.csv", "rb") as file:
        assert tool.recordio("cat", "-", stdin=file).stdout == SMALL_ENCODED
    (tmp_path / "plain.csv.gz").write_bytes(SMALL)
    done = tool.recordio("cat", tmp_path / "plain.csv.gz")
    assert done.returncode == tool.WRONG_DATA
    assert b"does not begin like gzip, as its name says" in done.stderr


def test_info_tells_of_the_compression(tmp_path):
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(packing.gz(SMALL))
    text = tool.recordio("info", packed).stdout.decode()
    assert re.search(r"source +%d bytes" % packed.stat().st_size, text)
    assert re.search(r"compression +gzip\n +text +%d bytes" % len(SMALL), text)
    done = tool.recordio("info", "--json", packed).stdout.decode()
    assert json.loads(done)["compression"] == "gzip"
    assert json.loads(done)["text_bytes"] == len(SMALL)


def test_check_and_dump_take_compressed_files(tmp_path):
    packed, plain = tmp_path / "a.csv.gz", tmp_path / "a.csv"
    packed.write_bytes(packing.gz(SMALL.rstrip(b"\n")))
    plain.write_bytes(SMALL.rstrip(b"\n"))
    for command in ["check", "dump"]:
        done, expected = tool.recordio(command, packed), tool.recordio(command, plain)
        assert done.returncode == expected.returncode == tool.DONE
        assert done.stdout.replace(b".gz", b"") == expected.stdout


# --- changes, memory ---

@pytest.mark.threads
def test_a_change_under_a_mount_gives_old_or_new_bytes(source, mounts):
    (source / "a.csv.gz").write_bytes(packing.gz(BIG))
    mount = mounts(source, "direct_io")
    mount.expect_log(r"map rebuilt|another file|modified")
    path = mount.file("a.recordio")
    after = long_numbers(50000, seed=8)
    with open(path, "rb", buffering=0) as file:
        assert os.pread(file.fileno(), 1000, 0) == BIG_ENCODED[:1000]
        (source / "new").write_bytes(packing.gz(after))
        os.replace(source / "new", source / "a.csv.gz")
        for off in range(0, len(BIG_ENCODED), 1 << 20):
            try:  # the old file, still open: but that it lost its name is a change, too
                assert os.pread(file.fileno(), 1000, off) == BIG_ENCODED[off:off + 1000]
            except OSError as error:
                assert error.errno == errno.ESTALE
        with open(source / "a.csv.gz", "r+b") as rewritten:
            rewritten.write(packing.gz(BIG))
            rewritten.truncate()
    assert path.read_bytes() == BIG_ENCODED


def test_rewriting_in_place_makes_old_handles_stale(source, mounts):
    (source / "a.csv.gz").write_bytes(packing.gz(BIG))
    mount = mounts(source, "direct_io")
    mount.expect_log(r"map rebuilt|source grew|source shrank|modified")
    with open(mount.file("a.recordio"), "rb", buffering=0) as file:
        assert os.pread(file.fileno(), 1000, 0) == BIG_ENCODED[:1000]
        with open(source / "a.csv.gz", "r+b") as rewritten:
            rewritten.write(packing.gz(long_numbers(50000, seed=8)))
            rewritten.truncate()
        for off in range(0, len(BIG_ENCODED), 1 << 20):
            with pytest.raises(OSError) as caught:
                os.pread(file.fileno(), 1000, off)
            assert caught.value.errno == errno.ESTALE


def test_a_thousandfold_ratio_takes_no_memory(source, mounts):
    row = b"1" + b",0" * 50000 + b"\n"
    with gzip.open(source / "a.csv.gz", "wb", 6) as file:
        for _ in range(1500):
            file.write(row)
    assert os.stat(source / "a.csv.gz").st_size < 200000
    mount = mounts(source, "header=no")
    record = encode(row, Options(header="no")).data
    path = mount.file("a.recordio")
    assert os.stat(path).st_size == 1500 * len(record)
    with open(path, "rb", buffering=0) as file:
        for number in [1499, 0, 700, 5]:
            assert os.pread(file.fileno(), 100000, number * len(record)) == record[:100000]
    status = open("/proc/%d/status" % mount.pid, encoding="ascii").read()
    assert int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) < 100 * 1024


def test_gzip_and_pigz_make_what_is_read(source, mounts, tmp_path):
    (tmp_path / "a.csv").write_bytes(BIG)
    made = []
    for name in ["gzip", "pigz", "bgzip", "igzip"]:
        program = shutil.which(name)
        if program:
            with open(source / (name + ".csv.gz"), "wb") as out:
                subprocess.run([program, "-c", str(tmp_path / "a.csv")], stdout=out, check=True)
            made.append(name)
    if not made:
        pytest.skip("there is no gzip")
    mount = mounts(source)
    for name in made:
        assert mount.file(name + ".recordio").read_bytes() == BIG_ENCODED


# --- zstd ---

def zst(folder, name, *arguments):
    """BIG, compressed by a program of the zstd family, or a skip."""
    program = shutil.which(arguments[0])
    if not program or b"zst" not in tool.recordio("cat", folder / "none.csv.zst").stderr:
        pytest.skip("there is no %s" % arguments[0])
    with open(folder / name, "wb") as out:
        subprocess.run([program, *arguments[1:], "-q", "-c"], input=BIG, stdout=out, check=True)
    return folder / name


def test_small_zstd_frames_are_read_anywhere(source, mounts):
    zst(source, "one.csv.zst", "zstd")
    frames = b"".join(subprocess.run(["zstd", "-q", "-c"], input=BIG[at:at + 1000000], check=True,
                                     stdout=subprocess.PIPE).stdout
                      for at in range(0, len(BIG), 1000000))
    (source / "many.csv.zst").write_bytes(frames)
    mount = mounts(source)
    for name in ["one", "many"]:
        check_slices(mount.file(name + ".recordio"), BIG_ENCODED, seed=1, nr=20)
        assert mount.file(name + ".recordio").read_bytes() == BIG_ENCODED
        assert tool.cat(source / (name + ".csv.zst")) == BIG_ENCODED


def test_one_large_zstd_frame_is_refused_with_the_cure(source, mounts):
    path = zst(source, "a.csv.zst", "zstd")
    with open(path, "ab") as out:
        subprocess.run(["zstd", "-q", "-c"], input=BIG * 2, stdout=out, check=True)
    done = tool.recordio("cat", path)
    assert done.returncode == tool.WRONG_DATA
    assert b"more than 16 MiB of text" in done.stderr and b"pzstd" in done.stderr
    mount = mounts(source)
    mount.expect_log("pzstd")
    with pytest.raises(OSError):
        mount.file("a.recordio").read_bytes()
