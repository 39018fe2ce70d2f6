# SPDX-License-Identifier: Apache-2.0
"""Counting the rows, quotes understood: against the fastest of the CSV tools.

zsv, DuckDB, polars and pyarrow on all cores, each told that there is nothing to
guess.  Ours, which makes the map as well, and zsv are whole programs; the libraries
are timed inside of Python, without their imports.  All have to find as many rows
before any is timed.
"""
from harness.measure import Failed, against_fastest, by_turns, execute, execute_json, \
    those_at_hand
from harness.peers import RUNS

NUMBER = 1
TITLE = "rows counted and mapped, all cores, against the fastest CSV tool"
LIBRARIES = ("polars", "duckdb", "pyarrow")


def counting_zsv(shop, csv, expected):
    command = [shop.peers.zsv, "count", "--parallel", csv]

    def count():
        took = execute(command)
        check("zsv", int(took.output) + 1, expected)  # it takes the first row for names
        return took.seconds

    return count


def counting(shop, a_set, library, expected):
    command = shop.peers.reader_command(library, "count", a_set, shop.csv(a_set), shop.cores)

    def count():
        result = execute_json(command)
        check(library, result["rows"], expected)
        return result["seconds"]

    return count


def check(who, rows, expected):
    if rows != expected:
        raise Failed(f"{who} counts {rows} rows, and not {expected}")


def measure(shop, settings):
    for a_set in shop.sets:
        csv, rows = shop.csv(a_set), shop.rows(a_set)
        peers, missing = those_at_hand({
            "zsv": lambda: counting_zsv(shop, csv, rows),
            **{library: lambda library=library: counting(shop, a_set, library, rows)
               for library in LIBRARIES}})
        took = by_turns(min(settings.runs, RUNS), {
            "ours": lambda: execute([shop.tool("count_rows"), csv, shop.cores]).seconds, **peers})
        yield against_fastest(NUMBER, f"{a_set.name}: {TITLE}", csv.stat().st_size,
                              took.pop("ours"), took, missing)
