# SPDX-License-Identifier: Apache-2.0
"""A gzip file: against programs that do nothing but decompress it.

The same CSV by `gzip -6`.  Its map and seek index built: elapsed time of
`recordio index` against `gzip -dc` and `zcat` counted by `wc -l`.  Read with both
kept: `recordio cat`, and the mount with its pages dropped before, against `gzip -dc` and,
where it is there, libdeflate's gunzip.  Rates are per byte of text.  A record at random is
shown in milliseconds: a span of 2 MiB may have to be decompressed for it.
"""
import random
import shutil
import statistics
import subprocess
import time

from goals.goal_03_cat import cold_cat
from harness import mounts
from harness.measure import (Row, Skip, at_least, by_turns, execute, execute_to_null, rate,
                             ratios)

NUMBER = 13
TITLE = "gzip"
RANDOM_READS = 40


def compressed(shop, a_set):
    """The set's gzip file, alone in a folder, so that it can be mounted."""
    path = shop.scratch / "data" / f"{a_set.name}-gz" / f"{a_set.name}.csv.gz"
    csv = shop.csv(a_set)
    if not path.exists() or path.stat().st_mtime < csv.stat().st_mtime:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as out:
            subprocess.run(["gzip", "-6", "-c", str(csv)], stdout=out, check=True)
    return path


def index(shop, a_set, path):
    """Seconds of a pass, nothing kept from before."""
    folder = shop.scratch / "index-of-gzip"
    shutil.rmtree(folder, ignore_errors=True)
    options = [f"--{name}={value}" for name, value in a_set.options.items()]
    return execute([shop.recordio, "index", f"--index_dir={folder}", *options, path]).seconds


def count_lines(path):
    begin = time.perf_counter()
    subprocess.run(f"zcat '{path}' | wc -l", shell=True, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def random_milliseconds(shop, path):
    execute([shop.reader, "drop", path])
    dice, took = random.Random(1), []
    size = path.stat().st_size
    with open(path, "rb", buffering=0) as file:
        for _ in range(RANDOM_READS):
            begin = time.perf_counter()
            file.seek(dice.randrange(size))
            file.read(100)
            took.append(1000 * (time.perf_counter() - begin))
    return took


def measure(shop, settings):
    if not shutil.which("gzip"):
        raise Skip("gzip is missing")
    a_set = shop.set_named("b", "a", "c")
    path, csv_bytes = compressed(shop, a_set), shop.csv(a_set).stat().st_size
    name = f"{a_set.name}: {TITLE}"
    took = by_turns(settings.runs, {
        "index": lambda: index(shop, a_set, path),
        "zcat": lambda: count_lines(path)})
    yield Row(NUMBER, f"{name}, indexed, against zcat and wc", at_least(0.33),
              ratios(took["zcat"], took["index"]),
              detail=f"{rate(csv_bytes, took['index'])}, zcat {rate(csv_bytes, took['zcat'])}")

    cat = [*shop.cat_command(a_set, path), f"--index_dir={shop.scratch / 'index'}"]
    contenders = {"gzip": lambda: execute_to_null(["gzip", "-dc", path]).seconds,
                  "cat": lambda: execute_to_null(cat).seconds}
    if shutil.which("libdeflate-gunzip"):
        contenders["libdeflate"] = lambda: execute_to_null(
            ["libdeflate-gunzip", "-c", path]).seconds
    with mounts.recordiofs(shop, path.parent, a_set.options) as mount:
        mounted = mount.path / f"{a_set.name}.recordio"
        mounted.stat()
        contenders["mount"] = lambda: cold_cat(shop, mounted)
        took = by_turns(settings.runs, contenders)
        at_random = random_milliseconds(shop, mounted)
    for peer in [peer for peer in ("gzip", "libdeflate") if peer in took]:
        for ours in ("cat", "mount"):
            yield Row(NUMBER, f"{name}, {ours}, against {peer}", at_least(0.33),
                      ratios(took[peer], took[ours]),
                      detail=f"{rate(csv_bytes, took[ours])} of text, "
                             f"{peer} {rate(csv_bytes, took[peer])}")
    yield Row(NUMBER, f"{name}, a record at random", None, at_random, "ms",
              detail=f"{statistics.mean(at_random):.1f} ms on average")
