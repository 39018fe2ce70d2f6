# SPDX-License-Identifier: Apache-2.0
"""The first bytes after a mount, with a map kept from before; and stat.

Each figure of the first row is of a mount of its own: open and the first 128 KiB,
server and reader on one core.  stat asks past the kernel's attribute cache, of us
and of a null server by turns.
"""
import statistics
import time

from goals.goal_07_random import pinned
from harness import mounts
from harness.measure import Row, at_most, by_turns, execute_json, ratios

NUMBER = 8
TITLE = "first 128 KiB after mount, with a kept map"
FIRST_BYTES = 128 * 1024
STATS = 2000
SETTLE_SECONDS = 0.1  # for the kernel's and the server's first words to each other


def measure(shop, settings):
    a_set = shop.set_named("b", "a", "c", "d")

    def ask(path, *words):
        return execute_json(pinned([str(shop.reader), words[0], str(path), str(words[1])]))

    def first():
        with mounts.of_set(shop, a_set, wrap=pinned) as mount:
            time.sleep(SETTLE_SECONDS)
            return ask(mounts.file_of_set(mount, a_set), "first", FIRST_BYTES)["seconds"] * 1e6

    took = by_turns(settings.runs, {"first": first})
    yield Row(NUMBER, f"{a_set.name}: {TITLE}, one core", at_most(250), took["first"], unit="µs")

    with mounts.null(shop, "null", shop.encoded(a_set).stat().st_size, wrap=pinned) as null:
        with mounts.of_set(shop, a_set, wrap=pinned) as mount:
            took = by_turns(settings.runs, {
                "null": lambda: ask(null.path / "null", "stat", STATS)["p50_us"],
                "mount": lambda: ask(mounts.file_of_set(mount, a_set), "stat", STATS)["p50_us"]})
    yield Row(NUMBER, f"{a_set.name}: stat, p50, against a null server, same core", at_most(2),
              ratios(took["mount"], took["null"]),
              detail=f"{statistics.median(took['mount']):.1f} µs, "
                     f"null {statistics.median(took['null']):.1f} µs")
