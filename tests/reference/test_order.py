# SPDX-License-Identifier: Apache-2.0
"""The twin of the order is held by the literal values that tests/unit/test_order.c holds,
and by what a shuffle must be."""
import struct
from collections import Counter

import order
from xxh64 import xxh64

LITERAL = {
    (0, 0, "", 0): [4, 1, 2, 3, 6, 0, 5, 9, 8, 7],
    (1, 0, "", 0): [0, 3, 4, 5, 7, 6, 8, 9, 1, 2],
    (1, 1, "", 0): [6, 3, 1, 8, 4, 5, 7, 2, 9, 0],
    (1, 0, "train/a.csv", 0): [8, 1, 2, 3, 9, 4, 5, 0, 7, 6],
    (1, 0, "train/a.csv", 1): [0, 2, 8, 3, 5, 4, 1, 9, 6, 7],
    (2**64 - 1, 2**63, "\u00e9.csv", 7): [0, 1, 4, 3, 2],
}


def test_literal_values():
    for arguments, expected in LITERAL.items():
        assert order.permutation(*arguments, len(expected)) == expected


def test_a_long_order():
    long = order.permutation(42, 3, "b.csv", 2, 100000)
    assert xxh64(struct.pack("<100000I", *long)) == 0x61B2A5C986997F8C


def test_each_order_is_as_likely():
    counts = Counter(tuple(order.permutation(1, epoch, "", 0, 3)) for epoch in range(6000))
    assert len(counts) == 6
    assert all(850 < count < 1150 for count in counts.values())


def test_hosts_share_what_an_epoch_has():
    keys = ["%d.csv" % i for i in range(17)]
    for epoch in range(3):
        shares = [order.objects(keys, epoch, 5, host, 4) for host in range(4)]
        assert sorted(sum(shares, [])) == sorted(keys)
        assert [len(share) for share in shares] == [5, 4, 4, 4]
