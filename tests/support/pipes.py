# SPDX-License-Identifier: Apache-2.0
"""Readers of the FIFOs of layout=sagemaker, and what a daemon holds."""
import os
import select
import subprocess
import sys

from support import make, mounting

MARK = b"\xff\xff\xff\xff"  # what a failed epoch ends with


def fill(source, channels=("train",), nr_files=3, nr_rows=2000):
    """A channel folder each, with files of numbers."""
    for c, channel in enumerate(channels):
        (source / channel).mkdir(exist_ok=True)
        for f in range(nr_files):
            (source / channel / ("part-%d.csv" % f)).write_bytes(
                make.numbers(nr_rows, seed=100 * c + f))


def files_of(mount, channel):
    """All files of the channel's folder, joined in name order."""
    found = []
    for folder, _, names in os.walk(mount.file("data/%s" % channel)):
        found += [os.path.join(folder, name) for name in names]
    return b"".join(open(path, "rb").read() for path in sorted(found, key=os.fsencode))


def fifo(mount, channel, epoch):
    return mount.path / "data" / ("%s_%d" % (channel, epoch))


def read(mount, channel, epoch):
    """An epoch to its end."""
    with open(fifo(mount, channel, epoch), "rb", buffering=0) as pipe:
        return rest(pipe.fileno())


def rest(fd):
    parts = []
    while True:
        part = os.read(fd, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def read_some(mount, channel, epoch, nr_bytes):
    """The first bytes of an epoch; then the reader leaves."""
    fd = os.open(fifo(mount, channel, epoch), os.O_RDONLY)
    try:
        return some(fd, nr_bytes)
    finally:
        os.close(fd)


def some(fd, nr_bytes):
    found = b""
    while len(found) < nr_bytes:
        part = os.read(fd, nr_bytes - len(found))
        if not part:
            break
        found += part
    return found


def poll_read(path, timeout_s=60):
    """As a client does it that never waits in open or read."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    parts = []
    try:
        while True:
            ready, _, _ = select.select([fd], [], [], timeout_s)
            assert ready, "nothing came"
            try:
                part = os.read(fd, 1 << 16)
            except BlockingIOError:
                continue
            if part:
                parts.append(part)
            elif parts:
                return b"".join(parts)
    finally:
        os.close(fd)


READER = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
print("open", flush=True)
total = 0
limit = int(sys.argv[2])
while limit < 0 or total < limit:
    part = os.read(fd, 1 << 16)
    if not part:
        break
    total += len(part)
print("read", total, flush=True)
if limit >= 0:
    sys.stdin.read()
"""


def start_reader(path, limit=-1):
    """A reader in a process of its own; with a limit it then holds the pipe until its stdin
    is closed."""
    return subprocess.Popen([sys.executable, "-c", READER, str(path), str(limit)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def feeds(mount):
    """What status tells of feeds: [(channel, epoch, state)], oldest first."""
    found = []
    for line in mount.status().splitlines():
        if line.startswith("feed: "):
            words = line[len("feed: "):].split(": ", 1)
            channel, epoch = words[0].split(" ")
            found.append((channel, int(epoch), words[1].split(",")[0]))
    return found


def settle(mount):
    """Wait until no feed runs."""
    mounting.wait_for(lambda: not [f for f in feeds(mount) if f[2] == "feeding"], "the feeds")


def holdings(pid):
    """Descriptors, threads, and resident KiB of a process."""
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as status:
        lines = dict(line.split(":", 1) for line in status if ":" in line)
    return (len(os.listdir("/proc/%d/fd" % pid)), int(lines["Threads"]),
            int(lines["VmRSS"].split()[0]))
