# SPDX-License-Identifier: Apache-2.0
"""`cat` of the mount, cold: against pandas and the SageMaker SDK's writer.

The writer is so slow that it gets a slice of the file only, and both are compared
by the time that they take for a byte of CSV.  Python's imports are not counted.
"""
from goals.goal_03_cat import cold_cat
from harness import mounts
from harness.measure import Row, at_least, by_turns, execute_json, rate, ratios

NUMBER = 4
TITLE = "cat of the mount, cold, against pandas + the SDK's writer"


def measure(shop, settings):
    a_set = shop.set_named("b", "a", "c", "d")
    csv_bytes = shop.csv(a_set).stat().st_size
    slice_bytes = shop.slice(a_set).stat().st_size
    command = shop.peers.sdk_command(a_set, shop.slice(a_set), shop.scratch / "encoded" / "slice.rec")
    with mounts.of_set(shop, a_set) as mount:
        mounted = mounts.file_of_set(mount, a_set)
        took = by_turns(settings.runs, {
            "sdk": lambda: execute_json(command)["seconds"] / slice_bytes,
            "mount": lambda: cold_cat(shop, mounted) / csv_bytes})
    yield Row(NUMBER, f"{a_set.name}: {TITLE}", at_least(150),
              ratios(took["sdk"], took["mount"]),
              detail=f"{rate(1, took['mount'])} of CSV, SDK {rate(1, took['sdk'])} "
                     f"(on {slice_bytes / 1e6:.0f} MB)")
