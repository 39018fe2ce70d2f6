# SPDX-License-Identifier: Apache-2.0
"""The FIFO of a channel, read by `cat`: against `cat` of the mounted file, both cold.

The mount has its map, and only the mounted file's pages are dropped; the FIFO is fed
by `recordio feed`, which makes no map.  Each round reads the next epoch.  The first
byte is timed from the call of open on.
"""
import os
import subprocess
import tempfile
import time
from pathlib import Path

from goals.goal_03_cat import cold_cat
from harness import mounts
from harness.measure import (Failed, Row, Skip, at_least, at_most, by_turns, execute_to_null, rate,
                             ratios)

NUMBER = 9
TITLE = "FIFO of a channel, against goal 3's cat"
START_SECONDS = 10


class Feed:
    """`recordio feed` of one folder; its FIFOs one after the other."""

    def __init__(self, shop, a_set):
        self.shop = shop
        self.a_set = a_set
        self.epoch = 0

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(dir=self.shop.scratch)
        words = [word for name, value in self.a_set.options.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [self.shop.recordio, "feed", "--channel", f"c={self.shop.csv(self.a_set).parent}",
             "--to", self.folder.name, "--index_dir", self.shop.scratch / "index", *words],
            stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def next(self):
        """The FIFO of the next epoch, which waits for its reader."""
        path = Path(self.folder.name) / "data" / f"c_{self.epoch}"
        end = time.monotonic() + START_SECONDS
        while not path.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"recordio feed makes no {path}")
            time.sleep(0.001)
        self.epoch += 1
        return path


def first_byte_ms(path):
    begin = time.perf_counter()
    fd = os.open(path, os.O_RDONLY)
    got = os.read(fd, 1)
    seconds = time.perf_counter() - begin
    os.close(fd)
    if not got:
        raise Failed(f"{path} is empty")
    return seconds * 1e3


def measure(shop, settings):
    sets = [a_set for a_set in shop.sets if a_set.plain]
    if not sets:
        raise Skip("needs one of the sets a b c")
    for a_set in sets:
        csv_bytes = shop.csv(a_set).stat().st_size
        with mounts.of_set(shop, a_set) as mount, Feed(shop, a_set) as feed:
            mounted = mounts.file_of_set(mount, a_set)
            took = by_turns(settings.runs, {
                "mount": lambda: cold_cat(shop, mounted),
                "fifo": lambda: execute_to_null(["cat", feed.next()]).seconds})
            first = by_turns(settings.runs, {"ms": lambda: first_byte_ms(feed.next())})["ms"]
        yield Row(NUMBER, f"{a_set.name}: {TITLE}", at_least(1.2),
                  ratios(took["mount"], took["fifo"]),
                  detail=f"{rate(csv_bytes, took['fifo'])} of CSV, "
                         f"mount {rate(csv_bytes, took['mount'])}")
        yield Row(NUMBER, f"{a_set.name}: FIFO of a channel, first byte, no map", at_most(5),
                  first, unit="ms", detail=f"of {csv_bytes / 1e6:.0f} MB")
