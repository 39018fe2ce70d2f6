# SPDX-License-Identifier: Apache-2.0
"""Records of other kinds on one core, against dense floats under one key of the same file.

Processor time of the thread that reads the dataset in pieces of 1 MiB, as in goal 2;
what each costs once, when a file without a kept map is opened, is the row after it:
all of `recordio cat`, the passes that count and size included.
"""
from harness.measure import Row, Skip, at_least, by_turns, execute_json, execute_to_null, rate, \
    ratios

NUMBER = 14
TITLE = "encoder of other records, one core, against dense floats under one key"
WANTED = at_least(0.33)

# What each set can be encoded as.
WAYS = {
    "b": [{"format": "sparse"}, {"bad_row": "skip"}, {"uid": "row"}, {"magic": "shift"},
          {"keys": "names"}],
    "c": [{"dtype": "int32"}, {"format": "sparse"}, {"format": "sparse", "dtype": "int32"},
          {"bad_row": "skip"}, {"keys": "names"}, {"keys": "names", "dtype": "int32"}],
    "d": [{"text": "hash:64"}, {"text": "bytes"}],  # its texts are too many for text=map
}


def measure(shop, settings):
    found = [a_set for a_set in shop.sets if a_set.name in WAYS]
    if not found:
        raise Skip("needs one of the sets b c d")
    for a_set in found:
        yield from measure_set(shop, settings, a_set)


def measure_set(shop, settings, a_set):
    csv = shop.csv(a_set)
    ways = [{}, *WAYS[a_set.name]]
    # Without texts there is nothing dense of d: what its text columns leave over is.
    base = {"text": "drop"} if a_set.name == "d" else {}

    def options(way):
        given = {**a_set.options, **base, **way}
        if a_set.name == "d":
            given.pop("drop", None)
            given.pop("features", None)
        return [f"{name}={value}" for name, value in given.items()]

    def encode(way):
        return execute_json([shop.tool("encode"), csv, *options(way)])["cpu_seconds"]

    def cat(way):
        return execute_to_null([shop.recordio, "cat", "--index_dir=none",
                                *("--" + option for option in options(way)), csv]).cpu_seconds

    took = by_turns(settings.runs, {
        (what, n): lambda run=run, way=way: run(way)
        for n, way in enumerate(ways) for what, run in (("encode", encode), ("cat", cat))})
    for n, way in enumerate(ways[1:], 1):
        name = ",".join("=".join(item) for item in way.items())
        for what, title, wanted in (("encode", name, WANTED), ("cat", f"{name}, no map", None)):
            dense, ours = took[what, 0], took[what, n]
            yield Row(NUMBER, f"{a_set.name}: {title}", wanted, ratios(dense, ours),
                      detail=f"{rate(csv.stat().st_size, ours)}, dense "
                             f"{rate(csv.stat().st_size, dense)}")
