# SPDX-License-Identifier: Apache-2.0
"""The daemon's life: how it starts, what ends it, who may read, what it takes."""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest

from support import make, mounting, paths
from encoder import Options, encode

NOBODY = 65534

as_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another user")


@pytest.fixture
def plain(source):
    (source / "a.csv").write_bytes(make.numbers(100))
    return encode(make.numbers(100), Options()).data


@pytest.fixture
def open_folder():
    """A folder that every user can reach, unlike pytest's."""
    folder = tempfile.mkdtemp(prefix="recordiofs-test-")
    os.chmod(folder, 0o755)
    path = type(paths.TOP)(folder)
    (path / "csv").mkdir()
    (path / "csv" / "a.csv").write_bytes(make.numbers(100))
    yield path
    shutil.rmtree(folder)


def daemons_of(path):
    """Pids of processes that were told to mount at path."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open("/proc/%s/cmdline" % entry, "rb") as line:
                words = line.read().split(b"\0")
        except OSError:
            continue
        if entry.isdigit() and os.fsencode(path) in words and b"recordiofs" in words[0]:
            found.append(int(entry))
    return found


@pytest.fixture
def background(tmp_path, source, plain, monkeypatch):
    """A mount point for daemons that go to the background, where nobody sees
    their stderr: what a sanitizer reports goes to files."""
    reason = mounting.why_not()
    if reason:
        pytest.skip(reason)
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            monkeypatch.setenv(name, "%s:log_path=%s" % (os.environ[name], tmp_path / "report"))
    path = tmp_path / "mnt"
    path.mkdir()
    yield path
    if mounting.is_mounted(path):
        mounting.unmount(path)
    mounting.wait_for(lambda: not daemons_of(path), "the daemon to end", 20)
    reports = [report.read_text() for report in tmp_path.glob("report*")]
    assert not reports, "\n".join(reports)


def call(*arguments, **settings):
    return subprocess.run([str(paths.RECORDIOFS), *map(str, arguments)], timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          **settings)


def test_the_command_returns_once_the_mount_can_be_read(background, source, plain):
    done = call(source, background)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (background / "a.recordio").read_bytes() == plain
    assert mounting.unmount(background)


def test_a_caller_without_stdio_gets_a_mount_all_the_same(background, source, plain):
    closed = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', str(paths.RECORDIOFS)]
    done = subprocess.run([*closed, str(source), str(background)], timeout=60, check=False)
    assert done.returncode == 0
    assert (background / "a.recordio").read_bytes() == plain


def test_relative_paths_mean_the_callers_folder(background, source, plain):
    done = call("source", "mnt", cwd=source.parent)
    assert done.returncode == 0
    assert (background / "a.recordio").read_bytes() == plain


def test_a_daemon_in_the_background_holds_no_terminal_and_no_folder(background, source):
    assert call(source, background).returncode == 0
    pid, = daemons_of(background)
    assert os.getsid(pid) != os.getsid(0)
    assert os.readlink("/proc/%d/cwd" % pid) == "/"


def test_sigterm_unmounts_and_ends_with_success(mounts, source, plain):
    mount = mounts(source)
    assert mount.file("a.recordio").read_bytes() == plain
    assert mount.terminate() == 0
    assert not mounting.is_mounted(mount.path)
    assert os.listdir(mount.path) == []


@pytest.mark.skipif(paths.SANITIZED, reason="a sanitizer's own memory would be counted")
def test_sigterm_ends_with_success_where_no_memory_is_left(mounts, source, plain):
    mount = mounts(source)
    mount.expect_log("error creating thread: ")  # libfuse does without
    assert mount.file("a.recordio").read_bytes() == plain
    resource.prlimit(mount.pid, resource.RLIMIT_AS, (1, 1))
    assert mount.terminate() == 0
    assert not mounting.is_mounted(mount.path)


def test_sigterm_with_everything_open_ends_with_success(mounts, source, plain):
    """Handles that the kernel has not released are no leak of the daemon's."""
    mount = mounts(source)
    opened = [os.open(path, os.O_RDONLY) for path in
              (mount.path, mount.file("a.recordio"), mount.path / ".recordiofs" / "status")]
    try:
        os.listdir(opened[0])
        assert os.read(opened[1], len(plain) + 1) == plain
        assert mount.terminate() == 0
    finally:
        for fd in opened:
            with contextlib.suppress(OSError):  # nobody is there to flush to
                os.close(fd)


def test_sigint_unmounts_too(mounts, source, plain):
    mount = mounts(source)
    mount.process.send_signal(signal.SIGINT)
    assert mount.wait() == 0
    assert not mounting.is_mounted(mount.path)


def test_sighup_changes_nothing(mounts, source, plain):
    mount = mounts(source)
    mount.process.send_signal(signal.SIGHUP)
    assert mount.file("a.recordio").read_bytes() == plain
    assert mount.process.poll() is None
    assert mount.stop() == 0


def test_unmounting_ends_the_daemon(mounts, source, plain):
    mount = mounts(source)
    assert mounting.unmount(mount.path)
    assert mount.wait() == 0


def test_sigterm_under_readers_leaves_no_stale_mount(mounts, source):
    (source / "big.csv").write_bytes(make.numbers(50000))
    mount = mounts(source)
    reader = subprocess.Popen(["sh", "-c", "while cat %s/big.recordio; do :; done" % mount.path],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        mount.process.send_signal(signal.SIGTERM)
        mounting.wait_for(lambda: not mounting.is_mounted(mount.path), "the mount to go", 30)
    finally:
        reader.wait(60)
    mount.wait()


def test_after_a_kill_the_same_command_mounts_again(mounts, source, plain):
    mount = mounts(source)
    mount.kill()
    with pytest.raises(OSError):
        os.listdir(mount.path)
    mounting.unmount(mount.path)
    mount.start()
    assert mount.file("a.recordio").read_bytes() == plain


@pytest.mark.parametrize("arguments,says", [
    (["/nonexistent", "{mnt}"], "SOURCE /nonexistent: No such file or directory"),
    (["{source}", "/nonexistent/mnt"],
     "MOUNTPOINT /nonexistent/mnt does not exist; make it first: mkdir -p /nonexistent/mnt"),
    (["{source}/a.csv", "{mnt}"], "SOURCE .*a.csv: Not a directory"),
    (["{source}", "{source}/a.csv"], "MOUNTPOINT .*a.csv: Not a directory"),
    (["{source}"], "MOUNTPOINT is missing: recordiofs .*/source MOUNTPOINT"),
    ([], "SOURCE and MOUNTPOINT are missing"),
    (["{source}", "{mnt}", "more"], "one argument too many: more$"),
    (["{source}", "{mnt}", "label=0"], "one argument too many: label=0; write -o label=0$"),
    (["{source}", "{mnt}", "--label", "0"], "unknown option: --label; write -o label=0$"),
    (["--bad-row=nan", "{source}", "{mnt}"],
     "unknown option: --bad-row=nan; write -o bad_row=nan$"),
    (["{source}", "{mnt}", "--allow_other"],
     "unknown option: --allow_other; write -o allow_other$"),
    (["{source}", "{mnt}", "--nosuch"], "unknown option: --nosuch$"),
    (["{source}", "{mnt}", "-o", "label=a,b"],
     "unknown option: b; lists are written label=a:b$"),
    (["{source}", "{mnt}", "-o", "ro,dtype=float64,drop=0:1,2"],
     "unknown option: 2; lists are written drop=0:1:2$"),
    (["{source}", "{mnt}", "-o", "dtype=float64,b"], "unknown option: b$"),
    (["{source}", "{mnt}", "-o", "nosuch=1"], "unknown option: nosuch$"),
    (["{source}", "{mnt}", "-o", "label"], "label needs a value: 0.COLUMNS.none$"),
    (["{source}", "{mnt}", "-o", "allow_other=1"], "allow_other takes no value$"),
    (["{source}", "{mnt}", "-o", "dtype=float16"], "dtype takes float32.float64.int32$"),
    (["{source}", "{mnt}", "-o", "delimiter=ab"], "delimiter takes ,.tab.CHARACTER$"),
    (["{source}", "{mnt}", "-o", "delimiter=,"],
     r"delimiter= has no value; a comma is written 'delimiter=\\,'$"),
    (["{source}", "{mnt}", "-o", r"delimiter=\t"], "a tab is written delimiter=tab$"),
    (["{source}", "{mnt}", "-o", "memory=lots"], "memory takes a number of bytes, as 64M"),
    (["{source}", "{mnt}", "-o", "threads=0"], "threads takes a number from 1 to 1024$"),
    (["{source}", "{mnt}", "-o", "umask=8"], "umask takes octal digits, as 022$"),
    (["{source}", "{mnt}", "-o", "file_uid=root"], "file_uid takes a number, as id -u prints it$"),
    (["{source}", "{mnt}", "-o", "missing=maybe"], "missing"),
    (["{source}", "{mnt}", "-o", "delimiter=;,quote=;"], "delimiter and quote"),
])
def test_a_wrong_call_is_told_and_mounts_nothing(background, source, arguments, says):
    done = call(*[word.format(source=source, mnt=background) for word in arguments])
    assert done.returncode in (2, 3), done.stderr
    assert re.search("^recordiofs: .*" + says, done.stderr.decode(), re.M), done.stderr
    assert not mounting.is_mounted(background)
    assert not daemons_of(background)


def test_hyphens_in_option_names_are_as_good_as_underscores(mounts, source, tmp_path):
    (source / "a.csv").write_bytes(b"1,2\n1,x\n")
    mount = mounts(source, "bad-row=nan", "label-dtype=float64",
                   "index-dir=%s" % (tmp_path / "index"))
    assert mount.file("a.recordio").read_bytes() == encode(
        b"1,2\n1,nan\n", Options(label_dtype="float64")).data
    assert "options: bad-row=nan," in mount.status()


@pytest.mark.parametrize("words,delimiter", [(r"delimiter=\,", b","), ("delimiter=tab", b"\t")])
def test_every_delimiter_can_be_written(mounts, source, words, delimiter):
    (source / "a.csv").write_bytes(b"1,2\n".replace(b",", delimiter))
    expected = encode(b"1,2\n", Options()).data
    assert mounts(source, words).file("a.recordio").read_bytes() == expected


def test_help_and_version_are_printed():
    reason = mounting.why_not()
    if reason:
        pytest.skip(reason)
    for option, says in (("--help", "SOURCE MOUNTPOINT"), ("--version", "recordiofs")):
        done = call(option)
        assert done.returncode == 0
        assert says in done.stdout.decode()
    text = call("--help").stdout.decode()
    for option in ("header", "delimiter", "quote", "label", "features", "drop", "dtype",
                   "label_dtype", "missing", "bad_row", "suffix", "index_dir", "memory"):
        assert option in text, option


@as_root
def test_others_may_read_only_where_allow_other_says_so(open_folder, mounts):
    script = "cat %s/a.recordio | wc -c"
    command = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups", "sh",
               "-c"]
    expected = len(encode(make.numbers(100), Options()).data)
    for options, count in (([], 0), (["allow_other"], expected)):
        mount = mounting.Mount(open_folder / "csv", open_folder / "mnt", open_folder / "log",
                               options)
        reason = mounting.why_not()
        if reason:
            pytest.skip(reason)
        mount.start()
        try:
            done = subprocess.run([*command, script % mount.path], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=False)
            assert int(done.stdout) == count, options
        finally:
            mount.stop()
        assert not mount.complaints()


@as_root
def test_a_private_file_stays_private_under_allow_other(open_folder):
    reason = mounting.why_not()
    if reason:
        pytest.skip(reason)
    os.chmod(open_folder / "csv" / "a.csv", 0o600)
    mount = mounting.Mount(open_folder / "csv", open_folder / "mnt", open_folder / "log",
                           ["allow_other"])
    mount.start()
    try:
        done = subprocess.run(["setpriv", "--reuid=%d" % NOBODY, "--clear-groups", "cat",
                               str(mount.file("a.recordio"))], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"Permission denied" in done.stderr
    finally:
        mount.stop()


def in_namespace(script, *arguments):
    """Run a shell script that may change its own mounts; skips where none can be had."""
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no mount namespace of its own can be had here")
    return subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh",
                           *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)


@as_root
@pytest.mark.parametrize("before,says", [
    ("mknod -m 600 {folder}/fuse c 10 229; mount --bind {folder}/fuse /dev/fuse; "
     "set -- setpriv --reuid=%d --clear-groups \"$@\"" % NOBODY,
     "root must allow it: chmod 666 /dev/fuse; in a container: --device /dev/fuse"),
    ("mount -t tmpfs none /dev", "there is no FUSE here: modprobe fuse; in a container: --dev"),
    ("set -- setpriv --bounding-set=-sys_admin \"$@\"", "nobody may mount here; in a container"),
], ids=["closed", "absent", "incapable"])
def test_a_refused_mount_is_told_with_the_remedy(background, open_folder, before, says):
    (open_folder / "mnt").mkdir()
    done = in_namespace(before.format(folder=open_folder) + '; exec "$@"', paths.RECORDIOFS,
                        open_folder / "csv", open_folder / "mnt")
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 3, lines
    assert len(lines) == 2, lines
    assert lines[1].startswith("recordiofs: note: " + says)
    assert lines[1].endswith("--cap-add SYS_ADMIN; without a mount: recordio cat")


def test_a_second_mount_at_the_same_place_is_refused(background, source, plain):
    assert call(source, background).returncode == 0
    done = call(source, background)
    assert done.returncode == 3
    assert done.stderr.decode() == (
        "recordiofs: MOUNTPOINT %s is the mount of a recordiofs already; unmount that first: "
        "fusermount3 -u %s\n" % (background, background))
    assert (background / "a.recordio").read_bytes() == plain
    assert mounting.unmount(background)
    assert not mounting.is_mounted(background)
    assert call(source, background).returncode == 0


@pytest.mark.parametrize("words,told", [
    ("rw", True), ("dtype=float32,rw", True), ("ro", False), ("defaults", False),
    ("rw,dev,suid", False), ("rw,noexec,nosuid,nodev,user=me", False)])
def test_rw_is_told_to_have_no_effect_unless_mount_says_it(background, source, words, told):
    """mount(8) says rw by itself, always with others."""
    done = call(source, background, "-o", words)
    assert done.returncode == 0
    assert done.stderr == (b"recordiofs: note: rw has no effect: the mount is read-only, "
                           b"SOURCE is never written\n" if told else b"")


# Run by an ordinary user: mount, read, unmount, and nothing left behind.
AS_USER = """
set -e
cd {folder}
mkdir home/mnt
{recordiofs} csv home/mnt
cat home/mnt/a.recordio
stat -c %u:%g home/mnt/a.recordio >&2
fusermount3 -u home/mnt
rmdir home/mnt
"""

# A world-accessible /dev/fuse, as udev makes it, seen by this test alone.
WITH_FUSE = """
set -e
mknod {folder}/fuse c 10 229
chmod 666 {folder}/fuse
mount --bind {folder}/fuse /dev/fuse
exec setpriv --reuid={user} --regid={user} --clear-groups \
    env HOME={folder}/home XDG_CACHE_HOME={folder}/home/.cache sh -c "$1"
"""


# The same in the foreground, whose log can be seen.
AS_USER_IN_SIGHT = """
set -e
cd {folder}
mkdir home/mnt
{recordiofs} -f csv home/mnt &
until [ -e home/mnt/a.recordio ]; do sleep 0.05; done
until grep -q '^read_ahead_kib: 128$' home/mnt/.recordiofs/status; do sleep 0.05; done
fusermount3 -u home/mnt
wait
"""


def run_as_user(folder, script):
    """Where an ordinary user may mount, by a /dev/fuse of his own."""
    reason = mounting.why_not()
    if reason or not shutil.which("fusermount3"):
        pytest.skip(reason or "there is no fusermount3")
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no mount namespace of its own can be had here")
    (folder / "home").mkdir()
    os.chown(folder / "home", NOBODY, NOBODY)
    names = {"folder": folder, "recordiofs": paths.RECORDIOFS, "user": NOBODY}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", WITH_FUSE.format(**names), "sh",
         script.format(**names)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        check=False)
    assert done.returncode == 0, done.stderr
    return done


@as_root
def test_an_ordinary_user_can_mount(open_folder):
    done = run_as_user(open_folder, AS_USER)
    assert done.stdout == encode(make.numbers(100), Options()).data
    assert done.stderr == b"0:0\n"


@as_root
def test_where_the_read_ahead_cannot_be_raised_the_log_says_who_can(open_folder):
    done = run_as_user(open_folder, AS_USER_IN_SIGHT)
    assert re.fullmatch(
        rb"recordiofs: note: the kernel reads only 128 KiB ahead here \(Permission denied\); root "
        rb"can make sequential reading faster: echo 1024 > "
        rb"/sys/class/bdi/\d+:\d+/read_ahead_kb\n", done.stderr)


def test_direct_io_keeps_nothing_in_the_page_cache(mounts, source, plain):
    mount = mounts(source, "direct_io")
    counts = []
    for _ in range(3):
        assert mount.file("a.recordio").read_bytes() == plain
        counts.append(int(re.search(r"^requests: (\d+)$", mount.status(), re.M)[1]))
    assert counts[0] < counts[1] < counts[2]


def figure(mount, name):
    return float(re.search(r"^%s: ([\d.]+)$" % name, mount.status(), re.M)[1])


def test_status_tells_random_reads_from_sequential_ones(mounts, source):
    (source / "a.csv").write_bytes(make.numbers(100000, 8))
    mount = mounts(source)
    path = mount.file("a.recordio")
    with open(path, "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        for page in range(100, 1000, 100):
            os.pread(file.fileno(), 100, page * 4096)
        assert figure(mount, "lone_reads") >= 9
        assert figure(mount, "block_hits") + figure(mount, "block_misses") == 0
        random = figure(mount, "source_bytes_per_byte")
        assert random == pytest.approx(
            figure(mount, "source_bytes") / figure(mount, "served_bytes"), abs=0.006)
    assert len(path.read_bytes()) == os.stat(path).st_size
    assert figure(mount, "block_hits") + figure(mount, "block_misses") > 0
    assert figure(mount, "source_bytes_per_byte") < random


def test_status_counts_numbers_that_are_no_work_for_vectors(mounts, source):
    """The portable kernel reads all alike, and counts none."""
    (source / "plain.csv").write_bytes(b"1,2.5,3\n" * 800)
    (source / "slow.csv").write_bytes(b"1,1_000.5,3\n" * 800)
    mount = mounts(source)
    mount.file("plain.recordio").read_bytes()
    plain = figure(mount, "slow_numbers")
    mount.file("slow.recordio").read_bytes()
    slow = figure(mount, "slow_numbers") - plain
    assert plain <= 8
    assert slow == 0 or 800 <= slow <= 808
    assert slow or not re.search("avx2", pathlib.Path("/proc/cpuinfo").read_text())


def test_status_and_metrics_tell_the_kernels_read_ahead(mounts, source):
    mount = mounts(source)
    device = os.stat(mount.path).st_dev
    bdi = pathlib.Path("/sys/class/bdi/%d:%d/read_ahead_kb" % (os.major(device), os.minor(device)))
    mounting.wait_for(lambda: figure(mount, "read_ahead_kib"), "the read-ahead", 5)
    assert figure(mount, "read_ahead_kib") == int(bdi.read_text())
    metrics = mount.file(".recordiofs/metrics").read_text()
    assert "\nrecordiofs_read_ahead_kib %d\n" % figure(mount, "read_ahead_kib") in metrics
    assert re.search(r"^# TYPE recordiofs_source_bytes_per_byte gauge$", metrics, re.M)


def test_a_sequential_reader_has_every_byte_of_source_parsed_about_once(mounts, source):
    with open(source / "big.csv", "wb") as file:
        rows = make.numbers(20000, 20)
        for _ in range(128 * 2**20 // len(rows)):
            file.write(rows)
    mount = mounts(source, "index_dir=none")
    with open(mount.file("big.recordio"), "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
    parsed = int(re.search(r"^source_bytes: (\d+)$", mount.status(), re.M)[1])
    assert parsed <= 1.05 * os.path.getsize(source / "big.csv")


@pytest.mark.skipif(paths.SANITIZED, reason="a sanitizer's own memory would be counted")
def test_memory_stays_within_the_budget(mounts, source, quick):
    rows = make.numbers(20000, 20)
    for number in range(4):
        with open(source / ("%d.csv" % number), "wb") as file:
            for _ in range(5 if quick else 20):
                file.write(rows)
    mount = mounts(source, "memory=16M", "index_dir=none")

    def read(name):
        with open(mount.file(name), "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass

    readers = [threading.Thread(target=read, args=("%d.recordio" % (number % 4),))
               for number in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    with open("/proc/%d/status" % mount.pid, encoding="ascii") as status:
        peak_kib = int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1])
    # The budget, and room for code, libraries, stacks and maps.
    assert peak_kib < (16 + 32) * 1024


@pytest.mark.threads
def test_many_readers_at_once_get_the_right_bytes(mounts, source):
    files = {}
    for number in range(6):
        data = make.numbers(5000, 6, seed=number)
        (source / ("%d.csv" % number)).write_bytes(data)
        files["%d.recordio" % number] = encode(data, Options()).data
    mount = mounts(source, "memory=4M")
    wrong = []

    def read(name, step):
        with open(mount.file(name), "rb", buffering=0) as file:
            for off in range(0, len(files[name]), step):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                if os.pread(file.fileno(), step, off) != files[name][off:off + step]:
                    wrong.append((name, off))

    readers = [threading.Thread(target=read, args=(name, step))
               for name in files for step in (65536, 10007)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert not wrong


def test_a_random_read_reads_little_of_the_source(mounts, source):
    data = make.numbers(100000, 10)
    (source / "a.csv").write_bytes(data)
    mount = mounts(source)
    path = mount.file("a.recordio")
    size = os.stat(path).st_size

    def read_so_far():
        with open("/proc/%d/io" % mount.pid, encoding="ascii") as counters:
            return int(re.search(r"rchar: (\d+)", counters.read())[1])

    with open(path, "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        before = read_so_far()
        os.pread(file.fileno(), 100, size // 2)
        assert read_so_far() - before < 512 * 1024
    assert len(data) > 4 * 1024 * 1024
