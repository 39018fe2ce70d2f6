# SPDX-License-Identifier: Apache-2.0
"""Any part of a mounted file equals that part of the whole, however it is read.

For random files and options, and for every real file: random (offset, length),
cold and warm, from 16 threads at once; the mount against the reference encoder,
and against `recordio cat --range`.

RECORDIOFS_SEED repeats a run whose seed a failure printed.
"""
import os
import random
import shutil
import threading

import pytest

from support import catalog, make, tool
from encoder import Options, encode

SEED = int(os.environ.get("RECORDIOFS_SEED") or random.SystemRandom().randrange(1 << 32))
QUICK = os.environ.get("RECORDIOFS_QUICK") == "1"

NR_THREADS = 16
NR_READS = 10 if QUICK else 40
NR_GENERATED = 6 if QUICK else 20
NR_RANGES = 3 if QUICK else 8


def random_span(dice, size):
    """Offsets and lengths of every scale, at and behind the end too."""
    off = dice.choice([0, dice.randrange(size + 1), max(0, size - dice.randrange(1, 100))])
    return off, dice.choice([1, 8, 100, 4096, 65536, 1 << 20, dice.randrange(1, size + 2)])


def read_at_random(path, expected, seed, wrong):
    """One thread's reads; what differs goes to wrong."""
    dice = random.Random(seed)
    with open(path, "rb", buffering=0) as file:
        for _ in range(NR_READS):
            off, size = random_span(dice, len(expected))
            if dice.random() < 0.5:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            os.posix_fadvise(file.fileno(), 0, 0, dice.choice(
                [os.POSIX_FADV_NORMAL, os.POSIX_FADV_RANDOM, os.POSIX_FADV_SEQUENTIAL]))
            if os.pread(file.fileno(), size, off) != expected[off:off + size]:
                wrong.append("mount: %d bytes at %d" % (size, off))


def check_mount(mounted, expected, seed):
    wrong = []
    assert os.stat(mounted).st_size == len(expected)
    readers = [threading.Thread(target=read_at_random, args=(mounted, expected, seed + n, wrong))
               for n in range(NR_THREADS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert not wrong, "RECORDIOFS_SEED=%d" % SEED


def check_tool(csv, options, expected, seed):
    dice = random.Random(seed)
    assert tool.cat(csv, options) == expected, "RECORDIOFS_SEED=%d" % SEED
    for off, size in [random_span(dice, len(expected)) for _ in range(NR_RANGES)]:
        assert tool.cat(csv, options, (off, size)) == expected[off:off + size], \
            "RECORDIOFS_SEED=%d: %d bytes at %d" % (SEED, size, off)


@pytest.fixture(params=range(NR_GENERATED))
def generated(request, source):
    """A random file as source/data.csv: its seed, its options, its bytes."""
    seed = SEED + request.param
    data, given = make.dirty(random.Random(seed))
    (source / "data.csv").write_bytes(data)
    options = Options(**given)
    encoded = encode(data, options)
    assert encoded.fault is None, "RECORDIOFS_SEED=%d" % SEED
    return seed, options, encoded.data


def test_the_tool_gives_any_part_of_a_generated_file(generated, source):
    seed, options, expected = generated
    check_tool(source / "data.csv", options, expected, seed)


@pytest.mark.threads
def test_a_mount_gives_any_part_of_a_generated_file(generated, source, mounts):
    seed, options, expected = generated
    mount = mounts(source, *options.mount_options())
    check_mount(mount.file("data.recordio"), expected, seed)


@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_the_tool_gives_any_part_of_a_catalogued_file(case):
    check_tool(case.path, case.options, case.encoded().data, SEED)


@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_a_mount_gives_any_part_of_a_catalogued_file(case, source, mounts):
    shutil.copy(case.path, source / "data.csv")
    mount = mounts(source, *case.options.mount_options())
    check_mount(mount.file("data.recordio"), case.encoded().data, SEED)
