# SPDX-License-Identifier: Apache-2.0
"""Reading a mounted file again, from the page cache: against a copy on tmpfs.

With `cat`, and through a mapping of which every cache line is touched.  The ratio
is of speeds: 1 is as fast as tmpfs.
"""
from harness import mounts
from harness.measure import Row, at_least, by_turns, execute_json, execute_to_null, rate, ratios
from harness.workshop import TmpfsCopy

NUMBER = 5
TITLE = "page cache again, against tmpfs"


def measure(shop, settings):
    a_set = shop.set_named("b", "a", "c", "d")

    def cat(path):
        return execute_to_null(["cat", path]).seconds

    def touch(path):
        return execute_json([shop.reader, "mmap", path])["seconds"]

    with mounts.of_set(shop, a_set) as mount:
        mounted = mounts.file_of_set(mount, a_set)
        nr_bytes = mounted.stat().st_size
        with TmpfsCopy(mounted) as copy:
            for how, read in (("cat", cat), ("mmap", touch)):
                took = by_turns(settings.runs, {
                    "tmpfs": lambda read=read: read(copy),
                    "mount": lambda read=read: read(mounted)})
                yield Row(NUMBER, f"{a_set.name}: {TITLE}, {how}", at_least(1),
                          ratios(took["tmpfs"], took["mount"]),
                          detail=f"{rate(nr_bytes, took['mount'])}, "
                                 f"tmpfs {rate(nr_bytes, took['tmpfs'])}")
