# SPDX-License-Identifier: Apache-2.0
"""A real consumer on a cold mount: against the same on a materialised file.

The consumer is consumer_dmlc.cc: dmlc's InputSplit and libprotobuf's parser, the
machinery under XGBoost's and MXNet's loaders.  The file that it is compared on
was written before and is cached.  The ratio is of speeds: 1 is no loss.
"""
from harness import mounts
from harness.measure import Failed, Row, at_least, by_turns, execute, rate, ratios

NUMBER = 6
TITLE = "dmlc + libprotobuf, cold mount, against a materialised file"


def measure(shop, settings):
    a_set = shop.set_named("b", "a", "c", "d")
    materialised = shop.encoded(a_set)
    outputs = set()

    def consume(path):
        took = execute([shop.peers.dmlc, path])
        outputs.add(took.output)
        return took.seconds

    def consume_cold(path):
        execute([shop.reader, "drop", path])
        return consume(path)

    with mounts.of_set(shop, a_set) as mount:
        mounted = mounts.file_of_set(mount, a_set)
        took = by_turns(settings.runs, {
            "file": lambda: consume(materialised),
            "mount": lambda: consume_cold(mounted)})
    if len(outputs) != 1:
        raise Failed(f"the consumer did not read the same: {outputs}")
    nr_bytes = materialised.stat().st_size
    yield Row(NUMBER, f"{a_set.name}: {TITLE}", at_least(0.9),
              ratios(took["file"], took["mount"]),
              detail=f"{rate(nr_bytes, took['mount'])} of records, "
                     f"file {rate(nr_bytes, took['file'])}")
