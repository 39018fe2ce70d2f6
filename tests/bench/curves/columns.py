# SPDX-License-Identifier: Apache-2.0
"""Columns, of as many bytes of CSV: one number in a row, to ten thousand.

All three costs should be level: bytes are what is paid for.  Below some ten columns
each row's own work shows, framing and label, and its own share of the records: of
one number in a row come six times more bytes of records than of ten thousand.
"""
from goals.goal_03_cat import cold_cat
from harness import mounts
from harness.curve import LEVEL, Curve, Line, folder
from harness.data import SETS
from harness.measure import by_turns, execute, execute_json

TITLE = "Columns, in as many bytes of CSV"
FEATURES = (1, 10, 100, 1000, 10_000)
QUICK_FEATURES = (1, 10_000)
MEGABYTES = 64
QUICK_MEGABYTES = 1


def measure(shop, settings):
    megabytes = QUICK_MEGABYTES if settings.quick else MEGABYTES
    count = Line("count and map", LEVEL)
    encode = Line("encode, one core", LEVEL)
    stream = Line("cat of the mount, cold", LEVEL)
    for features in QUICK_FEATURES if settings.quick else FEATURES:
        with folder(shop, "columns") as source:
            csv = source / "wide.csv"
            execute([shop.tool("generate"), features + 1, megabytes, csv])
            with mounts.recordiofs(shop, source, SETS["b"].options) as mount:
                took = by_turns(settings.curve_runs, {
                    "count": lambda: execute([shop.tool("count_rows"), csv, shop.cores]).seconds,
                    "encode": lambda: execute_json(
                        [shop.tool("encode"), csv, "header=no"])["cpu_seconds"],
                    "stream": lambda: cold_cat(shop, mount.path / "wide.recordio")})
            for line, name in ((count, "count"), (encode, "encode"), (stream, "stream")):
                line.add(features, took[name])
    return Curve(TITLE, f"feature columns, {megabytes} MB", [count, encode, stream])
