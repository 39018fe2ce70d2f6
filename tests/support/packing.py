# SPDX-License-Identifier: Apache-2.0
"""Compressed files for tests: members made by Python's zlib, not by what reads them."""
import gzip
import random


def gz(data, level=6):
    """One member."""
    return gzip.compress(data, level, mtime=0)


def gz_members(data, nr, seed=1, empty=True):
    """The same text as nr members of random lengths and levels, empty ones among them."""
    dice = random.Random(seed)
    cuts = sorted(dice.randint(0, len(data)) for _ in range(nr - 1))
    packed = b"".join(gz(data[begin:end], dice.randint(0, 9))
                      for begin, end in zip([0, *cuts], [*cuts, len(data)]))
    return gz(b"") + packed + gz(b"") if empty else packed
