# SPDX-License-Identifier: Apache-2.0
"""`cat` of an ordinary user's mount, cold: against root's.

Root can raise the mount's read-ahead, a user cannot.  The ratio is of speeds.
"""
import os

from goals.goal_03_cat import cold_cat
from harness import mounts
from harness.measure import Row, Skip, at_least, by_turns, rate, ratios

NUMBER = 10
TITLE = "an ordinary user's mount, cold, against root's"


def measure(shop, settings):
    if os.geteuid() != 0:
        raise Skip("only root can run as both")
    reason = mounts.why_not_as_nobody()
    if reason:
        raise Skip(reason)
    a_set = shop.set_named("b", "a", "c", "d")
    csv_bytes = shop.csv(a_set).stat().st_size
    index = shop.scratch / "index-of-nobody"
    index.mkdir(exist_ok=True)
    os.chown(index, mounts.NOBODY, mounts.NOBODY)
    user = {"wrap": mounts.as_nobody, "owner": mounts.NOBODY, "index_dir": index}
    with mounts.of_set(shop, a_set) as roots, mounts.of_set(shop, a_set, **user) as users:
        took = by_turns(settings.runs, {
            "root": lambda: cold_cat(shop, mounts.file_of_set(roots, a_set)),
            "user": lambda: cold_cat(shop, mounts.file_of_set(users, a_set), mounts.as_nobody)})
    yield Row(NUMBER, f"{a_set.name}: {TITLE}", at_least(0.85),
              ratios(took["root"], took["user"]),
              detail=f"{rate(csv_bytes, took['user'])} of CSV, root "
                     f"{rate(csv_bytes, took['root'])}")
