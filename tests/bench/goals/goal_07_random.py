# SPDX-License-Identifier: Apache-2.0
"""One record at random, not cached: against a null FUSE server.

Server and reader are bound to one core, else the figure is mostly the time that it
takes to wake another.  Each read asks for a page that was not asked for before;
the null server answers the same requests from memory.

Through the page cache the kernel asks for a page, and all the records in it must be
made; with direct_io for the one record alone.  The null server's are pages for both.
"""
import statistics

from harness import mounts
from harness.measure import Row, at_most, by_turns, execute_json, ratios

NUMBER = 7
TITLE = "random record, p50, against a null server"
CORE = 0
READS = 2000


def pinned(command):
    return mounts.on_core(CORE, command)


def _of_set_past_the_cache(shop, a_set):
    mount = mounts.of_set(shop, a_set, wrap=pinned)
    mount.command[-1] += ",direct_io"
    return mount


def measure(shop, settings):
    a_set = shop.set_named("b", "a", "c", "d")
    nr_bytes = shop.encoded(a_set).stat().st_size
    record_bytes = nr_bytes // shop.rows(a_set)

    def read(path):
        command = [str(shop.reader), "random", str(path), str(record_bytes), str(READS)]
        return execute_json(pinned(command))

    with mounts.null(shop, "null", nr_bytes, wrap=pinned) as null:
        with mounts.of_set(shop, a_set, wrap=pinned) as mount, \
                _of_set_past_the_cache(shop, a_set) as alone:
            took = by_turns(settings.runs, {
                "null": lambda: read(null.path / "null"),
                "mount": lambda: read(mounts.file_of_set(mount, a_set)),
                "direct": lambda: read(mounts.file_of_set(alone, a_set))})
    p50 = {name: [one["p50_us"] for one in each] for name, each in took.items()}
    p99 = {name: statistics.median(one["p99_us"] for one in each) for name, each in took.items()}
    yield Row(NUMBER, f"{a_set.name}: {TITLE}, same core", at_most(1.25),
              ratios(p50["mount"], p50["null"]),
              detail=f"p50 {statistics.median(p50['mount']):.1f} µs, "
                     f"null {statistics.median(p50['null']):.1f} µs; "
                     f"p99 {p99['mount']:.0f} and {p99['null']:.0f} µs")
    yield Row(NUMBER, f"{a_set.name}: the same with direct_io, the record alone", None,
              ratios(p50["direct"], p50["null"]),
              detail=f"p50 {statistics.median(p50['direct']):.1f} µs, "
                     f"p99 {p99['direct']:.0f} µs; {nr_bytes // record_bytes} records, "
                     f"{4096 // record_bytes} to a page")
