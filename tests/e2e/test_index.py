# SPDX-License-Identifier: Apache-2.0
"""Offset maps that are kept: used again, rebuilt when damaged or stale, built once."""
import os
import re
import stat
import subprocess

import pytest

from support import make, paths, tool
from encoder import Options, encode

BIG = make.numbers(6000)  # well above the size from which a map is kept


@pytest.fixture
def csv(source):
    (source / "big.csv").write_bytes(BIG)
    return source / "big.csv"


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


def kept(index):
    return sorted(path for path in index.iterdir() if path.is_file() and path.stat().st_size)


def test_index_keeps_a_map_and_says_so(csv, index):
    done = tool.recordio("index", "--index_dir=%s" % index, csv)
    assert done.returncode == tool.DONE, done.stderr
    maps = kept(index)
    assert len(maps) >= 1
    assert stat.S_IMODE(os.stat(index).st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in maps)
    assert all(path.stat().st_size < len(BIG) // 100 for path in maps)
    listed = tool.recordio("index", "--index_dir=%s" % index, "--list")
    assert str(csv) in listed.stdout.decode()
    assert tool.recordio("index", "--index_dir=%s" % index, "--verify", csv).returncode == 0


def test_index_takes_whole_folders(source, csv, index):
    (source / "sub").mkdir()
    (source / "sub" / "other.csv").write_bytes(BIG)
    assert tool.recordio("index", "--index_dir=%s" % index, source).returncode == 0
    listed = tool.recordio("index", "--index_dir=%s" % index, "--list").stdout.decode()
    assert str(csv) in listed and "sub/other.csv" in listed


def test_the_default_place_is_the_users_cache(csv, tmp_path):
    assert tool.recordio("index", csv).returncode == 0
    assert list((tmp_path / "cache" / "recordiofs").iterdir())


def test_the_mount_uses_the_map_that_is_kept(csv, index, source, mounts):
    tool.recordio("index", "--index_dir=%s" % index, csv)
    before = {path: path.stat().st_mtime_ns for path in kept(index)}
    mount = mounts(source, "index_dir=%s" % index)
    assert mount.file("big.recordio").read_bytes() == encode(BIG, Options()).data
    assert {path: path.stat().st_mtime_ns for path in kept(index)} == before


def test_a_lookup_of_a_large_file_builds_no_map(source, index, mounts):
    large = make.numbers(25000)
    assert len(large) > 1 << 20
    (source / "large.csv").write_bytes(large)
    mount = mounts(source, "index_dir=%s" % index)
    descriptor = os.open(mount.file("large.recordio"), os.O_PATH)
    try:
        assert not index.exists() or not kept(index)
        assert os.stat(mount.file("large.recordio")).st_size == len(encode(large, Options()).data)
        assert kept(index)
    finally:
        os.close(descriptor)
    mount.stop()
    before = {path: path.stat().st_mtime_ns for path in kept(index)}
    damaged = kept(index)[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    mount = mounts(source, "index_dir=%s" % index)
    descriptor = os.open(mount.file("large.recordio"), os.O_PATH)
    try:
        assert "rebuilt" not in mount.log_text()
        assert mount.file("large.recordio").read_bytes() == encode(large, Options()).data
        assert "map rebuilt" in mount.log_text()
        assert {path: path.stat().st_mtime_ns for path in kept(index)} != before
    finally:
        os.close(descriptor)


@pytest.fixture
def several_groups(source):
    """A file of which a mount reads the map in parts."""
    (source / "several.csv").write_bytes(make.numbers(20000) * 9)
    assert (source / "several.csv").stat().st_size > 10 << 20
    return source / "several.csv"


@pytest.mark.threads
@pytest.mark.parametrize("trouble", ["flip", "cut", "gone", "none"])
def test_what_happens_to_a_map_in_use_changes_no_byte(several_groups, index, source, mounts,
                                                     trouble):
    right = tool.recordio("cat", "--index_dir=none", several_groups).stdout
    tool.recordio("index", "--index_dir=%s" % index, several_groups)
    (path,) = kept(index)
    if trouble == "flip":  # in a group that is not the last, of which nothing is read yet
        data = bytearray(path.read_bytes())
        data[-300 * 12] ^= 1
        path.write_bytes(data)
    mount = mounts(source, "index_dir=%s" % index)
    file = mount.file("several.recordio")
    assert file.stat().st_size == len(right)
    assert path.exists()
    if trouble == "cut":
        os.truncate(path, 300)
    elif trouble == "gone":
        path.unlink()
    with open(file, "rb") as reader:
        for off in range(len(right) - 5000, 0, -len(right) // 7):
            reader.seek(off)
            assert reader.read(5000) == right[off:off + 5000], off
    assert file.read_bytes() == right
    assert path.exists() == (trouble == "none")
    mount.stop()
    assert mounts(source, "index_dir=%s" % index).file("several.recordio").read_bytes() == right
    assert kept(index)
    assert tool.recordio("index", "--index_dir=%s" % index, "--verify", several_groups
                         ).returncode == 0


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "grow", "head"])
def test_a_damaged_map_is_rebuilt_with_a_reason(csv, index, source, mounts, damage):
    tool.recordio("index", "--index_dir=%s" % index, csv)
    for path in kept(index):
        data = bytearray(path.read_bytes())
        if damage == "flip":
            data[len(data) // 2] ^= 1
        elif damage == "cut":
            del data[-9:]
        elif damage == "empty":
            data.clear()
        elif damage == "grow":
            data += bytes(8)
        else:
            data[:8] = b"\xff" * 8
        path.write_bytes(data)
    verify = tool.recordio("index", "--index_dir=%s" % index, "--verify", csv)
    assert verify.returncode == tool.WRONG_DATA
    mount = mounts(source, "index_dir=%s" % index)
    assert mount.file("big.recordio").read_bytes() == encode(BIG, Options()).data
    assert re.search(r"big\.csv: map rebuilt: \S", mount.log_text()), mount.log_text()
    mount.stop()
    assert tool.recordio("index", "--index_dir=%s" % index, "--verify", csv).returncode == 0


def test_an_append_is_taken_up(csv, index, source):
    arguments = ["--index_dir=%s" % index, csv]
    tool.recordio("index", *arguments)
    with open(csv, "ab") as file:
        file.write(BIG)
    done = tool.recordio("cat", *arguments)
    assert done.stdout == encode(BIG + BIG, Options()).data
    assert tool.recordio("index", *arguments).returncode == 0
    assert tool.recordio("index", "--verify", *arguments).returncode == 0


def test_a_rewritten_source_never_meets_its_old_map(csv, index):
    arguments = ["--index_dir=%s" % index, csv]
    tool.recordio("index", *arguments)
    other = make.numbers(6000, seed=9)
    csv.write_bytes(other)
    assert tool.recordio("cat", *arguments).stdout == encode(other, Options()).data


def test_a_folder_that_cannot_be_written_is_no_obstacle(csv, source, mounts, tmp_path):
    (tmp_path / "file").write_text("in the way")
    mount = mounts(source, "index_dir=%s" % (tmp_path / "file"))
    mount.expect_log(r"/file\b")
    assert mount.file("big.recordio").read_bytes() == encode(BIG, Options()).data


def test_index_dir_none_keeps_nothing(csv, source, mounts, tmp_path):
    assert mounts(source, "index_dir=none").file("big.recordio").stat().st_size
    assert not (tmp_path / "cache").exists()


def test_small_files_leave_no_map(source, mounts, index):
    (source / "small.csv").write_bytes(make.numbers(100))
    mounts(source, "index_dir=%s" % index).file("small.recordio").read_bytes()
    assert not index.exists() or not kept(index)


def test_maps_of_sources_that_are_gone_are_pruned(csv, index):
    tool.recordio("index", "--index_dir=%s" % index, csv)
    os.unlink(csv)
    assert tool.recordio("index", "--index_dir=%s" % index, "--prune").returncode == 0
    assert str(csv) not in tool.recordio("index", "--index_dir=%s" % index,
                                         "--list").stdout.decode()
    assert not [path for path in kept(index) if path.stat().st_size > 100]


def test_builders_at_the_same_time_agree(csv, index):
    command = [str(paths.RECORDIO), "index", "--index_dir=%s" % index, str(csv)]
    builders = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                for _ in range(6)]
    for builder in builders:
        _, text = builder.communicate(timeout=60)
        assert builder.returncode == 0, text
    assert tool.recordio("index", "--index_dir=%s" % index, "--verify", csv).returncode == 0


@pytest.mark.threads
def test_two_daemons_share_an_index(csv, index, source, mounts):
    expected = encode(BIG, Options()).data
    first = mounts(source, "index_dir=%s" % index)
    second = mounts(source, "index_dir=%s" % index, "dtype=float64")
    assert first.file("big.recordio").read_bytes() == expected
    assert second.file("big.recordio").read_bytes() == encode(BIG, Options(dtype="float64")).data


def test_progress_goes_to_stderr_in_plain_lines_without_a_terminal(csv, index):
    done = tool.recordio("index", "--index_dir=%s" % index, csv)
    assert b"\r" not in done.stdout + done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


def test_a_map_of_long_options_is_found_again(source, tmp_path):
    """The options that a map depends on are in its file, however long a list of columns is."""
    csv, nr_columns = source / "wide.csv", 40000
    row = ",".join("1" for _ in range(nr_columns)) + "\n"
    csv.write_text(row * 3)
    features = ":".join(map(str, range(1, nr_columns)))
    assert 65536 < len(features) < 2**20
    (source / "recordiofs.ini").write_text(
        "header = no\nformat = sparse\nfeatures = %s\ndrop = 0\nlabel = none\n" % features)
    arguments = ["--index_dir=%s" % (tmp_path / "index"), csv]
    assert b"map built" in tool.recordio("index", *arguments).stdout
    assert b"map is up to date" in tool.recordio("index", *arguments).stdout
    assert tool.recordio("index", "--verify", *arguments).returncode == tool.DONE
