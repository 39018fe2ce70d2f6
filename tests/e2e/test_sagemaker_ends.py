# SPDX-License-Identifier: Apache-2.0
"""Pipe mode's ends: unmounts, signals, kills, other worlds; and what is left behind."""
import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time

import pytest

from support import make, mounting, paths, pipes

LAYOUT = "layout=sagemaker"

as_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.fixture
def large(source, mounts):
    """More than any pipe holds."""
    pipes.fill(source, ("train", "valid"), nr_rows=30000)
    mount = mounts(source, LAYOUT)
    mount.whole = pipes.files_of(mount, "train")
    assert len(mount.whole) > 4 << 20
    return mount


def test_names_that_were_only_looked_at_do_not_keep_the_mount(large):
    for epoch in range(10):
        os.stat(pipes.fifo(large, "train", epoch))
    # Our own walk can be on its way at that very moment.
    mounting.wait_for(lambda: mounting.unmount(large.path), "the mount to be free", 5)
    assert large.wait() == 0


def test_a_mount_whose_epoch_is_read_is_busy_until_it_is_closed(large):
    fd = os.open(pipes.fifo(large, "train", 0), os.O_RDONLY)
    got = pipes.some(fd, 100000)
    assert not mounting.unmount(large.path)
    assert got + pipes.rest(fd) == large.whole
    os.close(fd)
    mounting.wait_for(lambda: mounting.unmount(large.path), "the mount to be free", 5)
    assert large.wait() == 0


def test_a_lazy_unmount_lets_a_reader_end(large):
    fd = os.open(pipes.fifo(large, "train", 0), os.O_RDONLY)
    got = pipes.some(fd, 1000)
    subprocess.run(["umount", "-l", str(large.path)] if os.getuid() == 0 else
                   ["fusermount3", "-uz", str(large.path)], check=True)
    got += pipes.rest(fd)
    os.close(fd)
    assert large.wait() == 0
    assert got == large.whole


@pytest.mark.threads
def test_sigterm_ends_epochs_that_are_being_read(large):
    fds = [os.open(pipes.fifo(large, channel, epoch), os.O_RDONLY)
           for channel in ("train", "valid") for epoch in (0, 1)]
    for fd in fds:
        assert pipes.some(fd, 1000)
    assert large.terminate() == 0
    for fd in fds:
        assert len(pipes.rest(fd)) < len(large.whole)
        os.close(fd)
    assert not mounting.is_mounted(large.path)


@pytest.mark.threads
def test_sigterm_lets_everybody_go_who_is_about_to_read(source, mounts, quick):
    """Readers that open epochs all the time: each must come back, with an end or an error.
    An epoch that was stopped between two records says so."""
    pipes.fill(source, ("train",), nr_files=1, nr_rows=10)
    dice = random.Random(5)
    for _ in range(3 if quick else 8):
        mount = mounts(source, LAYOUT)
        whole = pipes.files_of(mount, "train")
        ended = [False]
        odd = []

        def read(mount=mount, whole=whole, ended=ended, odd=odd):
            for epoch in range(1 << 30):
                try:
                    got = pipes.read(mount, "train", epoch)
                except OSError:
                    return
                if got != whole:
                    if not got or not whole.startswith(got.removesuffix(pipes.MARK)):
                        odd.append(got)
                    return

        threads = [threading.Thread(target=read, daemon=True) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(dice.uniform(0.05, 0.3))
        assert mount.terminate() == 0
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "a reader was left waiting"
        assert odd == []


def wait_until_full(fd):
    """Until what is in the pipe has been the same for a while."""
    waiting, times = b"", 0
    while times < 20:
        time.sleep(0.01)
        before, waiting = waiting, fcntl.ioctl(fd, termios.FIONREAD, b"0000")
        times = times + 1 if waiting == before else 0


@pytest.mark.parametrize("as_user", [False, True])
def test_sigterm_with_a_full_pipe_that_ends_between_records_says_so(as_user, source, mounts):
    """Records of 64 bytes fill a pipe's pages, and every page ends between two of them."""
    (source / "train").mkdir()
    (source / "train" / "a.csv").write_bytes(b"1,2,3,4,5,6\n" * 40000)
    before = ["setpriv", "--bounding-set=-sys_resource"] if as_user and os.getuid() == 0 else []
    mount = mounts(source, LAYOUT, before=before)
    whole = pipes.files_of(mount, "train")
    assert len(whole) == 64 * 40000
    fd = os.open(pipes.fifo(mount, "train", 0), os.O_RDONLY)
    got = os.read(fd, 64)
    wait_until_full(fd)
    assert mount.terminate() == 0
    got += pipes.rest(fd)
    os.close(fd)
    assert got.endswith(pipes.MARK)
    assert whole.startswith(got.removesuffix(pipes.MARK))


def test_sigterm_right_behind_a_walk_ends_at_once(large):
    for epoch in range(5):
        os.stat(pipes.fifo(large, "train", epoch))
    assert large.terminate() == 0


@pytest.mark.threads
def test_sigint_ends_as_sigterm_does(large):
    os.kill(large.pid, signal.SIGINT)
    assert large.wait() == 0
    assert not mounting.is_mounted(large.path)


def test_a_killed_daemon_ends_its_readers_and_can_be_started_again(large):
    fd = os.open(pipes.fifo(large, "train", 0), os.O_RDONLY)
    got = pipes.some(fd, 1000)
    large.kill()
    got += pipes.rest(fd)
    os.close(fd)
    assert large.whole.startswith(got) and len(got) < len(large.whole)
    with pytest.raises(OSError):
        os.stat(pipes.fifo(large, "train", 0))
    assert mounting.unmount(large.path)
    large.start()
    assert pipes.read(large, "train", 0) == large.whole


def test_a_reader_that_is_stopped_does_not_hold_up_others(large):
    reader = pipes.start_reader(pipes.fifo(large, "train", 0), 1000)
    assert reader.stdout.readline() == b"open\n"
    reader.send_signal(signal.SIGSTOP)
    try:
        assert pipes.read(large, "train", 0) == large.whole
        assert pipes.read(large, "valid", 0) == pipes.files_of(large, "valid")
        assert ("train", 0, "feeding") in pipes.feeds(large)
    finally:
        reader.kill()
        reader.wait()


def test_one_thread_is_enough_for_files_and_pipes(source, mounts):
    pipes.fill(source, ("train",))
    mount = mounts(source, LAYOUT, "threads=1", "index_dir=none")
    assert pipes.read(mount, "train", 0) == pipes.files_of(mount, "train")
    assert pipes.poll_read(pipes.fifo(mount, "train", 1)) == pipes.files_of(mount, "train")
    assert mount.terminate() == 0


def test_a_daemon_in_the_background_feeds_a_relative_mountpoint(source, tmp_path):
    if mounting.why_not():
        pytest.skip(mounting.why_not())
    pipes.fill(source, ("train",))
    (tmp_path / "mnt").mkdir()
    done = subprocess.run([str(paths.RECORDIOFS), "source", "mnt", "-o", LAYOUT], cwd=tmp_path,
                          timeout=60, check=False)
    assert done.returncode == 0
    try:
        whole = b"".join((tmp_path / "mnt/data/train" / name).read_bytes()
                         for name in sorted(os.listdir(tmp_path / "mnt/data/train")))
        assert (tmp_path / "mnt/data/train_0").read_bytes() == whole != b""
    finally:
        mounting.wait_for(lambda: mounting.unmount(tmp_path / "mnt"), "the mount to be free", 5)


@as_root
def test_a_container_reads_through_a_bind_mount(large, tmp_path):
    """Other processes' numbers, another view of the mounts."""
    (tmp_path / "inside").mkdir()
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-ec",
         'mount --bind "$0/data" "$1"; cat "$1/train_0"; head -c 10 "$1/train_1" >&2; '
         'cat "$1/train_1" "$1/valid_0"', str(large.path), str(tmp_path / "inside")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    if done.returncode and b"unshare" in done.stderr:
        pytest.skip("no namespaces can be made here")
    assert done.returncode == 0, done.stderr
    assert done.stderr == large.whole[:10]
    assert done.stdout == 2 * large.whole + pipes.files_of(large, "valid")


USER = """
set -e
mount --bind "$FUSE" /dev/fuse
exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"
"""


@as_root
@pytest.mark.skipif(not shutil.which("fusermount3"), reason="there is no fusermount3")
def test_an_ordinary_user_can_have_it_all(tmp_path):
    """With a /dev/fuse of its own that everybody may open."""
    if mounting.why_not():
        pytest.skip(mounting.why_not())
    folder = tempfile.mkdtemp(prefix="recordiofs-test-")
    program = folder + "/recordiofs"
    shutil.copy(paths.RECORDIOFS, program)
    os.mknod(folder + "/fuse", 0o666 | 0o020000, os.makedev(10, 229))
    os.chmod(folder + "/fuse", 0o666)
    os.makedirs(folder + "/source/train")
    os.mkdir(folder + "/mnt")
    for i in range(2):
        with open(folder + "/source/train/%d.csv" % i, "wb") as file:
            file.write(make.numbers(20000, seed=i))
    subprocess.run(["chown", "-R", "65534:65534", folder + "/mnt", folder + "/source"],
                   check=True)
    os.chmod(folder, 0o755)
    script = """
        {program} {folder}/source {folder}/mnt -o layout=sagemaker,index_dir=none
        stat -c %u:%a {folder}/mnt/data/train_0
        cat {folder}/mnt/data/train/*.recordio | md5sum
        head -c 5 {folder}/mnt/data/train_0 > /dev/null
        cat {folder}/mnt/data/train_0 | md5sum
        cat {folder}/mnt/data/train_1 | md5sum
        for i in 1 2 3 4 5 6 7 8 9; do fusermount3 -u {folder}/mnt && break; sleep 0.3; done
    """.format(program=program, folder=folder)
    try:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", USER, "sh", "sh", "-ec", script],
            env={**os.environ, "FUSE": folder + "/fuse", "HOME": folder},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        if b"unshare" in done.stderr or b"setpriv" in done.stderr:
            pytest.skip("no namespaces can be made here")
        assert done.returncode == 0, done.stderr
        lines = done.stdout.decode().split("\n")
        assert lines[0] == "65534:644"
        assert lines[1] == lines[2] == lines[3]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@as_root
def test_others_read_only_what_everybody_may(tmp_path):
    folder = tempfile.mkdtemp(prefix="recordiofs-test-")
    os.chmod(folder, 0o755)
    source = type(paths.TOP)(folder) / "source"
    source.mkdir()
    pipes.fill(source, ("open", "closed", "deep"), nr_rows=10)
    (source / "closed" / "part-1.csv").chmod(0o640)
    (source / "deep" / "down").mkdir(mode=0o700)
    (source / "deep" / "down" / "x.csv").write_bytes(make.numbers(5))
    mount = mounting.Mount(source, source.parent / "mnt", source.parent / "log",
                           [LAYOUT, "allow_other"])
    if mounting.why_not():
        pytest.skip(mounting.why_not())
    mount.start()
    try:
        modes = {name: os.stat(pipes.fifo(mount, name, 0)).st_mode & 0o777
                 for name in ("open", "closed", "deep")}
        assert modes == {"open": 0o644, "closed": 0o600, "deep": 0o600}
        for name in modes:
            as_nobody = subprocess.run(
                ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "cat",
                 str(pipes.fifo(mount, name, 0))], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=30, check=False)
            assert (as_nobody.returncode == 0) == (name == "open")
            assert pipes.read(mount, name, 0) == pipes.files_of(mount, name)
    finally:
        assert mount.terminate() == 0
        shutil.rmtree(folder)


# --- what is left behind ---

@pytest.mark.threads
@pytest.mark.timeout(900)
def test_many_epochs_leave_nothing_behind(source, mounts, quick, capsys):
    """RECORDIOFS_EPOCHS says how many."""
    nr_epochs = int(os.environ.get("RECORDIOFS_EPOCHS", "20" if quick else "200"))
    names = ["c%d" % i for i in range(8)]
    pipes.fill(source, names, nr_files=2, nr_rows=6000)
    mount = mounts(source, LAYOUT)
    whole = {name: pipes.files_of(mount, name) for name in names}
    wrong, held = [], []

    def read(name, epoch, seed):
        dice = random.Random(seed)
        nr_bytes = dice.choice([0, 1, dice.randrange(len(whole[name])), len(whole[name])])
        if pipes.read_some(mount, name, epoch, nr_bytes) != whole[name][:nr_bytes]:
            wrong.append((name, epoch))

    for epoch in range(nr_epochs):
        threads = [threading.Thread(target=read, args=(name, epoch, "%s %d" % (name, epoch)))
                   for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if epoch in (nr_epochs // 4, nr_epochs - 1):
            pipes.settle(mount)
            # What a feed holds goes a moment after status says that it has ended.
            mounting.wait_for(lambda: not held or pipes.holdings(mount.pid)[0] <= held[0][0],
                              "descriptors to be closed")
            held.append(pipes.holdings(mount.pid))
    assert wrong == []
    with capsys.disabled():
        print("\ndescriptors, threads, KiB: %s after %d epochs of 8 channels, %s after %d" %
              (held[0], nr_epochs // 4, held[1], nr_epochs))
    assert held[1][0] <= held[0][0]
    # libfuse starts threads as it needs them.
    assert held[1][1] <= held[0][1] + 10
    if not paths.SANITIZED:
        assert held[1][2] <= held[0][2] + 4096
    known = [line for line in mount.status().splitlines() if line.startswith("feed: ")]
    assert len(known) <= 20 + 2 * 8


def test_the_tests_own_reader_is_the_python_that_runs_them():
    """So that no test passes since a reader could not be started."""
    reader = subprocess.run([sys.executable, "-c", pipes.READER, "/dev/null", "-1"],
                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True)
    assert reader.stdout == b"open\nread 0\n"
