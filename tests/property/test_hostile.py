# SPDX-License-Identifier: Apache-2.0
"""Small files of all that a CSV should not hold, under options taken at random: the tool's
bytes, place and kind of error are the reference encoder's.

RECORDIOFS_SEED repeats a run whose seed a failure printed.
"""
import json
import os
import random
import re

import pytest

from support import tool
from encoder import BOM, Options, OptionError, SchemaError, check_options, encode

SEED = int(os.environ.get("RECORDIOFS_SEED") or random.SystemRandom().randrange(1 << 32))

NUMBERS = """0 1 -1 2 .5 1. -0 -0.0 +3 1_0 1__0 _1 1_ 1_000.5_5 inf -inf Infinity iNf infinit 1e400 -1e400
1e-400 1e39 3.4028235677973366e+38 7e-46 0x10 0b1 1,000 1E+5 1e e5 --1 ٣ １２ 3.0 3.5 2147483647 2147483648
-2147483649 3e9 nan -nan nAn NA na null Null None NONE - ? 5% $5 true 1d5 4.9e-324 1e00000000000000005
-1804698880 1.#IND <NA> 16777217""".split() + [
    "", "1 2", "\u00a01", "\x0b1", "1\x85", "#N/A N/A", "0." + "0" * 300 + "1", "9" * 400]
TEXTS = ["Aachen", "é", "日本", "a b", "x" * 300, "a'b", "a;b", "a\\b", "1x", "\U0001F600"]
NAMES = ["y", "a", "a", "b c", " a ", "x:y", "1", "2", "", "Zürich", "a-b", "1-3", "none", "na", "="]

CHOICES = {
    "header": ["auto", "yes", "no"],
    "delimiter": [",", "tab", ";", " ", "|"],
    "quote": ['"', "'", "none"],
    "label": ["0", "none", "1", "0:2", "y"],
    "features": [None, "1-3", "2:1", "a"],
    "drop": [None, "1", "2"],
    "dtype": ["float32", "float64", "int32"],
    "label_dtype": [None, "float32", "float64", "int32"],
    "format": ["dense", "sparse"],
    "keys": ["values", "names", "s=1:t=2-3"],
    "text": ["error", "drop", "bytes", "hash:5", "map"],
    "missing": ["nan", "zero", "error", "-1.5", "inf"],
    "bad_row": ["error", "skip", "nan"],
    "uid": ["none", "row", "1"],
    "magic": ["plain", "shift"],
}
NARROW = {"delimiter", "quote", "label", "features", "drop", "keys", "uid"}


def make_options(dice):
    return Options(**{name: dice.choice(values) for name, values in CHOICES.items()
                      if dice.random() < (0.12 if name in NARROW else 0.35)
                      })


def make_cell(dice, options, kind):
    cell = dice.choice({"number": ["0", "1", "3", "-1", "0.5", "300"], "odd": NUMBERS,
                        "text": TEXTS}[kind])
    quote, separator = options.quote, options.delimiter_byte().decode()
    if quote == "none":
        return cell
    if dice.random() < 0.03:
        cell += dice.choice([separator, "\n", quote, " ", "\r\n"])
    if separator in cell or "\n" in cell or quote in cell or dice.random() < 0.08:
        cell = quote + cell.replace(quote, quote * 2) + quote
    return dice.choice(["", "", "", "", " ", "\t", "\r"]) + cell + dice.choice(["", "", "", " "])


def make_file(dice, options):
    width = dice.choice([1, 1, 2, 3, 4, 6, 9, 70])
    kinds = [dice.choice(["number", "number", "number", "odd", "text"]) for _ in range(width)]
    rows = [[dice.choice(NAMES + ["c%d" % i] * 15) for i in range(width)]] * dice.choice([0, 1])
    for _ in range(dice.choice([0, 1, 2, 10, 40])):
        row = [make_cell(dice, options, kind) for kind in kinds]
        row += ["1"] * (dice.random() < 0.01)
        rows.append(row[:len(row) - (dice.random() < 0.01)] or row)
    ends = dice.choice([["\n"], ["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\n\n", "\n \n"]])
    text = dice.choice(["", "", "", "\n", " \r\n"]) + "".join(
        options.delimiter_byte().decode().join(row) + dice.choice(ends) for row in rows)
    if dice.random() < 0.2:
        text = text.rstrip("\r\n")
    if dice.random() < 0.05:
        at = dice.randrange(len(text) + 1)
        text = text[:at] + dice.choice(["\0", '"', "\r", "\n"]) + text[at:]
    return dice.choice([b"", b"", b"", BOM]) + text.encode()


def place_of(done):
    found = re.search(rb"data\.csv:(\d+):(\d+): ", done.stderr)
    return found and (int(found[1]), int(found[2]))


def check_file(path, options, told):
    done = tool.recordio("cat", *options.arguments(), path)
    try:
        check_options(options)
        expected = encode(path.read_bytes(), options)
    except OptionError:
        assert (done.returncode, done.stdout) == (tool.WRONG_CALL, b""), told
        return
    except SchemaError as why:
        if str(why) == "0 is ambiguous" and options.label == "0":
            return  # said aloud it is, but it is the default as well: the first column
        assert (done.returncode, done.stdout) == (tool.WRONG_DATA, b""), (told, done.stderr)
        return
    fault = expected.fault
    if fault and fault.kind in ("quote", "unterminated") and done.stderr and not place_of(done):
        # Rows before a bad quote may not fit the options either: that is found first.
        assert (done.returncode, done.stdout) == (tool.WRONG_DATA, b""), told
        return
    assert done.stdout == expected.data, (told, fault, done.stderr)
    assert done.returncode == (tool.WRONG_DATA if fault else tool.DONE), (told, done.stderr)
    assert place_of(done) == (fault and (fault.line, fault.column)), (told, fault, done.stderr)
    check_report(path, options, expected, told)


def check_report(path, options, expected, told):
    report = json.loads(tool.recordio("check", "--json", *options.arguments(), path).stdout)
    fault = expected.fault
    if not fault:
        assert (report["errors"], report["error_kinds"]) == (0, {}), (told, report)
        assert report["records"] == expected.nr_rows, told
        return
    first = report["first_errors"][0]
    kind = "quote" if fault.kind == "unterminated" else fault.kind
    assert (first["kind"], first["line"], first["column"]) == (kind, fault.line, fault.column), \
        (told, first)
    assert report["error_kinds"][kind] >= 1, told


@pytest.mark.parametrize("batch", range(8))
def test_what_a_csv_should_not_hold(batch, tmp_path):
    for number in range(40):
        dice = random.Random("%d %d %d" % (SEED, batch, number))
        options = make_options(dice)
        path = tmp_path / "data.csv"
        path.write_bytes(make_file(dice, options))
        check_file(path, options, "RECORDIOFS_SEED=%d: %s of %r" % (
            SEED, " ".join(options.arguments()), path.read_bytes()[:300]))
