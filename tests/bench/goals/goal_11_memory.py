# SPDX-License-Identifier: Apache-2.0
"""Memory while a large CSV is mapped and streamed, and the map's size.

No disk needs to hold the CSV: a null FUSE server repeats 64 MB of set b to any size
(--memory GIGABYTES; the goal speaks of 100), and we are mounted over that.  Then
the file is read in order for a few seconds.  What counts is the process's peak of
resident memory, less its map.
"""
from harness import mounts
from harness.data import SETS
from harness.measure import Row, at_most, execute, execute_json

NUMBER = 11
TITLE = "resident memory, less the map"
STREAM_SECONDS = 15


def measure(shop, settings):
    content = shop.scratch / "slice" / "repeated.csv"
    execute([shop.tool("generate"), "b", min(64, settings.memory * 1000), content])
    period = content.stat().st_size
    nr_bytes = max(1, round(settings.memory * 1e9 / period)) * period
    options = SETS["b"].options
    index = shop.scratch / "index-of-memory"
    index.mkdir(exist_ok=True)
    with mounts.null(shop, "big.csv", nr_bytes, content) as source:
        with mounts.recordiofs(shop, source.path, options, index_dir=index) as mount:
            mounted = mount.path / "big.recordio"
            execute([shop.reader, "stat", mounted, 1])
            read = execute_json([shop.reader, "seq", mounted, 1 << 20, STREAM_SECONDS])
            peak = mount.peak_resident_bytes()
    map_bytes = sum(path.stat().st_size for path in index.iterdir())
    size = f"{nr_bytes / 1e9:.3g} GB of CSV"
    yield Row(NUMBER, f"{TITLE}, {size}", at_most(64), [(peak - map_bytes) / (1 << 20)], "MiB",
              detail=f"peak {peak / (1 << 20):.1f} MiB, map {map_bytes / (1 << 20):.1f} MiB, "
                     f"{read['bytes'] / 1e9:.3g} GB of records streamed")
    yield Row(NUMBER, f"map's size, of {size}", at_most(0.1), [100 * map_bytes / nr_bytes], "%",
              detail=f"{map_bytes / nr_bytes * 100e9 / 1e6:.0f} MB at 100 GB of CSV")
