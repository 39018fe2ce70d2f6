#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the reading of numbers with Python's own float(), over hard cases.

compare_numbers.py [--count N] [--seed N] NUMBER_BITS

Every text goes through the filter NUMBER_BITS and through float().  The bits of
the doubles, those of the floats made of them (as numpy makes them, where there
is numpy), and what is refused must be the same.  N random texts come after the
complete sets: short texts over the grammar's alphabet, pairs of bytes, each
code point of Unicode, and digits and spaces in forbidden encodings.  Exit code
1 and the first differing texts if any.
"""

import argparse
import array
import itertools
import random
import struct
import subprocess
import sys
import unicodedata

try:
    import numpy
except ImportError:
    numpy = None

CHUNK = 20000
SHOWN = 10

DIGIT_ZEROS = [chr(c) for c in range(128, 0x110000) if unicodedata.decimal(chr(c), None) == 0]
SPACES = [chr(c) for c in range(0x110000) if chr(c).isspace()]
POW5 = [5**n for n in range(1200)]


# The judge.


def judge(text):
    """What float() makes of UTF-8 bytes, or None."""
    try:
        return float(text.decode("utf-8"))
    except ValueError:
        return None


def bits_of(values):
    """The bits of doubles, and of the floats made of them."""
    f64 = array.array("d", values)
    if numpy:
        with numpy.errstate(over="ignore"):
            f32 = numpy.array(f64).astype(numpy.float32)
    else:
        f32 = array.array("f", values)
    return memoryview(f64).cast("B").cast("Q"), memoryview(f32).cast("B").cast("I")


def compare(program, texts):
    """Yield (text, expected, got) where they differ; all are printable."""
    data = b"".join(struct.pack("=I", len(t)) + t for t in texts)
    done = subprocess.run([program], input=data, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"numbers: {program} ended with {done.returncode}")
    values = [judge(t) for t in texts]
    bits64, bits32 = bits_of([0.0 if v is None else v for v in values])
    answers = list(struct.iter_unpack("=BQBQI", done.stdout))
    if len(answers) != len(texts):
        sys.exit(f"numbers: {len(answers)} answers to {len(texts)} texts")
    for text, value, f64, f32, got in zip(texts, values, bits64, bits32, answers):
        read = (int(value is not None), f64)
        expected = (*read, *read, f32)
        if got != expected:
            yield text, show(expected), show(got)


def show(answer):
    ok, f64, exact_ok, exact, f32 = answer
    text = "%016x (as float %08x)" % (f64, f32) if ok else "ValueError"
    if (exact_ok, exact) != (ok, f64):
        text += ", by the exact reader " + ("%016x" % exact if exact_ok else "ValueError")
    return text


# Writing decimal numbers: digits * 10^exponent, both integers.


def sign(rng):
    return rng.choice(("", "", "-", "+"))


def write(rng, digits, exponent):
    """One of the many ways to write digits (text) * 10^exponent."""
    way = rng.randrange(4)
    if way == 0 and -1200 < exponent <= 0:
        digits = digits.rjust(1 - exponent, "0")
        point = len(digits) + exponent
        return sign(rng) + digits[:point] + "." + digits[point:]
    if way == 1 and 0 <= exponent < 400:
        return sign(rng) + digits + "0" * exponent
    point = rng.choice((0, 1, len(digits), rng.randint(0, len(digits))))
    zeros = "0" * rng.choice((0, 0, 0, 1, 3, 25))
    exponent += len(digits) - point
    return f"{sign(rng)}{zeros}{digits[:point]}.{digits[point:]}{rng.choice('eE')}{exponent:+d}"


def nudge(rng, digits, exponent):
    """Leave digits alone, or move them by the least, possibly far behind."""
    zeros = rng.choice((0, 1, 2, 5, 30, 300, 900))
    way = rng.randrange(5)
    if way == 0:
        return digits, exponent
    if way == 1:
        return digits + "0" * zeros, exponent - zeros
    if way == 2:
        return digits + "0" * zeros + "1", exponent - zeros - 1
    moved = int(digits) * 10**zeros + (1 if way == 3 else -1)
    return str(max(moved, 0)), exponent - zeros


def dyadic(rng, mantissa, exponent):
    """The exact expansion of mantissa * 2^exponent, perhaps nudged."""
    if exponent >= 0:
        digits, exponent = str(mantissa << exponent), 0
    else:
        digits, exponent = str(mantissa * POW5[-exponent]), exponent
    return write(rng, *nudge(rng, digits, exponent))


def random_digits(rng, length):
    return "".join(rng.choices("0123456789", k=length))


def random_double(rng):
    return struct.unpack("=d", rng.randbytes(8))[0]


# The kinds of hard text.


def half_double(rng):
    return dyadic(rng, rng.getrandbits(53) << 1 | 1 << 53 | 1, rng.randint(-1075, 970))


def half_double_near_one(rng):
    return dyadic(rng, rng.getrandbits(53) << 1 | 1 << 53 | 1, rng.randint(-110, 10))


def half_float(rng):
    return dyadic(rng, rng.getrandbits(23) << 1 | 1 << 24 | 1, rng.randint(-150, 103))


def half_float_subnormal(rng):
    return dyadic(rng, rng.getrandbits(rng.randint(0, 23)) << 1 | 1, -150)


def half_double_subnormal(rng):
    return dyadic(rng, rng.getrandbits(rng.randint(0, 52)) << 1 | 1, -1075)


def exact_double(rng):
    return dyadic(rng, rng.getrandbits(rng.randint(1, 53)), rng.randint(-1074, 970))


EDGES = [
    (1, -1074), (1, -1075), (3, -1075), (1, -1076), (1, -1022), ((1 << 52) - 1, -1074),
    ((1 << 53) - 1, -1075), ((1 << 53) - 1, 971), ((1 << 54) - 1, 970), (1, 1024),
    ((1 << 24) - 1, 104), ((1 << 25) - 1, 103), (1, 128), (1, -126), (1, -149), (1, -150),
]


def edge_of_range(rng):
    return dyadic(rng, *rng.choice(EDGES))


def subnormal(rng):
    value = struct.unpack("=d", struct.pack("=Q", rng.getrandbits(rng.randint(1, 52))))[0]
    return sign(rng) + rng.choice((repr(value), "%.17g" % value, "%.25e" % value))


def shortest(rng):
    return repr(random_double(rng))


def shortest_ordinary(rng):
    return repr(rng.choice((rng.random(), rng.gauss(0, 1), rng.uniform(-1e6, 1e6),
                            rng.expovariate(1e-9))))


def printed(rng):
    form = rng.choice(("%.18e", "%.17g", "%.16g", "%.6f", "%.2f", "%g", "%.20f", "%.0f", "%.7e"))
    return form % rng.choice((rng.gauss(0, 1), rng.uniform(-1e4, 1e4), random_double(rng)))


def short_decimal(rng):
    length = rng.randint(1, 17)
    text = random_digits(rng, length)
    if rng.random() < 0.7:
        point = rng.randint(0, length)
        text = text[:point] + "." + text[point:]
    return rng.choice(("", "-")) + text


def decimal(rng):
    length = rng.randint(8, 40)
    text = random_digits(rng, length)
    if rng.random() < 0.7:
        point = rng.randint(0, length)
        text = text[:point] + "." + text[point:]
    if rng.random() < 0.3:
        text += f"e{rng.randint(-330, 310)}"
    return sign(rng) + text


def nineteen_digits(rng):
    return write(rng, str(rng.randrange(10**18, 10**20)), rng.randint(-345, 310))


def integer(rng):
    return sign(rng) + str(rng.getrandbits(rng.randint(1, 80)))


def long_digits(rng):
    digits = random_digits(rng, rng.choice((rng.randint(20, 900), rng.randint(20, 5000))))
    return write(rng, digits, rng.randint(-len(digits) - 340, 310 - len(digits)))


def leading_zeros(rng):
    zeros = "0" * rng.randint(1, rng.choice((5, 30, 400)))
    digits = random_digits(rng, rng.randint(1, 25))
    tail = rng.choice(("", f"e{rng.randint(0, 420)}", f"e-{rng.randint(0, 30)}"))
    return rng.choice((zeros + digits + tail, "0." + zeros + digits + tail,
                       zeros + "." + zeros + digits + tail))


EXPONENTS = (308, 309, 310, 323, 324, 325, 326, 342, 343, 344, 345, 400, 999, 2**31, 2**32, 2**63,
             2**64, 99999999999, 10**30)


def edge_exponent(rng):
    digits = random_digits(rng, rng.randint(1, 20))
    exponent = rng.choice((rng.choice(EXPONENTS), rng.randint(280, 360)))
    return write(rng, digits, rng.choice((-exponent, exponent)))


def soup(rng):
    return "".join(rng.choices("0123456789012345678900..ee-+", k=rng.randint(1, 16)))


def valid(rng):
    return rng.choice((decimal, short_decimal, printed, shortest, nineteen_digits))(rng)


def insert(rng, text, what, times):
    for _ in range(times):
        at = rng.randint(0, len(text))
        text = text[:at] + what + text[at:]
    return text


def underscored(rng):
    if rng.random() < 0.5:
        digits = "_".join(random_digits(rng, rng.randint(1, 4)) for _ in range(rng.randint(1, 5)))
        return sign(rng) + digits + rng.choice(("", ".", ".5_0", ".0_1e1_0", "e-0_1", "e5"))
    return insert(rng, valid(rng), "_", rng.randint(1, 3))


def spaced(rng):
    before = "".join(rng.choices(SPACES + list(" \t\n\r\v\f") * 4, k=rng.randint(0, 3)))
    behind = "".join(rng.choices(SPACES + list(" \t\n\r\v\f") * 4, k=rng.randint(0, 3)))
    return before + valid(rng) + behind


def foreign_digits(rng):
    zeros = [ord("0"), ord(rng.choice(DIGIT_ZEROS)), ord(rng.choice(DIGIT_ZEROS))]
    return "".join(chr(rng.choice(zeros) + int(c)) if c in "0123456789" else c for c in valid(rng))


def word(rng):
    text = rng.choice(("inf", "nan", "infinity", "-nan", "+inf", "-infinity"))
    text = "".join(rng.choice((c, c.upper())) for c in text)
    return text if rng.random() < 0.7 else insert(rng, text, rng.choice("inf ty_a1(."), 1)


def mutated(rng):
    """A valid text with bytes changed, inserted, taken out or cut: bytes."""
    kind = rng.choice((valid, underscored, spaced, foreign_digits, word))
    text = bytearray(kind(rng).encode("utf-8"))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text) + 1)
        byte = rng.choice((rng.randrange(256), ord(rng.choice("0123456789.eE+-_ xna\0\"/:,"))))
        way = rng.randrange(4)
        if way == 0:
            text[at:at] = bytes((byte,))
        elif way == 1:
            text[at:at + 1] = bytes((byte,))
        elif way == 2:
            del text[at:at + 1]
        elif at:
            del text[at:]
    return bytes(text)


KINDS = (
    half_double, half_double_near_one, half_float, half_float_subnormal, half_double_subnormal,
    exact_double, edge_of_range, subnormal, shortest, shortest_ordinary, shortest_ordinary,
    printed, printed, short_decimal, short_decimal, short_decimal, decimal, decimal, decimal,
    nineteen_digits, nineteen_digits, nineteen_digits, integer, leading_zeros, edge_exponent,
    soup, soup, underscored, spaced, foreign_digits, word, mutated, mutated,
)  # fmt: skip


def random_texts(rng, count):
    for i in range(count):
        kind = long_digits if i % 200 == 0 else KINDS[i % len(KINDS)]
        text = kind(rng)
        yield text if isinstance(text, bytes) else text.encode("utf-8")


def complete_sets():
    for length in range(5):
        for text in itertools.product(b"09.-+eE_nNaif \0", repeat=length):
            yield bytes(text)
    for pair in itertools.product(range(256), repeat=2):
        yield bytes(pair)
    for code in range(0x110000):
        yield chr(code).encode("utf-8", "surrogatepass") + b"1"
    for zero_or_space in DIGIT_ZEROS + SPACES:
        yield from (code + b"1" for code in overlong(ord(zero_or_space)))


def overlong(code):
    """Encodings of a code point that UTF-8 forbids, since they are too long."""
    if code < 0x80:
        yield bytes((0xC0 | code >> 6, 0x80 | code & 0x3F))
    if code < 0x800:
        yield bytes((0xE0, 0x80 | code >> 6, 0x80 | code & 0x3F))
    if code < 0x10000:
        yield bytes((0xF0, 0x80 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F))


def chunks(texts):
    texts = iter(texts)
    while chunk := list(itertools.islice(texts, CHUNK)):
        yield chunk


def main():
    parser = argparse.ArgumentParser(description="Compare numbers with float().")
    parser.add_argument("program", help="the filter number_bits")
    parser.add_argument("--count", type=int, default=1500000, help="random texts (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    args = parser.parse_args()
    print(f"seed {args.seed}, floats by {'numpy' if numpy else 'array'}", flush=True)

    nr_texts = nr_differences = 0
    rng = random.Random(args.seed)
    for chunk in chunks(itertools.chain(complete_sets(), random_texts(rng, args.count))):
        for text, expected, got in compare(args.program, chunk):
            nr_differences += 1
            if nr_differences <= SHOWN:
                print(f"{text!r}: float() {expected}, ours {got}")
        nr_texts += len(chunk)
    print(f"{nr_texts} texts compared, {nr_differences} differ")
    return nr_differences > 0


if __name__ == "__main__":
    sys.exit(main())
