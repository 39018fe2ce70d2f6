# SPDX-License-Identifier: Apache-2.0
"""The order of a shuffled epoch, written from FORMAT.md: the judge of shuffle and of shards."""
import struct

from xxh64 import MASK, xxh64


def stream(state):
    """splitmix64: the upper halves of its numbers."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        yield (z ^ z >> 31) >> 32


def below(numbers, n):
    while True:
        product = next(numbers) * n
        if product % 2**32 >= 2**32 % n:
            return product >> 32


def permutation(seed, epoch, key, block, nr):
    numbers = stream(xxh64(struct.pack("<4Q", seed, epoch, xxh64(key.encode()), block)))
    order = list(range(nr))
    for n in range(nr, 1, -1):
        other = below(numbers, n)
        order[n - 1], order[other] = order[other], order[n - 1]
    return order


def objects(keys, epoch, seed=None, host=0, nr_hosts=1):
    """The keys that a host streams in an epoch; seed None: unshuffled."""
    keys = sorted(keys, key=str.encode)
    if seed is not None:
        keys = [keys[i] for i in permutation(seed, epoch, "", 0, len(keys))]
    return keys[host::nr_hosts]
