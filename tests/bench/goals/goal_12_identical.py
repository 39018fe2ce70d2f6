# SPDX-License-Identifier: Apache-2.0
"""The output is identical, on every kernel and through the mount.

Runs before anything is timed, and ends the benchmark where it fails.  The judge of
the whole sets is the libprotobuf peer (where it cannot be built, and for d, which it
cannot read, the portable kernel); the judge of a slice of each is the SageMaker SDK.
"""
import os
import subprocess

from harness import mounts
from harness.measure import Failed, Row, Skip, at_least, execute, say

NUMBER = 12
TITLE = "output identical"
RUNS_FIRST = True


def same(command, expected, kernel=None):
    """Compare what a command prints with a file; it may never end up on a disk."""
    env = {**os.environ, **({"RECORDIOFS_KERNEL": kernel} if kernel else {})}
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                          env=env) as producer:
        compared = subprocess.run(["cmp", "-", expected], stdin=producer.stdout,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False)
        producer.stdout.close()
    if compared.returncode or producer.returncode:
        why = compared.stdout.strip() or f"exit code {producer.returncode}"
        raise Failed(f"wrong bytes: {' '.join(map(str, command))}"
                     f"{f' (kernel {kernel})' if kernel else ''}: {why}")


def make_expected(shop, a_set):
    """Write the judge's bytes; returns the judge's name."""
    expected = shop.encoded(a_set)
    if a_set.plain:
        try:
            execute([shop.peers.protobuf, shop.csv(a_set), expected, a_set.label])
            return "libprotobuf"
        except Skip as skip:
            say(str(skip))
    with open(expected, "wb") as out:
        subprocess.run([str(word) for word in shop.cat_command(a_set)], stdout=out, check=True,
                       env={**os.environ, "RECORDIOFS_KERNEL": "portable"})
    return "the portable kernel"


def compare_slices(shop, sets):
    for a_set in sets:
        expected = shop.scratch / "encoded" / "slice.rec"
        execute(shop.peers.sdk_command(a_set, shop.slice(a_set), expected, exact=True))
        for kernel in shop.kernels:
            same(shop.cat_command(a_set, shop.slice(a_set)), expected, kernel)


def measure(shop, settings):
    for a_set in shop.sets:
        judge = make_expected(shop, a_set)
        for kernel in shop.kernels:
            same(shop.cat_command(a_set), shop.encoded(a_set), kernel)
        how = [f"recordio cat ({', '.join(shop.kernels)})"]
        try:
            with mounts.of_set(shop, a_set) as mount:
                same(["cat", mounts.file_of_set(mount, a_set)], shop.encoded(a_set))
            how.append("the mount")
        except Skip as skip:
            how.append(f"without the mount: {skip}")
        yield row(f"{a_set.name}: {TITLE}", f"{' and '.join(how)}, to {judge}'s")
    # Starting the SDK takes seconds, so --quick does it once, on the hardest set.
    sets = shop.sets[-1:] if settings.quick else shop.sets
    compare_slices(shop, sets)
    yield row(f"a slice of {', '.join(a_set.name for a_set in sets)}: {TITLE}",
              "recordio cat, to the SageMaker SDK's")


def row(what, detail):
    return Row(NUMBER, what, at_least(100), [100], "%", detail=detail)
