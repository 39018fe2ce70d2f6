#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the tables of number_tables.h: number_tables.py FILE.c

Powers of ten are cut, never rounded, to 128 bits: number.c counts on the true
power lying in [T, T + 1).  Digits and white space are those of this Python's
Unicode, so that float() of the same Python agrees.
"""

import sys
import unicodedata

POW10_MIN, POW10_MAX = -327, 308  # as in number_tables.h


def power(n):
    """The upper 128 bits of 10^n, its top bit set, cut downwards."""
    if n >= 0:
        value = 10**n
        bits = value.bit_length()
        cut = value >> (bits - 128) if bits > 128 else value << (128 - bits)
        log2 = bits - 1
    else:
        value = 10**-n
        bits = value.bit_length()  # no power of two, so 10^n > 2^-bits
        cut = (1 << (bits + 127)) // value
        log2 = -bits
    assert cut >> 127 == 1, n
    assert log2 == (217706 * n) >> 16, n  # what number.c computes
    return cut


def zeros():
    """First code points of the runs 0 to 9 beyond ASCII."""
    digits = {c: unicodedata.decimal(chr(c), None) for c in range(128, 0x110000)}
    found = [c for c, value in digits.items() if value == 0]
    runs = {zero + i: i for zero in found for i in range(10)}
    assert runs == {c: v for c, v in digits.items() if v is not None}
    return found


def spaces():
    """Ranges of white space beyond ASCII."""
    ranges = []
    for c in range(128, 0x110000):
        if not chr(c).isspace():
            continue
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    return ranges


def table(kind, name, rows, size=""):
    body = "".join(f"\t{row},\n" for row in rows)
    return f"const {kind} {name}[{size}] = {{\n{body}}};\n\n"


def main():
    mask = (1 << 64) - 1
    powers = [power(n) for n in range(POW10_MIN, POW10_MAX + 1)]
    text = (
        "/* Written by number_tables.py; Unicode %s. */\n" % unicodedata.unidata_version
        + '#include "csv/number_tables.h"\n\n'
        + table(
            "struct rio_number_power",
            "rio_number_powers",
            (f"{{{t >> 64:#x}, {t & mask:#x}}}" for t in powers),
            "RIO_POW10_MAX - RIO_POW10_MIN + 1",
        )
        + table(
            "double",
            "rio_number_scales",
            (f"1e{n}" for n in range(-115, 100)),
            "RIO_SCALE_ORIGIN + 100",
        )
        + table("uint32_t", "rio_number_zeros", (f"{c:#x}" for c in zeros()))
        + "const size_t rio_number_nr_zeros = %d;\n\n" % len(zeros())
        + table(
            "struct rio_number_range",
            "rio_number_spaces",
            (f"{{{a:#x}, {b:#x}}}" for a, b in spaces()),
        )
        + "const size_t rio_number_nr_spaces = %d;\n" % len(spaces())
    )
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    main()
