# SPDX-License-Identifier: Apache-2.0
"""Pipe mode: every reader gets an epoch from its first byte, however it behaves."""
import gzip
import os
import random
import signal
import threading
import time

import pytest

from support import make, mounting, paths, pipes
from encoder import Options, encode

LAYOUT = "layout=sagemaker"


@pytest.fixture
def job(source, mounts):
    pipes.fill(source, ("train",))
    (source / "train" / "more").mkdir()
    (source / "train" / "more" / "x.csv").write_bytes(make.numbers(500))
    mount = mounts(source, LAYOUT)
    mount.whole = b"".join(
        encode((source / "train" / name).read_bytes(), Options()).data
        for name in ("more/x.csv", "part-0.csv", "part-1.csv", "part-2.csv"))
    return mount


@pytest.fixture
def large(source, mounts):
    """More than any pipe holds."""
    pipes.fill(source, ("train",), nr_rows=30000)
    mount = mounts(source, LAYOUT)
    mount.whole = pipes.files_of(mount, "train")
    assert len(mount.whole) > 4 << 20
    return mount


def test_an_epoch_is_all_files_in_name_order(job):
    assert pipes.read(job, "train", 0) == job.whole == pipes.files_of(job, "train")
    assert pipes.read(job, "train", 1) == job.whole


def test_any_epoch_can_be_read_in_any_order_and_again(job):
    for epoch in (5, 0, 0, 2 ** 64 - 2, 1, 0):
        assert pipes.read(job, "train", epoch) == job.whole


def test_listing_goes_up_to_the_next_epoch(job):
    for epoch in range(3):
        assert "train_%d" % epoch in os.listdir(job.file("data"))
        assert "train_%d" % (epoch + 1) not in os.listdir(job.file("data"))
        pipes.read(job, "train", epoch)


def test_status_tells_of_feeds(job):
    pipes.read(job, "train", 0)
    pipes.settle(job)
    assert pipes.feeds(job) == [("train", 0, "done")]
    assert "bytes: %d, records: 6500" % len(job.whole) in job.status()
    metrics = (job.path / ".recordiofs" / "metrics").read_text()
    assert "recordiofs_feeds_total 1\n" in metrics
    assert "recordiofs_fed_bytes_total %d\n" % len(job.whole) in metrics


@pytest.mark.threads
def test_who_closes_early_gets_the_epoch_from_its_first_byte_the_next_time(large, quick):
    dice = random.Random(7)
    for _ in range(20 if quick else 60):
        nr_bytes = dice.choice([0, 1, dice.randrange(1 << 12), dice.randrange(len(large.whole))])
        assert pipes.read_some(large, "train", 0, nr_bytes) == large.whole[:nr_bytes]
    assert pipes.read(large, "train", 0) == large.whole
    pipes.settle(large)
    assert {state for _, _, state in pipes.feeds(large)} <= {"done", "reader left"}


def test_a_reader_that_leaves_is_no_error(large):
    pipes.read_some(large, "train", 0, 1000)
    pipes.settle(large)
    assert pipes.feeds(large) == [("train", 0, "reader left")]
    assert "failed_feeds: 0\n" in large.status()


def test_each_opening_has_an_inode_of_its_own(large):
    fds, inodes = [], set()
    for _ in range(3):
        fds.append(os.open(pipes.fifo(large, "train", 0), os.O_RDONLY))
        inodes.add(os.fstat(fds[-1]).st_ino)
    assert len(inodes) == 3
    for fd in reversed(fds):
        assert pipes.rest(fd) == large.whole
        os.close(fd)


@pytest.mark.threads
def test_readers_who_open_one_epoch_at_the_same_moment_each_get_all_of_it(large, quick):
    together = threading.Barrier(6)
    wrong = []

    def read():
        for _ in range(3 if quick else 10):
            together.wait()
            if pipes.read(large, "train", 0) != large.whole:
                wrong.append(threading.current_thread().name)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.threads
def test_a_client_that_never_waits_gets_it_all(large):
    assert pipes.poll_read(pipes.fifo(large, "train", 0)) == large.whole
    assert pipes.poll_read(pipes.fifo(large, "train", 1)) == large.whole


def test_a_client_that_stats_first_gets_it_all(job):
    for epoch in range(3):
        path = pipes.fifo(job, "train", epoch)
        for _ in range(300):
            os.stat(path)
        assert pipes.read(job, "train", epoch) == job.whole


@pytest.mark.threads
def test_who_stats_all_the_time_takes_no_reader_its_pipe(job, quick):
    """Each stat makes the kernel drop the name that a reader may be walking through."""
    done, wrong = threading.Event(), []
    path = pipes.fifo(job, "train", 0)

    def look():
        while not done.is_set():
            os.stat(path)

    def read():
        wrong.extend(1 for _ in range(20 if quick else 100)
                     if pipes.read(job, "train", 0) != job.whole)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in lookers + readers:
        thread.start()
    for thread in readers:
        thread.join()
    done.set()
    for thread in lookers:
        thread.join()
    assert wrong == []


def test_a_client_that_stats_for_long_and_then_reads_gets_it_all(job):
    path = pipes.fifo(job, "train", 0)
    for _ in range(6):
        os.stat(path)
        time.sleep(0.5)
    assert pipes.read(job, "train", 0) == job.whole


def test_who_holds_the_name_for_long_gets_it_all(job):
    """O_PATH walks there and opens nothing; the daemon must still be waiting later on."""
    held = os.open(pipes.fifo(job, "train", 0), os.O_PATH)
    time.sleep(3)
    fd = os.open("/proc/self/fd/%d" % held, os.O_RDONLY)
    os.close(held)
    assert pipes.rest(fd) == job.whole
    os.close(fd)


def test_the_next_epoch_can_be_opened_before_the_last_is_ended(large):
    fds = [os.open(pipes.fifo(large, "train", epoch), os.O_RDONLY) for epoch in range(3)]
    got = [b"", b"", b""]
    for _ in range(50):
        for i in (2, 0, 1):
            got[i] += pipes.some(fds[i], 20000)
    for i, fd in enumerate(fds):
        assert got[i] + pipes.rest(fd) == large.whole
        os.close(fd)


@pytest.mark.threads
def test_eight_channels_at_once(source, mounts):
    names = ["c%d" % i for i in range(8)]
    pipes.fill(source, names, nr_files=2, nr_rows=3000)
    mount = mounts(source, LAYOUT)
    wrong = []

    def read(name):
        whole = pipes.files_of(mount, name)
        wrong.extend((name, epoch) for epoch in range(5)
                     if pipes.read(mount, name, epoch) != whole)

    threads = [threading.Thread(target=read, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.threads
def test_a_reader_that_is_killed_does_no_harm(large):
    for nr_bytes in (0, 1, 1 << 16, 1 << 20):
        reader = pipes.start_reader(pipes.fifo(large, "train", 0), nr_bytes)
        assert reader.stdout.readline() == b"open\n"
        reader.send_signal(signal.SIGKILL)
        reader.wait()
        assert pipes.read(large, "train", 0) == large.whole
    pipes.settle(large)


def test_a_reader_that_is_killed_as_it_opens_does_no_harm(job):
    dice = random.Random(3)
    for epoch in range(20):
        reader = pipes.start_reader(pipes.fifo(job, "train", epoch))
        time.sleep(dice.uniform(0.005, 0.04))
        reader.kill()
        reader.wait()
    assert pipes.read(job, "train", 0) == job.whole


def test_a_new_file_is_in_the_next_epoch(source, job):
    assert pipes.read(job, "train", 0) == job.whole
    (source / "train" / "zz.csv").write_bytes(make.numbers(10))
    more = encode(make.numbers(10), Options()).data
    assert pipes.read(job, "train", 1) == job.whole + more


def test_a_channel_without_files_ends_at_once(source, mounts):
    (source / "none").mkdir()
    assert pipes.read(mounts(source, LAYOUT), "none", 0) == b""


def test_a_gzipped_channel(source, mounts):
    pipes.fill(source, ("train",))
    mount = mounts(source, LAYOUT, "compression=Gzip")
    assert gzip.decompress(pipes.read(mount, "train", 0)) == pipes.files_of(mount, "train")


def test_a_seed_gives_each_epoch_an_order_of_its_own(source, mounts):
    pipes.fill(source, ("train",), nr_files=6, nr_rows=50)
    one, other = mounts(source, LAYOUT, "seed=1"), mounts(source, LAYOUT, "seed=1")
    epochs = [pipes.read(one, "train", epoch) for epoch in range(6)]
    assert len(set(epochs)) > 3
    assert epochs == [pipes.read(other, "train", epoch) for epoch in range(6)]
    assert {len(epoch) for epoch in epochs} == {len(pipes.files_of(one, "train"))}


# --- errors ---

BAD_ROW = b"1,2,3,4,5,6,7,oops\n"


def break_file(path):
    """The file's rows but for one in the middle that cannot be encoded; its line number."""
    rows = path.read_bytes().splitlines(keepends=True)
    rows[len(rows) // 2] = BAD_ROW
    path.write_bytes(b"".join(rows))
    return len(rows) // 2 + 1


@pytest.mark.threads
def test_a_bad_row_ends_the_epoch_early_and_is_told_everywhere(source, mounts):
    pipes.fill(source, ("train", "valid"), nr_rows=5000)
    line = break_file(source / "train" / "part-1.csv")
    place = "part-1.csv:%d:15: 'oops' is not a number" % line
    mount = mounts(source, LAYOUT)
    mount.expect_log(place)
    good = encode((source / "train" / "part-0.csv").read_bytes(), Options()).data
    good += encode((source / "train" / "part-1.csv").read_bytes(), Options()).data
    for _ in range(3):
        assert pipes.read(mount, "train", 0) == good + pipes.MARK
    assert mount.log_text().count(place) == 1
    assert place in os.getxattr(mount.file("data/train"), "user.recordiofs.error").decode()
    assert "user.recordiofs.error" in os.listxattr(mount.file("data/train"))
    assert os.listxattr(mount.file("data/valid")) == []
    assert ("train", 0, "failed") in pipes.feeds(mount)
    assert "failed_feeds: 3\n" in mount.status()
    assert "error_file: %s" % source in mount.status() and place in mount.status()
    assert pipes.read(mount, "valid", 0) == pipes.files_of(mount, "valid")


def test_a_channel_that_was_mended_has_no_error_any_more(source, mounts):
    pipes.fill(source, ("train",))
    break_file(source / "train" / "part-1.csv")
    mount = mounts(source, LAYOUT)
    mount.expect_log("oops")
    assert pipes.read(mount, "train", 0).endswith(pipes.MARK)
    (source / "train" / "part-1.csv").write_bytes(make.numbers(2000, seed=1))
    assert pipes.read(mount, "train", 0) == pipes.files_of(mount, "train")
    assert os.listxattr(mount.file("data/train")) == []
    assert "error_file" not in mount.status()


def test_a_file_that_may_not_be_read_is_told_of(source, mounts):
    pipes.fill(source, ("train",), nr_files=2, nr_rows=10)
    (source / "train" / "part-1.csv").unlink()
    os.mkfifo(source / "train" / "pipe.csv")
    mount = mounts(source, LAYOUT)
    assert pipes.read(mount, "train", 0) == pipes.files_of(mount, "train") != b""


def test_a_manifest_that_went_wrong_is_no_empty_epoch(source, mounts):
    pipes.fill(source, ("train",), nr_rows=10)
    (source / "list.json").write_text('[{"prefix": "s3://b/train/"}, "part-0.csv"]')
    mount = mounts(source, LAYOUT, "manifest=list.json")
    assert pipes.read(mount, "train", 0) == pipes.files_of(mount, "train") != b""
    (source / "list.json").write_text('[{"prefix": "s3://b/train/"}, "gone.csv"]')
    mount.expect_log("gone.csv")
    assert pipes.read(mount, "train", 1) == pipes.MARK
    assert "gone.csv" in os.getxattr(mount.file("data/train"), "user.recordiofs.error").decode()


def test_a_file_that_changes_while_it_is_fed_is_never_mixed(source, large):
    before = (source / "train" / "part-2.csv").read_bytes()
    large.expect_log("part-2.csv")
    fd = os.open(pipes.fifo(large, "train", 0), os.O_RDONLY)
    nr_before = len(large.whole) * 2 // 3 + 100000
    got = pipes.some(fd, nr_before)
    (source / "train" / "part-2.csv").write_bytes(before.replace(b"1", b"2"))
    got += pipes.rest(fd)
    os.close(fd)
    if got == large.whole:
        pytest.skip("all of it was in the pipe already")
    assert got.endswith(pipes.MARK)
    assert large.whole.startswith(got[:-len(pipes.MARK)])
    assert pipes.read(large, "train", 0) == pipes.files_of(large, "train") != large.whole


def test_a_file_that_is_gone_when_its_turn_comes_is_an_error(source, large):
    large.expect_log("part-2.csv")
    fd = os.open(pipes.fifo(large, "train", 0), os.O_RDONLY)
    got = pipes.some(fd, 1000)
    (source / "train" / "part-2.csv").unlink()
    got += pipes.rest(fd)
    os.close(fd)
    assert got == large.whole[:len(large.whole) * 2 // 3] + pipes.MARK


# --- what it costs ---

def test_the_first_byte(job, capsys):
    """Printed, not judged."""
    times = []
    for epoch in range(50):
        begin = time.monotonic()
        fd = os.open(pipes.fifo(job, "train", epoch), os.O_RDONLY)
        assert os.read(fd, 1)
        times.append(1000 * (time.monotonic() - begin))
        os.close(fd)
    times.sort()
    with capsys.disabled():
        print("\nfirst byte of an epoch: least %.2f, median %.2f, most %.2f ms" %
              (times[0], times[25], times[-1]))


@pytest.mark.skipif(paths.SANITIZED, reason="a sanitizer's own thread does not sleep")
def test_a_daemon_that_nobody_reads_from_sleeps(job):
    """A name that was looked at is waited at for a while, and then no more."""
    for epoch in range(20):
        os.stat(pipes.fifo(job, "train", epoch))

    def switches():
        total = 0
        for task in os.listdir("/proc/%d/task" % job.pid):
            with open("/proc/%d/task/%s/status" % (job.pid, task), encoding="ascii") as status:
                total += sum(int(line.split()[1]) for line in status
                             if line.startswith("voluntary"))
        return total

    def sleeps():
        before = switches()
        time.sleep(0.5)
        return switches() == before

    mounting.wait_for(sleeps, "the daemon to sleep")
    assert pipes.read(job, "train", 0) == job.whole
