# SPDX-License-Identifier: Apache-2.0
"""Views: folders joined, files cut, and indexes, against each file by itself."""
import errno
import mmap
import os
import random
import stat
import subprocess

import pytest

from support import make, mounting, packing, tool
from encoder import Options, encode

KINDS = {
    "dense": [],
    "general": ["format=sparse", "bad_row=skip", "uid=row", "text=drop"],
}


def encoded(data, **options):
    return encode(data, Options(**options)).data


def cat(path, options=()):
    done = tool.recordio("cat", *("--" + option for option in options), path)
    assert done.returncode == tool.DONE, done.stderr
    return done.stdout


def offsets(data):
    """Where each frame begins."""
    found, at = [], 0
    while at < len(data):
        found.append(at)
        at += 8 + (int.from_bytes(data[at + 4:at + 8], "little") + 3) // 4 * 4
    assert at == len(data)
    return found


def index_of(data):
    return "".join("%d\t%d\n" % line for line in enumerate(offsets(data))).encode()


def shard_names(name, nr):
    stem = name.rsplit(".", 1)[0]
    return ["%s-%05d-of-%05d.recordio" % (stem, k, nr) for k in range(nr)]


def check_shards(mount, name, whole, nr):
    pieces = [mount.file(shard).read_bytes() for shard in shard_names(name, nr)]
    assert b"".join(pieces) == whole
    counts = [len(offsets(piece)) for piece in pieces]
    assert max(counts) - min(counts) <= 1
    for shard, piece in zip(shard_names(name, nr), pieces):
        assert os.stat(mount.file(shard)).st_size == len(piece)
        assert mount.file(shard + ".idx").read_bytes() == index_of(piece)


def fill(folder, seed=1):
    """Files of several sizes, kinds and numbers of columns; returns their names in order."""
    folder.mkdir(exist_ok=True)
    sizes = {"a.csv": 40, "b.csv": 3000, "b-1.csv": 1, "c.d.csv": 700, "c.csv": 20, "Z.csv": 5}
    for at, (name, rows) in enumerate(sizes.items()):
        (folder / name).write_bytes(make.numbers(rows, 3 + at % 3, seed + at, header=at % 2))
    (folder / "empty.csv").write_bytes(b"")
    (folder / "header.csv").write_bytes(b"x,y,z\n")
    (folder / "m.csv.gz").write_bytes(packing.gz_members(make.numbers(900, 4, seed), 5))
    (folder / "notes.txt").write_text("not for readers")
    (folder / ".hidden.csv").write_bytes(b"1,2,3\n")
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep" / "own.csv").write_bytes(b"7,7,7\n8,8,8\n")
    return sorted([*sizes, "empty.csv", "header.csv", "m.csv.gz"], key=os.fsencode)


@pytest.mark.parametrize("kind", KINDS)
def test_every_view_has_the_bytes_of_the_files_it_is_made_of(kind, source, mounts):
    names = fill(source / "train")
    pieces = {name: cat(source / "train" / name, KINDS[kind]) for name in names}
    whole = b"".join(pieces[name] for name in names)
    mount = mounts(source, "concat", "shards=3", "idx", *KINDS[kind])
    assert mount.file("train.recordio").read_bytes() == whole
    assert os.stat(mount.file("train.recordio")).st_size == len(whole)
    assert mount.file("train.recordio.idx").read_bytes() == index_of(whole)
    check_shards(mount, "train.recordio", whole, 3)
    deep = cat(source / "train" / "deep" / "own.csv", KINDS[kind])
    assert mount.file("train/deep.recordio").read_bytes() == deep
    for name, piece in pieces.items():
        shown = "train/%s.recordio" % name.split(".csv")[0]
        assert mount.file(shown).read_bytes() == piece
        assert mount.file(shown + ".idx").read_bytes() == index_of(piece)
        check_shards(mount, shown, piece, 3)


@pytest.mark.threads
@pytest.mark.parametrize("kind", KINDS)
def test_any_slice_of_a_view_is_that_slice(kind, source, mounts):
    names = fill(source / "train")
    whole = b"".join(cat(source / "train" / name, KINDS[kind]) for name in names)
    mount = mounts(source, "concat", "shards=2", "idx", "direct_io", *KINDS[kind])
    first, second = (mount.file(name) for name in shard_names("train.recordio", 2))
    cut = os.stat(first).st_size
    views = {mount.file("train.recordio"): whole, first: whole[:cut], second: whole[cut:],
             mount.file("train.recordio.idx"): index_of(whole)}
    dice = random.Random(5)
    for path, expected in views.items():
        fd = os.open(path, os.O_RDONLY)
        for _ in range(150):
            off = dice.randrange(len(expected) + 100)
            length = dice.choice([1, 7, 100, 5000, 300000])
            assert os.pread(fd, length, off) == expected[off:off + length]
        os.close(fd)


def test_a_view_can_be_mapped(source, mounts):
    names = fill(source / "train")
    whole = b"".join(cat(source / "train" / name) for name in names)
    mount = mounts(source, "concat", "idx")
    for name, expected in (("train.recordio", whole), ("train.recordio.idx", index_of(whole))):
        with open(mount.file(name), "rb") as file, \
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert mapped[:] == expected


@pytest.mark.threads
def test_a_large_view_reads_in_sequence_through_many_threads(source, mounts, quick):
    for number in range(40):
        (source / ("f%02d.csv" % number)).write_bytes(
            make.numbers(3000 if quick else 9000, 9, seed=number))
    whole = b"".join(cat(path) for path in sorted(source.iterdir()))
    mount = mounts(source, "concat", "idx")
    assert mount.file("source.recordio").read_bytes() == whole
    assert mount.file("source.recordio.idx").read_bytes() == index_of(whole)
    assert "open_files: 0" in mount.status()


@pytest.mark.parametrize("nr", [1, 2, 100, 1000])
def test_shards_of_any_number_joined_are_the_whole(nr, source, mounts):
    (source / "b.csv").write_bytes(make.numbers(321, 4))
    whole = cat(source / "b.csv")
    mount = mounts(source, "shards=%d" % nr, "idx")
    check_shards(mount, "b.recordio", whole, nr)
    assert len(os.listdir(mount.path)) == 2 * (nr + 1)
    names = shard_names("b.recordio", nr)
    assert [e.name for e in os.scandir(mount.path) if "-of-" in e.name and "idx" not in e.name] \
        == names


# --- names ---

def listed(mount, folder="."):
    return sorted(os.listdir(mount.file(folder)))


def test_a_listing_holds_the_views_that_were_asked_for(source, mounts):
    (source / "train").mkdir()
    (source / "none").mkdir()
    (source / "train" / "b.csv").write_bytes(b"1,2\n3,4\n")
    assert listed(mounts(source)) == ["none", "train"]
    assert listed(mounts(source, "concat")) == ["none", "train", "train.recordio"]
    both = mounts(source, "concat", "idx")
    assert listed(both) == ["none", "train", "train.recordio", "train.recordio.idx"]
    assert listed(both, "train") == ["b.recordio", "b.recordio.idx"]
    assert listed(mounts(source, "shards=2", "suffix=rec"), "train") == [
        "b-00000-of-00002.rec", "b-00001-of-00002.rec", "b.rec"]


def test_sources_own_files_are_joined_in_it_under_its_name(source, mounts):
    (source / "b.csv").write_bytes(b"1,2\n3,4\n")
    (source / "a.csv").write_bytes(b"5,6\n")
    mount = mounts(source, "concat")
    assert listed(mount) == ["a.recordio", "b.recordio", "source.recordio"]
    assert mount.file("source.recordio").read_bytes() == \
        encoded(b"5,6\n") + encoded(b"1,2\n3,4\n")


@pytest.mark.parametrize("option", ["concat", "shards=2", "idx", "direct_io"])
def test_names_of_views_that_were_not_asked_for_do_not_exist(option, source, mounts):
    (source / "train").mkdir()
    (source / "train" / "b.csv").write_bytes(b"1,2\n3,4\n")
    mount = mounts(source, option)
    names = {"concat": ["train.recordio"], "shards=2": shard_names("train/b.recordio", 2),
             "idx": ["train/b.recordio.idx"]}
    for of, wrong in names.items():
        for name in wrong:
            assert mount.file(name).exists() == (of == option), name
    for name in ("none.recordio", "train.recordio.idx.idx", "train/b.recordio.idx.idx",
                 "train/b-00002-of-00002.recordio", "train/b-00000-of-00003.recordio",
                 "train/b-0000-of-0002.recordio", "train/-00000-of-00002.recordio", ".idx",
                 "train/b-00000-of-00002-00000-of-00002.recordio", "train.idx", ".recordio"):
        assert not mount.file(name).exists(), name


def test_readdir_and_stat_agree_on_inodes_of_views(source, mounts):
    fill(source / "train")
    (source / "b.csv").write_bytes(b"1,2\n3,4\n")
    mount = mounts(source, "concat", "shards=2", "idx")
    numbers = set()
    for folder in (mount.path, mount.file("train")):
        entries = list(os.scandir(folder))
        for entry in entries:
            assert entry.inode() == os.stat(entry.path).st_ino, entry.name
            numbers.add(entry.inode())
    assert len(numbers) == len(listed(mount)) + len(listed(mount, "train"))


def test_the_name_of_a_real_file_stays_what_it_is(source, mounts):
    (source / "train").mkdir()
    (source / "train" / "x.csv").write_bytes(b"9,9\n9,9\n9,9\n9,9\n")
    (source / "train.csv").write_bytes(b"1,2\n")
    (source / "a.csv").write_bytes(b"1,2\n3,4\n")
    (source / "a-00000-of-00002.csv").write_bytes(b"5,6\n7,8\n9,9\n")
    (source / "a.recordio.idx").mkdir()
    mount = mounts(source, "concat", "shards=2", "idx")
    mount.expect_log("train.recordio is another file's name")
    names = listed(mount)
    assert len(names) == len(set(names))
    assert mount.file("train.recordio").read_bytes() == encoded(b"1,2\n")
    assert mount.file("a-00000-of-00002.recordio").read_bytes() == encoded(b"5,6\n7,8\n9,9\n")
    assert mount.file("a-00001-of-00002.recordio").read_bytes() == encoded(b"3,4\n")
    assert mount.file("a.recordio.idx").is_dir()
    listed(mount)
    assert mount.log_text().count("is another file's name") == 1


def test_a_folder_called_as_source_wins_over_sources_own_files(source, mounts):
    (source / "source").mkdir()
    (source / "source" / "in.csv").write_bytes(b"1,2\n")
    (source / "a.csv").write_bytes(b"3,4\n5,6\n")
    mount = mounts(source, "concat")
    assert listed(mount) == ["a.recordio", "source", "source.recordio"]
    assert mount.file("source.recordio").read_bytes() == encoded(b"1,2\n")
    os.remove(source / "source" / "in.csv")
    assert mount.file("source.recordio").read_bytes() == encoded(b"3,4\n5,6\n")


def test_names_that_would_be_too_long_are_left_out(source, mounts):
    (source / ("x" * 243 + ".csv")).write_bytes(b"1,2\n")
    mount = mounts(source, "concat", "shards=2", "idx")
    assert listed(mount) == sorted(["x" * 243 + ".recordio", "source.recordio",
                                    "source.recordio.idx"] +
                                   [name + end for name in shard_names("source.recordio", 2)
                                    for end in ("", ".idx")])


def test_of_a_plain_and_a_compressed_file_the_shown_one_is_joined(source, mounts):
    (source / "b.csv").write_bytes(b"1,2\n")
    (source / "b.csv.gz").write_bytes(packing.gz(b"3,4\n"))
    (source / "b.csv-c.csv").write_bytes(b"5,6\n")
    mount = mounts(source, "concat")
    assert mount.file("source.recordio").read_bytes() == encoded(b"1,2\n") + encoded(b"5,6\n")


# --- attributes ---

def xattr(path, name):
    return os.getxattr(path, "user.recordiofs." + name).decode()


def test_extended_attributes_tell_of_a_view(source, mounts):
    (source / "train").mkdir()
    (source / "train" / "a.csv").write_bytes(b"1,2\n3,4\n")
    (source / "train" / "b.csv").write_bytes(b"h,i\n1,2\n")
    mount = mounts(source, "concat", "shards=2", "idx")
    path = mount.file("train.recordio")
    told = {name: xattr(path, name) for name in
            ("rows", "records", "columns", "record_bytes", "files", "source")}
    assert told == {"rows": "3", "records": "3", "columns": "2", "record_bytes": "48",
                    "files": "2", "source": str(source / "train")}
    shard = mount.file("train-00001-of-00002.recordio")
    assert (xattr(shard, "records"), xattr(shard, "files")) == ("2", "2")
    assert "user.recordiofs.rows" not in os.listxattr(shard)
    assert os.listxattr(mount.file("train.recordio.idx")) == ["user.recordiofs.source"]
    assert xattr(mount.file("train/a.recordio.idx"), "source") == str(source / "train" / "a.csv")
    (source / "train" / "c.csv").write_bytes(b"1,2,3\n")
    assert {"user.recordiofs.columns", "user.recordiofs.record_bytes"}.isdisjoint(
        os.listxattr(path))
    assert xattr(path, "rows") == "4"


def test_a_view_may_be_read_by_who_may_read_all_of_it(source, mounts):
    folder = source / "train"
    folder.mkdir()
    for name, mode in (("a.csv", 0o644), ("b.csv", 0o640)):
        (folder / name).write_bytes(b"1,2\n")
        os.chmod(folder / name, mode)
    mount = mounts(source, "concat", "idx")
    for name in ("train.recordio", "train.recordio.idx"):
        assert stat.S_IMODE(os.stat(mount.file(name)).st_mode) == 0o440
    os.chmod(folder, 0o700)
    assert stat.S_IMODE(os.stat(mount.file("train.recordio")).st_mode) == 0o400
    os.chmod(folder, 0o755)
    assert stat.S_IMODE(os.stat(mount.file("train.recordio")).st_mode) == 0o440


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_files_of_several_owners_joined_are_for_those_whom_all_let_in(source, mounts):
    folder = source / "train"
    folder.mkdir()
    for uid, name in ((1234, "a.csv"), (2345, "b.csv")):
        (folder / name).write_bytes(b"1,2\n")
        os.chown(folder / name, uid, uid)
        os.chmod(folder / name, 0o600)
    mount = mounts(source, "concat", "allow_other")

    def shown():
        st = os.stat(mount.file("train.recordio"))
        return st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)
    assert shown() == (0, 0, 0o400)
    os.chmod(folder / "a.csv", 0o644)
    assert shown() == (0, 0, 0o400)
    os.chmod(folder / "b.csv", 0o644)
    assert shown() == (0, 0, 0o444)
    os.chown(folder / "b.csv", 1234, 1234)
    os.chmod(folder / "b.csv", 0o600)
    assert shown() == (1234, 1234, 0o400)


def test_times_are_the_latest(source, mounts):
    for name, when in (("a.csv", 5000), ("b.csv", 9000), ("c.csv", 7000)):
        (source / name).write_bytes(b"1,2\n")
        os.utime(source / name, (1, when))
    mount = mounts(source, "concat", "shards=1")
    for name in ("source.recordio", "source-00000-of-00001.recordio"):
        assert os.stat(mount.file(name)).st_mtime == 9000


def test_a_symlink_out_of_the_source_is_not_joined(source, mounts, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.csv").write_bytes(b"42,42\n")
    (source / "folder").symlink_to(tmp_path / "outside")
    (source / "train").mkdir()
    (source / "train" / "a.csv").write_bytes(b"1,2\n")
    (source / "train" / "b.csv").symlink_to(tmp_path / "outside" / "secret.csv")
    (source / "train" / "c.csv").symlink_to("a.csv")
    (source / "train" / "loop").symlink_to("..")
    os.mkfifo(source / "train" / "d.csv")
    mount = mounts(source, "concat")
    assert not mount.file("folder.recordio").exists()
    assert not mount.file("train/loop.recordio").exists()
    assert mount.file("train.recordio").read_bytes() == 2 * encoded(b"1,2\n")


# --- what is wrong with a part ---

def pread_all(path):
    got, fd = b"", os.open(path, os.O_RDONLY)
    try:
        while part := os.pread(fd, 4096, len(got)):
            got += part
    except OSError as error:
        assert error.errno == errno.EIO
        return got, True
    finally:
        os.close(fd)
    return got, False


@pytest.mark.parametrize("kind", ["header=no", "format=sparse"])
def test_a_bad_record_ends_what_can_be_read(kind, source, mounts):
    good, bad = b"1,2\n3,4\n", b"1,2\n3,4\n5,x\n7,8\n"
    (source / "a.csv").write_bytes(good)
    (source / "b.csv").write_bytes(bad)
    (source / "c.csv").write_bytes(good)
    mount = mounts(source, "concat", "shards=2", "idx", "header=no", kind)
    mount.expect_log(r"b\.csv:3:3: 'x' is not a number")
    before = cat(source / "a.csv", ["header=no", kind]) * 2
    path = mount.file("source.recordio")
    size = os.stat(path).st_size
    assert pread_all(path) == (before, True)
    assert "b.csv:3:3: 'x' is not a number" in xattr(path, "error")
    assert "b.csv:3:3: 'x' is not a number" in xattr(mount.file("b.recordio"), "error")
    assert "b.csv:3:3" in mount.status()
    assert pread_all(mount.file("b.recordio")) == (before[:len(before) // 2], True)
    assert mount.file("a.recordio").read_bytes() == mount.file("c.recordio").read_bytes()
    first, second = (mount.file(name) for name in shard_names("source.recordio", 2))
    assert pread_all(first) == (before, False)
    assert pread_all(second) == (b"", True)
    assert os.stat(first).st_size + os.stat(second).st_size == size
    assert len(mount.file("source.recordio.idx").read_bytes().splitlines()) == 8
    assert mount.log_text().count("is not a number") == 1


def test_a_bad_record_deep_in_a_large_view_loses_nothing_before_it(source, mounts):
    rows = make.numbers(30000, 8, seed=3)
    (source / "a.csv").write_bytes(rows)
    (source / "b.csv").write_bytes(rows + b"x,1,1,1,1,1,1,1\n" + rows)
    mount = mounts(source, "concat")
    mount.expect_log(r"b\.csv:30001:1: ")
    path = mount.file("source.recordio")
    got, failed = pread_all(path)
    expected = encoded(rows) * 2
    assert failed and len(expected) - 4096 < len(got) and expected.startswith(got)
    assert pread_all(path) == (expected, True)
    assert "b.csv:30001:1" in xattr(path, "error")


def test_a_quote_that_is_never_closed_takes_all_behind_it(source, mounts):
    (source / "a.csv").write_bytes(b"1,2\n" * 10)
    (source / "b.csv").write_bytes(b"1,2\n" * 10 + b'1,"2\n' + b"1,2\n" * 39)
    mount = mounts(source, "concat", "shards=4", "header=no")
    mount.expect_log(r"b\.csv:11:3: ")
    whole = encoded(b"1,2\n" * 20, header="no")
    assert pread_all(mount.file("source.recordio")) == (whole, True)
    pieces = [pread_all(mount.file(name)) for name in shard_names("source.recordio", 4)]
    assert b"".join(piece for piece, _ in pieces) == whole
    failed = [bad for _, bad in pieces]
    sizes = [os.stat(mount.file(name)).st_size for name in shard_names("source.recordio", 4)]
    assert sum(sizes) == os.stat(mount.file("source.recordio")).st_size
    assert failed == sorted(failed) and any(failed)
    assert failed == [len(piece) < size for (piece, _), size in zip(pieces, sizes)]


@pytest.mark.parametrize("name", ["train.recordio", "train.recordio.idx",
                                  "train-00000-of-00002.recordio"])
def test_a_part_that_cannot_be_encoded_breaks_the_view(name, source, mounts):
    (source / "train").mkdir()
    (source / "train" / "a.csv").write_bytes(b"1,2\n3,4\n")
    (source / "train" / "b.csv").write_bytes("1,2\n".encode("utf-16"))
    mount = mounts(source, "concat", "shards=2", "idx")
    mount.expect_log("b.csv.*UTF-16")
    path = mount.file(name)
    assert os.stat(path).st_size == 1
    with pytest.raises(OSError) as error:
        path.read_bytes()
    assert error.value.errno == errno.EIO
    assert "UTF-16" in xattr(path, "error") and "b.csv" in xattr(path, "error")
    assert mount.file("train/a.recordio").read_bytes() == encoded(b"1,2\n3,4\n")
    os.remove(source / "train" / "b.csv")
    assert os.stat(path).st_size > 1
    assert len(path.read_bytes()) == os.stat(path).st_size


def test_texts_that_are_numbered_otherwise_are_not_joined(source, mounts):
    (source / "a.csv").write_bytes(b"1,red\n2,blue\n")
    (source / "b.csv").write_bytes(b"1,red\n2,green\n")
    mount = mounts(source, "concat", "text=map", "header=no")
    mount.expect_log("source.recordio: text=map numbers the texts of each file by themselves")
    path = mount.file("source.recordio")
    with pytest.raises(OSError) as error:
        path.read_bytes()
    assert error.value.errno == errno.EIO
    assert "text=hash:N" in xattr(path, "error")
    assert "text=hash:N" in mount.status()
    (source / "b.csv").write_bytes(b"1,red\n2,blue\n2,red\n")
    assert path.read_bytes() == mount.file("a.recordio").read_bytes() + \
        mount.file("b.recordio").read_bytes()


# --- what changes ---

A, B, C = (make.numbers(3000, 5, seed=seed) for seed in (1, 2, 3))


CHANGES = {
    "added": (lambda folder: (folder / "b.csv").write_bytes(B), A + B + C),
    "removed": (lambda folder: os.remove(folder / "a.csv"), C),
    "rewritten": (lambda folder: (folder / "c.csv").write_bytes(B), A + B),
    "renamed": (lambda folder: os.rename(folder / "a.csv", folder / "d.csv"), C + A),
    "appended": (lambda folder: open(folder / "c.csv", "ab").write(B), A + C + B),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_folder_is_another_view_at_once(change, source, mounts):
    folder = source / "train"
    folder.mkdir()
    (folder / "a.csv").write_bytes(A)
    (folder / "c.csv").write_bytes(C)
    mount = mounts(source, "concat", "shards=2", "idx")
    mount.expect_log(r"\.csv: (map rebuilt: )?(source grew|source shrank|another file|modified)")
    names = ["train.recordio", "train.recordio.idx", *shard_names("train.recordio", 2)]
    before = {name: mount.file(name).read_bytes() for name in names}
    numbers = {name: os.stat(mount.file(name)).st_ino for name in names}
    assert before["train.recordio"] == encoded(A + C)
    do, expected = CHANGES[change]
    do(folder)
    whole = encoded(expected)
    for name in names:
        assert os.stat(mount.file(name)).st_ino != numbers[name], name
    assert mount.file("train.recordio").read_bytes() == whole
    assert mount.file("train.recordio.idx").read_bytes() == index_of(whole)
    check_shards(mount, "train.recordio", whole, 2)


@pytest.mark.parametrize("options", [[], ["direct_io"]], ids=["cached", "direct"])
def test_an_old_handle_never_mixes(options, source, mounts):
    for number in range(30):
        (source / ("f%02d.csv" % number)).write_bytes(make.numbers(2000, 5, seed=number))
    whole = b"".join(encoded(path.read_bytes()) for path in sorted(source.iterdir()))
    mount = mounts(source, "concat", "idx", *options)
    fds = {os.open(mount.file("source.recordio"), os.O_RDONLY): whole,
           os.open(mount.file("source.recordio.idx"), os.O_RDONLY): index_of(whole)}
    for fd, expected in fds.items():
        assert os.pread(fd, 5000, 0) == expected[:5000]
    (source / "f20.csv").write_bytes(make.numbers(2000, 5, seed=999))
    stale = set()
    for fd, expected in fds.items():
        for off in range(0, len(expected), 40000):
            try:
                got = os.pread(fd, 40000, off)
                assert got and got == expected[off:off + len(got)]
            except OSError as error:
                assert error.errno == errno.ESTALE
                stale.add(fd)
        os.close(fd)
    assert list(fds)[0] in stale
    assert mount.file("source.recordio").read_bytes() != whole


def test_pages_of_an_unchanged_view_are_kept(source, mounts):
    fill(source / "train")
    mount = mounts(source, "concat", "shards=2", "idx")
    names = ["train.recordio", "train.recordio.idx", *shard_names("train.recordio", 2)]
    for name in names:
        mount.file(name).read_bytes()
    rows = [line for line in mount.status().splitlines() if line.startswith("rows:")]
    for name in names:
        mount.file(name).read_bytes()
    assert rows == [line for line in mount.status().splitlines() if line.startswith("rows:")]


def test_a_file_that_is_being_written_is_read_as_it_is(source, mounts):
    (source / "a.csv").write_bytes(b"1,2\n")
    with open(source / "b.csv", "wb") as writer:
        mount = mounts(source, "concat", "idx")
        for at in range(5):
            writer.write(b"%d,4\n" % at)
            writer.flush()
            whole = encoded(b"1,2\n") + mount.file("b.recordio").read_bytes()
            assert len(offsets(whole)) == at + 2
            assert mount.file("source.recordio").read_bytes() == whole
            assert mount.file("source.recordio.idx").read_bytes() == index_of(whole)


# --- many files ---

@pytest.mark.threads
def test_ten_thousand_files_are_joined(source, mounts, quick):
    nr = 1000 if quick else 10000
    folder = source / "many"
    folder.mkdir()
    for number in range(nr):
        (folder / ("%05d.csv" % number)).write_bytes(b"%d,1,2\n" % number * (number % 4))
    mount = mounts(source, "concat", "shards=7", "idx")
    subprocess.run(["prlimit", "--nofile=64:64", "--pid", str(mount.pid)], check=True)
    whole = b"".join(encoded(b"%d,1,2\n" % number * (number % 4), header="no")
                     for number in range(nr))
    assert mount.file("many.recordio").read_bytes() == whole
    assert xattr(mount.file("many.recordio"), "files") == str(nr)
    assert mount.file("many.recordio.idx").read_bytes() == index_of(whole)
    check_shards(mount, "many.recordio", whole, 7)
    assert len(os.listdir("/proc/%d/fd" % mount.pid)) < 40


# --- the call ---

@pytest.mark.parametrize("option,says", [
    ("shards=0", "shards takes a number from 1 to 99999"),
    ("shards=100000", "shards takes a number from 1 to 99999"),
    ("shards=x", "shards takes a number from 1 to 99999"),
    ("shards", "shards needs a value"), ("concat=1", "concat takes no value"),
    ("idx=yes", "idx takes no value"),
    ("passthrough=no", "passthrough takes no value"),
    ("passthrough,layout=sagemaker", "passthrough does not go with layout=sagemaker"),
    ("layout=sagemaker,idx", "idx does not go with layout=sagemaker"),
    ("concat,layout=sagemaker", "concat does not go with layout=sagemaker"),
    ("layout=sagemaker,shards=2", "shards does not go with layout=sagemaker")])
def test_a_wrong_value_is_refused(option, says, source, tmp_path):
    if mounting.why_not():
        pytest.skip(mounting.why_not())
    (tmp_path / "mnt").mkdir()
    mount = mounting.Mount(source, tmp_path / "mnt", tmp_path / "log", [option])
    done = subprocess.run(mount.command(), stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 2
    assert says in done.stderr.decode()
