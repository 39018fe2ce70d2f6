# SPDX-License-Identifier: Apache-2.0
"""`cat` of a mounted file whose pages are not cached: against `cat` of the CSV.

Elapsed time, both to /dev/null.  Cold means the mounted file's pages; the CSV's
are cached for both, and the map is kept, as on any but the first read.
"""
from harness import mounts
from harness.measure import Row, Skip, at_most, by_turns, execute, execute_to_null, rate, ratios

NUMBER = 3
TITLE = "cat of the mount, cold, against cat of the CSV"
WANTED = {"a": at_most(1.8), "b": at_most(2.3)}


def cold_cat(shop, path, wrap=lambda command: command):
    """Seconds that cat takes on a file whose cached pages were dropped before."""
    execute(wrap([str(shop.reader), "drop", str(path)]))
    return execute_to_null(wrap(["cat", str(path)])).seconds


def measure(shop, settings):
    sets = [a_set for a_set in shop.sets if a_set.plain]
    if not sets:
        raise Skip("needs one of the sets a b c")
    for a_set in sets:
        csv = shop.csv(a_set)
        with mounts.of_set(shop, a_set) as mount:
            mounted = mounts.file_of_set(mount, a_set)
            took = by_turns(settings.runs, {
                "csv": lambda: execute_to_null(["cat", csv]).seconds,
                "mount": lambda: cold_cat(shop, mounted)})
            nr_bytes = mounted.stat().st_size
        yield Row(NUMBER, f"{a_set.name}: {TITLE}", WANTED.get(a_set.name),
                  ratios(took["mount"], took["csv"]),
                  detail=f"{rate(csv.stat().st_size, took['mount'])} of CSV, "
                         f"{rate(nr_bytes, took['mount'])} of records, "
                         f"cat of the CSV {rate(csv.stat().st_size, took['csv'])}")
