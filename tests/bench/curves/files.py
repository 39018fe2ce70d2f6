# SPDX-License-Identifier: Apache-2.0
"""Files in one folder: 4 KB of CSV each, one file to ten thousand.

Mounting should not care.  `ls -l`, the first ever and the next of the same mount,
and reading every file once, on a mount of its own, should grow with them.  `ls -l`
of the CSV files themselves is beside it.
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
        "first": Line("ls -l, the first", PROPORTIONAL),
        "again": Line("ls -l again", PROPORTIONAL),
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
    """`first` has to come before `again`: it leaves its time there."""
    again = []

    def mount():
        return mounts.recordiofs(shop, source, SETS["b"].options, index_dir="none")

    def mounting():
        begin = time.perf_counter()
        with mount():
            return time.perf_counter() - begin

    def ls_twice():
        with mount() as mounted:
            first, second = (execute_to_null(["ls", "-l", mounted.path]).seconds for _ in "12")
        again.append(second)
        return first

    def read():
        with mount() as mounted:
            return execute_to_null(["cat", *mounted.path.iterdir()]).seconds

    return {
        "mount": mounting,
        "first": ls_twice,
        "again": again.pop,
        "read": read,
        "source": lambda: execute_to_null(["ls", "-l", source]).seconds,
    }
