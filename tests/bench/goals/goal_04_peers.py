# SPDX-License-Identifier: Apache-2.0
"""CSV to records: against the fastest of what else can do it, or a part of it.

Ours is `recordio cat` without a kept map, so that it has to count the rows as well,
its records on /dev/null; all of the program is timed.  (The chart shows `cat` of the
mount beside it: cold, with a kept map.)  It is held against those who write the same
records:

    polars, pandas       float32 columns, made into records with numpy
    libprotobuf          peer_protobuf: getline, strtof, libprotobuf
    SageMaker SDK        pandas, then the SDK's writer; on a slice, by the byte

and against those who only parse, to float32 columns in memory: DuckDB, polars,
pyarrow, pandas.  The libraries are timed inside of Python, without their imports.
With one core, all are bound to it, and the last two writers, which have one thread
in any case, do not run again.  Before they are timed, each has to get every number
right to the last bit, and the writers every byte.
"""
from goals.goal_03_cat import cold_cat
from harness import mounts
from harness.measure import Failed, Skip, against_fastest, by_turns, execute_json, \
    execute_to_null, rates, those_at_hand
from harness.peers import RUNS

NUMBER = 4
TITLE = "recordio cat against the fastest"
READERS = ("polars", "duckdb", "pyarrow", "pandas")
WRITERS = ("polars", "pandas")
OURS, MOUNT = "recordiofs", "mount"  # as the chart knows them


def bound(command, cores):
    return mounts.on_core(0, command) if cores == 1 else command


def library(shop, a_set, name, task, cores):
    command = bound(shop.peers.reader_command(name, task, a_set, shop.csv(a_set), cores), cores)
    return lambda: execute_json(command)["seconds"]


def protobuf(shop, a_set):
    command = [shop.peers.protobuf, shop.csv(a_set), "/dev/null", a_set.label]
    return lambda: execute_to_null(command).seconds


def sdk(shop, a_set):
    part = shop.slice(a_set)
    command = shop.peers.sdk_command(a_set, part, shop.scratch / "encoded" / "slice.rec")
    scale = shop.csv(a_set).stat().st_size / part.stat().st_size
    return lambda: scale * execute_json(command)["seconds"]


def recordio_cat(shop, a_set, cores):
    command = bound(shop.cat_command(a_set, shop.csv(a_set), "--index_dir=none"), cores)
    return lambda: execute_to_null(command).seconds


def check_library(shop, a_set, name):
    """Goal 12 has judged the others."""
    result = execute_json(shop.peers.reader_command(
        name, "write", a_set, shop.csv(a_set), shop.cores, f"--expect={shop.encoded(a_set)}"))
    if not result["identical"]:
        raise Failed(f"{a_set.name}: {name} + numpy do not make the same records: {result}")


def contest(shop, settings, a_set, cores):
    def wrap(command):
        return bound(command, cores)

    writers, no_writers = those_at_hand({
        **{f"{name} + numpy": lambda name=name: library(shop, a_set, name, "write", cores)
           for name in WRITERS},
        **({"libprotobuf": lambda: protobuf(shop, a_set),
            "SageMaker SDK": lambda: sdk(shop, a_set)} if cores == shop.cores else {})})
    readers, no_readers = those_at_hand({
        name: lambda name=name: library(shop, a_set, name, "parse", cores) for name in READERS})
    with mounts.of_set(shop, a_set, wrap=wrap) as mount:
        mounted = mounts.file_of_set(mount, a_set)
        took = by_turns(min(settings.runs, RUNS), {
            OURS: recordio_cat(shop, a_set, cores),
            MOUNT: lambda: cold_cat(shop, mounted, wrap),
            **writers, **readers})
    csv_bytes = shop.csv(a_set).stat().st_size
    where = "one core" if cores == 1 else "all cores"
    for who, peers, missing in (("other way to records", writers, no_writers),
                                ("parser to float32 columns", readers, no_readers)):
        row = against_fastest(NUMBER, f"{a_set.name}: {TITLE} {who}, {where}", csv_bytes,
                              took[OURS], {name: took[name] for name in peers}, missing)
        if row.rates:
            row.rates |= rates(csv_bytes, {MOUNT: took[MOUNT]})
        yield row


def measure(shop, settings):
    sets = [a_set for a_set in shop.sets if a_set.plain]
    if not sets:
        raise Skip("needs one of the sets a b c")
    for a_set in sets[:1] if settings.quick else sets:
        those_at_hand({
            name: lambda name=name: check_library(shop, a_set, name) for name in READERS})
        for cores in sorted({1, shop.cores}):
            yield from contest(shop, settings, a_set, cores)
