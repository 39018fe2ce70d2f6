# SPDX-License-Identifier: Apache-2.0
"""XXH64 with seed 0, written from its published description: the judge of text=hash:N."""
import struct

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                      0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def rotate(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK


def turn(lane, word):
    return rotate((lane + word * P2) & MASK, 31) * P1 & MASK


def xxh64(data):
    off = 0
    if len(data) >= 32:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while len(data) - off >= 32:
            lanes = [turn(lane, word) for lane, word in
                     zip(lanes, struct.unpack_from("<4Q", data, off))]
            off += 32
        state = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            state = ((state ^ turn(0, lane)) * P1 + P4) & MASK
    else:
        state = P5
    state = (state + len(data)) & MASK
    while len(data) - off >= 8:
        word, = struct.unpack_from("<Q", data, off)
        state = (rotate(state ^ turn(0, word), 27) * P1 + P4) & MASK
        off += 8
    if len(data) - off >= 4:
        word, = struct.unpack_from("<I", data, off)
        state = (rotate(state ^ word * P1 & MASK, 23) * P2 + P3) & MASK
        off += 4
    for byte in data[off:]:
        state = rotate(state ^ byte * P5 & MASK, 11) * P1 & MASK
    state = (state ^ state >> 33) * P2 & MASK
    state = (state ^ state >> 29) * P3 & MASK
    return state ^ state >> 32
