# SPDX-License-Identifier: Apache-2.0
"""What a mount shows: names, attributes, and nothing that can be written."""
import errno
import os
import stat
import subprocess

import pytest

from support import make, mounting


@pytest.fixture
def tree(source, mounts):
    """A folder with everything that must not show beside what must."""
    for folder in ("train", "train/deep", "valid", ".hidden", "empty"):
        (source / folder).mkdir()
    for name in ("b.csv", "a.csv", "B.csv", "10.csv", "train/x.csv", "train/deep/y.csv",
                 ".dot.csv", ".hidden/z.csv", "valid/v.CSV"):
        (source / name).write_bytes(make.numbers(5))
    for name in ("notes.txt", "model.recordio", "noext", "valid/README"):
        (source / name).write_text("not for readers")
    return mounts(source)


def test_a_listing_holds_csv_files_and_folders_only(tree):
    names = os.listdir(tree.path)
    assert set(names) == {"10.recordio", "B.recordio", "a.recordio", "b.recordio", "empty",
                          "train", "valid"}
    assert os.listdir(tree.file("empty")) == []
    assert os.listdir(tree.file("train/deep")) == ["y.recordio"]


def test_listings_are_sorted(source, mounts):
    names = ["%s.csv" % name for name in ("m", "a", "Z", "10", "9", "é", "_", "aa", "a-b")]
    for name in names:
        (source / name).write_bytes(b"1,2\n")
    listed = [entry.name for entry in os.scandir(mounts(source).path)]
    assert listed == sorted(listed, key=os.fsencode)
    assert len(listed) == len(names)


def test_hidden_files_are_not_listed(tree):
    for folder, _, names in os.walk(tree.path):
        assert not [name for name in names if name.startswith(".")], folder
        assert ".hidden" not in folder


def test_the_suffix_can_be_chosen(source, mounts):
    (source / "a.csv").write_bytes(b"1,2\n")
    assert os.listdir(mounts(source, "suffix=pbr").path) == ["a.pbr"]


def test_names_without_a_csv_do_not_exist(tree):
    for name in ("nothing.recordio", "a.csv", "notes.txt", "train/nothing.recordio",
                 "a.recordio/x"):
        with pytest.raises(OSError) as error:
            os.stat(tree.file(name))
        assert error.value.errno in (errno.ENOENT, errno.ENOTDIR), name


def test_odd_names_are_served(source, mounts):
    names = ["new\nline", "com,ma", "quo\"te", "back\\slash", "spa ce", "x" * 250, "-o", "%s"]
    for name in names:
        (source / (name[:251] + ".csv")).write_bytes(b"1,2\n")
    (source / os.fsdecode(b"latin\xe9.csv")).write_bytes(b"1,2\n")
    mount = mounts(source)
    mount.expect_log("xxx.csv: left out, since its name .* too long")
    listed = os.listdir(mount.path)
    expected = {name + ".recordio" for name in names if len(name) < 240}
    assert expected | {os.fsdecode(b"latin\xe9.recordio")} <= set(listed)
    for name in expected:
        assert len(mount.file(name).read_bytes()) == os.stat(mount.file(name)).st_size > 0


def test_attributes_are_those_of_a_plain_readable_file(tree, source):
    shown, real = os.stat(tree.file("a.recordio")), os.stat(source / "a.csv")
    assert stat.S_ISREG(shown.st_mode)
    assert shown.st_mode & 0o222 == 0
    assert shown.st_mode & 0o444 == real.st_mode & 0o444
    assert shown.st_nlink == 1
    assert shown.st_mtime_ns == real.st_mtime_ns
    assert shown.st_blksize >= 128 * 1024
    assert (shown.st_uid, shown.st_gid) == (real.st_uid, real.st_gid)
    assert stat.S_ISDIR(os.stat(tree.file("train")).st_mode)


def test_blocks_tell_the_size_in_sectors(source, mounts):
    (source / "a.csv").write_bytes(make.numbers(3000))
    shown = os.stat(mounts(source).file("a.recordio"))
    assert shown.st_size <= shown.st_blocks * 512 < shown.st_size + 128 * 1024


def test_inode_numbers_are_stable_and_unique(tree):
    def numbers():
        return {path: os.stat(path).st_ino for path in
                (tree.file(name) for name in ("a.recordio", "b.recordio", "train",
                                              "train/x.recordio", "train/deep"))}
    first = numbers()
    assert numbers() == first
    assert len(set(first.values())) == len(first)


def test_readdir_and_stat_agree_on_inodes(tree):
    for entry in os.scandir(tree.path):
        assert entry.inode() == os.stat(entry.path).st_ino, entry.name


@pytest.mark.threads
def test_ls_of_2000_files_shows_every_exact_size(source, mounts):
    for number in range(2000):
        (source / ("f%04d.csv" % number)).write_bytes(make.numbers(number % 7 + 1, 3))
    mount = mounts(source)
    done = subprocess.run(["ls", "-l", str(mount.path)], stdout=subprocess.PIPE, check=True,
                          timeout=150)
    lines = done.stdout.decode().splitlines()[1:]
    assert len(lines) == 2000
    one = int(lines[0].split()[4])
    for number, line in enumerate(lines):
        words = line.split()
        assert words[-1] == "f%04d.recordio" % number
        assert int(words[4]) == one * (number % 7 + 1)


WRITES = {
    "open for writing": lambda p: os.open(p / "a.recordio", os.O_WRONLY),
    "open for both": lambda p: os.open(p / "a.recordio", os.O_RDWR),
    "truncate": lambda p: os.truncate(p / "a.recordio", 0),
    "create": lambda p: os.open(p / "new.recordio", os.O_CREAT | os.O_WRONLY),
    "unlink": lambda p: os.unlink(p / "a.recordio"),
    "rename": lambda p: os.rename(p / "a.recordio", p / "c.recordio"),
    "mkdir": lambda p: os.mkdir(p / "new"),
    "rmdir": lambda p: os.rmdir(p / "empty"),
    "symlink": lambda p: os.symlink("a", p / "link"),
    "link": lambda p: os.link(p / "a.recordio", p / "link"),
    "mkfifo": lambda p: os.mkfifo(p / "fifo"),
    "chmod": lambda p: os.chmod(p / "a.recordio", 0o777),
    "chown": lambda p: os.chown(p / "a.recordio", 1, 1),
    "utime": lambda p: os.utime(p / "a.recordio", (1, 1)),
    "setxattr": lambda p: os.setxattr(p / "a.recordio", "user.new", b"1"),
    "removexattr": lambda p: os.removexattr(p / "a.recordio", "user.recordiofs.rows"),
}


@pytest.mark.parametrize("what", WRITES)
def test_every_write_is_refused_as_to_a_read_only_filesystem(tree, what):
    with pytest.raises(OSError) as error:
        WRITES[what](tree.path)
    assert error.value.errno == errno.EROFS
    assert (tree.source / "a.csv").read_bytes() == make.numbers(5)


def test_statfs_tells_of_a_read_only_filesystem(tree):
    told = os.statvfs(tree.path)
    assert told.f_flag & os.ST_RDONLY
    assert told.f_namemax >= 255
    assert told.f_bavail == 0 or told.f_bavail <= told.f_blocks
    assert subprocess.run(["df", str(tree.path)], stdout=subprocess.DEVNULL).returncode == 0


def test_the_mount_asks_for_permission_checks_and_is_read_only(tree):
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        line = next(line for line in mounts if line.split()[4] == str(tree.path))
    options = set(",".join(line.split(" - ")[1].split()[2:] + [line.split()[5]]).split(","))
    assert {"ro", "nosuid", "nodev", "default_permissions"} <= options
    assert "fuse" in line.split(" - ")[1].split()[0]


def test_permissions_of_the_source_hold(source, mounts):
    (source / "a.csv").write_bytes(b"1,2\n")
    os.chmod(source / "a.csv", 0o640)
    assert os.stat(mounts(source).file("a.recordio")).st_mode & 0o777 == 0o440


@pytest.mark.skipif(os.getuid() != 0, reason="only root may say whose files they are")
def test_uid_gid_and_umask_are_what_the_options_say(source, mounts):
    (source / "a.csv").write_bytes(b"1,2\n")
    (source / "sub").mkdir()
    mount = mounts(source, "file_uid=1234", "file_gid=2345", "umask=027")
    for name, mode in (("a.recordio", 0o440), ("sub", 0o550)):
        shown = os.stat(mount.file(name))
        assert (shown.st_uid, shown.st_gid) == (1234, 2345)
        assert shown.st_mode & 0o777 & ~0o222 == mode


def test_a_symlink_out_of_the_source_is_not_followed(source, mounts, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.csv").write_bytes(b"42,42\n")
    (source / "file.csv").symlink_to(tmp_path / "outside" / "secret.csv")
    (source / "relative.csv").symlink_to("../outside/secret.csv")
    (source / "folder").symlink_to(tmp_path / "outside")
    mount = mounts(source)
    for name in ("file.recordio", "relative.recordio", "folder/secret.recordio"):
        with pytest.raises(OSError):
            mount.file(name).read_bytes()
    assert not list(mount.path.glob("folder/*"))


def test_a_folder_swapped_for_a_symlink_is_not_followed(source, mounts, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.csv").write_bytes(b"42,42\n")
    (source / "sub").mkdir()
    (source / "sub" / "a.csv").write_bytes(b"1,2\n")
    mount = mounts(source)
    assert os.listdir(mount.file("sub")) == ["a.recordio"]
    os.rename(source / "sub", source / "old")
    (source / "sub").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError):
        mount.file("sub/a.recordio").read_bytes()


def test_what_is_no_regular_file_is_never_opened(source, mounts):
    os.mkfifo(source / "fifo.csv")
    (source / "folder.csv").mkdir()
    (source / "folder.csv" / "in.csv").write_bytes(b"1,2\n")
    (source / "good.csv").write_bytes(b"1,2\n")
    if os.getuid() == 0:
        os.mknod(source / "device.csv", stat.S_IFCHR | 0o644, os.makedev(1, 5))
    mount = mounts(source)
    subprocess.run(["ls", "-lR", str(mount.path)], timeout=20, stdout=subprocess.DEVNULL)
    for name in ("fifo.recordio", "device.recordio"):
        done = subprocess.run(["cat", str(mount.file(name))], timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        assert (done.returncode, done.stdout) == (1, b""), name
    assert mount.file("good.recordio").read_bytes()


def test_what_the_tool_knows_stands_in_xattrs(source, mounts):
    (source / "a.csv").write_bytes(make.numbers(12, 4))
    path = mounts(source).file("a.recordio")
    names = set(os.listxattr(path))
    assert {"user.recordiofs.rows", "user.recordiofs.columns", "user.recordiofs.record_bytes",
            "user.recordiofs.source"} <= names
    assert "user.recordiofs.error" not in names
    assert os.getxattr(path, "user.recordiofs.rows") == b"12"
    assert os.getxattr(path, "user.recordiofs.columns") == b"4"
    assert int(os.getxattr(path, "user.recordiofs.record_bytes")) * 12 == os.stat(path).st_size
    assert os.getxattr(path, "user.recordiofs.source").endswith(b"a.csv")
    with pytest.raises(OSError) as error:
        os.getxattr(path, "user.other")
    assert error.value.errno == errno.ENODATA


def test_status_is_reachable_by_name_and_in_no_listing(tree):
    assert ".recordiofs" not in os.listdir(tree.path)
    text = tree.status()
    assert str(tree.source) in text
    assert os.stat(tree.file(".recordiofs/status")).st_mode & 0o222 == 0


def test_new_and_renamed_folders_show(source, mounts):
    mount = mounts(source)
    assert os.listdir(mount.path) == []
    (source / "new").mkdir()
    (source / "new" / "a.csv").write_bytes(make.numbers(3))
    mounting.wait_for(lambda: os.listdir(mount.path) == ["new"], "the new folder", 5)
    size = os.stat(mount.file("new/a.recordio")).st_size
    os.rename(source / "new", source / "newer")
    mounting.wait_for(lambda: os.listdir(mount.path) == ["newer"], "the new name", 5)
    assert os.stat(mount.file("newer/a.recordio")).st_size == size
    assert len(mount.file("newer/a.recordio").read_bytes()) == size
    mounting.wait_for(lambda: not os.path.exists(mount.file("new/a.recordio")),
                      "the old name to go", 5)
