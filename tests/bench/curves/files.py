# SPDX-License-Identifier: Apache-2.0
"""Files in one folder: 4 KB of CSV each, one file to ten thousand.

Mounting should not care.  `ls -l`, of files that were never counted and with maps
kept, each on a fresh mount, and reading every file once, should grow with them.
`ls -l` of the CSV files themselves is beside it.
"""
import shutil
import time

from harness import mounts
from harness.curve import LEVEL, PROPORTIONAL, Curve, Line, folder
from harness.data import SETS
from harness.measure import by_turns, execute, execute_to_null

TITLE = "Files in a folder"
FILES = (1, 10, 100, 1000, 10_000)
QUICK_FILES = (1, 30)
KILOBYTES = 4


def measure(shop, settings):
    lines = {
        "mount": Line("mount", LEVEL),
        "fresh": Line("ls -l, first ever", PROPORTIONAL),
        "kept": Line("ls -l, maps kept", PROPORTIONAL),
        "read": Line("read every file", PROPORTIONAL),
        "source": Line("ls -l of the CSVs", PROPORTIONAL),
    }
    for nr_files in QUICK_FILES if settings.quick else FILES:
        with folder(shop, "many") as source:
            fill(shop, source, nr_files)
            took = by_turns(settings.curve_runs, contenders(shop, source))
        for name, line in lines.items():
            line.add(nr_files, took[name])
    return Curve(TITLE, f"files of {KILOBYTES} KB", [*lines.values()])


def fill(shop, source, nr_files):
    original = source / "0.csv"
    execute([shop.tool("generate"), "b", KILOBYTES / 1000, original])
    for i in range(1, nr_files):
        shutil.copyfile(original, source / f"{i}.csv")


def contenders(shop, source):
    def mount(index_dir):
        return mounts.recordiofs(shop, source, SETS["b"].options, index_dir=index_dir)

    def time_of(*command, fresh=False):
        with folder(shop, "index-of-none") as none:
            with mount(none if fresh else None) as mounted:
                path = mounted.path
                names = sorted(path.iterdir()) if command[0] == "cat" else [path]
                return execute_to_null([*command, *names]).seconds

    def mounting():
        begin = time.perf_counter()
        with mount(None):
            return time.perf_counter() - begin

    return {
        "mount": mounting,
        "fresh": lambda: time_of("ls", "-l", fresh=True),
        "kept": lambda: time_of("ls", "-l"),
        "read": lambda: time_of("cat"),
        "source": lambda: execute_to_null(["ls", "-l", source]).seconds,
    }
