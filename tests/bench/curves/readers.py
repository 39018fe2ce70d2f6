# SPDX-License-Identifier: Apache-2.0
"""Readers at once: each of a file of its own, all of the same file, and at random.

Each reader is a process, and each has as much to read: from as many on as there are
cores, the time until the last is done should grow with their number.  Pages are
dropped before, so those of one file share what the first of them brings in.
"""
import os

from harness import mounts
from harness.curve import PROPORTIONAL, Curve, Line, folder, together
from harness.data import SETS
from harness.measure import by_turns, execute

TITLE = "Readers at once"
READERS = (1, 2, 4, 8, 16, 32, 64)
QUICK_READERS = (1, 4)
MEGABYTES = 8
QUICK_MEGABYTES = 1
READS = 1000
PAGE_BYTES = 4096


def measure(shop, settings):
    megabytes = QUICK_MEGABYTES if settings.quick else MEGABYTES
    counts = QUICK_READERS if settings.quick else READERS
    lines = {
        "own": Line("stream, a file each", PROPORTIONAL),
        "same": Line("stream, the same file", PROPORTIONAL),
        "random": Line(f"{READS} at random each", PROPORTIONAL),
    }
    with folder(shop, "readers") as source:
        for i in range(max(counts)):
            execute([shop.tool("generate"), "b", megabytes, source / "0.csv"] if not i else
                    ["cp", source / "0.csv", source / f"{i}.csv"])
        with mounts.recordiofs(shop, source, SETS["b"].options) as mount:
            files = [mount.path / f"{i}.recordio" for i in range(max(counts))]
            for count in counts:
                took = by_turns(settings.curve_runs, contenders(shop, files[:count]))
                for name, line in lines.items():
                    line.add(count, took[name])
    return Curve(TITLE, f"readers of {megabytes} MB of CSV", [*lines.values()])


def contenders(shop, files):
    def cold(function, paths):
        for path in set(paths):
            execute([shop.reader, "drop", path])
        return together(function, paths)

    return {
        "own": lambda: cold(stream, files),
        "same": lambda: cold(stream, [files[0]] * len(files)),
        "random": lambda: cold(read_at_random, files),
    }


def stream(path):
    buffer = bytearray(1 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def read_at_random(path):
    """A page each time that was not read before, far from the one before."""
    with open(path, "rb", buffering=0) as file:
        nr_pages = os.fstat(file.fileno()).st_size // PAGE_BYTES
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        for i in range(min(READS, nr_pages)):
            os.pread(file.fileno(), 128, i * 7919 % nr_pages * PAGE_BYTES)
