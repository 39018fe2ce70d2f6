# SPDX-License-Identifier: Apache-2.0
"""Rows of a narrow CSV: a label and a number, so that rows cost most.

Counting them into a map, and streaming the mounted file with that map kept, should
grow with the rows.  The first 128 KiB after a mount, and a record at random, should
not care how many there are.
"""
from goals.goal_08_start import FIRST_BYTES
from harness import mounts
from harness.curve import LEVEL, PROPORTIONAL, Curve, Line, folder
from harness.data import SETS
from harness.measure import by_turns, execute, execute_json

TITLE = "Rows of one CSV"
ROWS = (10**4, 10**5, 10**6, 10**7, 10**8)
QUICK_ROWS = (10**3, 10**4)
ROW_BYTES = 11.495  # on average
READS = 500


def measure(shop, settings):
    count = Line("count and map", PROPORTIONAL)
    stream = Line("stream, cold", PROPORTIONAL)
    first = Line("first 128 KiB of a mount", LEVEL)
    random = Line("a record at random", LEVEL)
    for rows in QUICK_ROWS if settings.quick else ROWS:
        with folder(shop, "narrow") as source:
            csv = source / "narrow.csv"
            execute([shop.tool("generate"), 2, rows * ROW_BYTES / 1e6, csv])
            execute(["sync", csv])  # else it is written to its disk while others are timed
            counted = execute_json([shop.tool("count_rows"), csv, shop.cores])["rows"]
            took = by_turns(settings.curve_runs, contenders(shop, csv, counted))
            for line, name in ((count, "count"), (stream, "stream"), (first, "first"),
                               (random, "random")):
                line.add(counted, took[name])
    return Curve(TITLE, "rows", [count, stream, first, random])


def contenders(shop, csv, rows):
    def mount():
        return mounts.recordiofs(shop, csv.parent, SETS["b"].options)

    def ask(*words):
        with mount() as mounted:
            path = mounted.path / "narrow.recordio"
            words = [word if word != "FILE" else path for word in words]
            return execute_json([shop.reader, *words])

    def random():
        with mount() as mounted:
            path = mounted.path / "narrow.recordio"
            record_bytes = path.stat().st_size // rows
            took = execute_json([shop.reader, "random", path, record_bytes, READS])
            return took["p50_us"] / 1e6

    return {
        "count": lambda: execute([shop.tool("count_rows"), csv, shop.cores]).seconds,
        "stream": lambda: ask("seq", "FILE", 1 << 20)["seconds"],
        "first": lambda: ask("first", "FILE", FIRST_BYTES)["seconds"],
        "random": random,
    }
