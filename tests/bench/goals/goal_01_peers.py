# SPDX-License-Identifier: Apache-2.0
"""Counting the rows, quotes understood: against the fastest of the CSV tools.

zsv, DuckDB, polars and pyarrow on all cores, each told that there is nothing to
guess.  Ours, which makes the map as well, and zsv are whole programs; the libraries
are timed inside of Python, without their imports.  All have to find as many rows
before any is timed.
"""
from harness.measure import Failed, against_fastest, by_turns, execute, execute_json, \
    those_at_hand

NUMBER = 1
TITLE = "rows counted and mapped, all cores, against the fastest CSV tool"
LIBRARIES = ("polars", "duckdb", "pyarrow")


def make_zsv(shop, csv):
    command = [shop.peers.zsv, "count", "--parallel", csv]

    def count():
        took = execute(command)
        return took.seconds, int(took.output) + 1  # it takes the first row for names

    return count


def make_library(shop, a_set, name):
    command = shop.peers.reader_command(name, "count", a_set, shop.csv(a_set), shop.cores)

    def count():
        result = execute_json(command)
        return result["seconds"], result["rows"]

    return count


def check(a_set, peers, expected):
    for name, count in peers.items():
        _, rows = count()
        if rows != expected:
            raise Failed(f"{a_set.name}: {name} counts {rows} rows, and not {expected}")


def measure(shop, settings):
    for a_set in shop.sets:
        csv = shop.csv(a_set)
        makers = {name: lambda name=name: make_library(shop, a_set, name) for name in LIBRARIES}
        peers, missing = those_at_hand({"zsv": lambda: make_zsv(shop, csv), **makers})
        check(a_set, peers, shop.rows(a_set))
        took = by_turns(settings.runs, {
            "ours": lambda: execute([shop.tool("count_rows"), csv, shop.cores]).seconds,
            **{name: lambda count=count: count()[0] for name, count in peers.items()}})
        yield against_fastest(NUMBER, f"{a_set.name}: {TITLE}", csv.stat().st_size,
                              took.pop("ours"), took, missing)
