# SPDX-License-Identifier: Apache-2.0
"""Every two values of every two encoding options, together: the tool's bytes against the
reference encoder's, whole and in random parts, or a refusal with a reason by both.

RECORDIOFS_SEED repeats a run whose seed a failure printed.
"""
import json
import os
import random
import re

import pytest

from support import tool
from support.pairs import pairwise
from encoder import Options, OptionError, SchemaError, check_options, encode

SEED = int(os.environ.get("RECORDIOFS_SEED") or random.SystemRandom().randrange(1 << 32))

FACTORS = {
    "header": ["auto", "yes", "no"],
    "delimiter": [",", "tab", ";"],
    "quote": ['"', "'", "none"],
    "label": ["0", "none", "2", "0:5", "3"],
    "features": [None, "1-5", "5:1:3:2"],
    "drop": [None, "1", "4"],
    "dtype": ["float32", "float64", "int32"],
    "label_dtype": [None, "float32", "float64", "int32"],
    "format": ["dense", "sparse"],
    "zero_row": ["shape", "zero"],
    "keys": ["values", "names", "source=1-2:5:target=4", "target=3-5"],
    "text": ["error", "drop", "bytes", "hash:5", "hash:1000", "map"],
    "missing": ["nan", "zero", "error", "7", "-1.5"],
    "bad_row": ["error", "skip", "nan"],
    "uid": ["none", "row", "4", "3"],
    "magic": ["plain", "shift"],
}

# The bits of the frame's magic, as float32 and as float64's upper half.
MAGIC = "-1804698880.0"


def number(dice):
    return dice.choice(["0", "0", "1", "2", "-1", "0.0", "300", "1e3", "70000", "2147483647",
                        "-2147483648", "5.0", MAGIC])


def fraction(dice):
    return dice.choice([number(dice), number(dice), "0.5", "-2.25", "1e-50", "1e40", "inf"])


def quoted(text, quote):
    return quote + text.replace(quote, quote * 2) + quote if quote else text


def text_cell(dice, separator, quote):
    text = dice.choice(["Aachen", "Bonn", "bonn", "Zürich", "New York", "x" * 200, "12", "-", "N"])
    if quote and dice.random() < 0.3:
        text += dice.choice([separator, "\n", quote, quote + "a" + quote, " "])
        return quoted(text, quote)
    return text


def data_row(dice, separator, quote, clean):
    value = number if clean else fraction
    cells = [str(dice.randrange(3)), value(dice), value(dice),
             text_cell(dice, separator, quote), value(dice), value(dice)]
    for column in range(6):
        if dice.random() < 0.04:
            cells[column] = dice.choice(["", "NA", "nan", "-nan"])
    if all(cell == "" for cell in cells):
        cells[0] = "1"
    if not clean and dice.random() < 0.05:
        dice.choice([lambda: cells.append("1"), cells.pop,
                     lambda: cells.__setitem__(1, "what?"),
                     lambda: cells.__setitem__(5, "9e9"),
                     lambda: cells.__setitem__(2, "3000000000")])()
    return cells


def make_file(dice, given, clean):
    separator = {"tab": "\t"}.get(given["delimiter"], given["delimiter"])
    quote = "" if given["quote"] == "none" else given["quote"]
    rows = [["y", "a", "b", "city", "d", "e"]] if given["header"] != "no" else []
    first = [str(dice.randrange(3)), "5", "6", "Aachen", "0", "9"]
    rows += [first] + [data_row(dice, separator, quote, clean)
                       for _ in range(dice.choice([3, 40, 1500]))]
    if not clean and dice.random() < 0.5:
        dice.choice(rows[2:])[3] = "\xff"
    text = "".join(separator.join(row) + dice.choice(["\n"] * 6 + ["\r\n", "\n\n"])
                   for row in rows)
    return text.encode("latin-1" if "\xff" in text else "utf-8")


# Of all options together few make records of one size; these always do.
OF_ONE_SIZE = {"dtype": ["float32", "float64"], "label_dtype": [None, "float32", "float64"],
               "format": ["dense"], "zero_row": ["shape"], "text": ["error", "drop"],
               "bad_row": ["error", "nan"], "uid": ["none"], "magic": ["plain"]}

CASES = list(enumerate(pairwise(FACTORS, random.Random(SEED)) +
                       pairwise({**FACTORS, **OF_ONE_SIZE}, random.Random(SEED))))


def without_default(given):
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize("clean", [True, False], ids=["clean", "dirty"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: "%d" % case[0])
def test_options_meet(case, clean, tmp_path):
    number_of, given = case
    dice = random.Random(SEED + 2 * number_of + clean)
    options = Options(**without_default(given))
    path = tmp_path / "data.csv"
    path.write_bytes(make_file(dice, given, clean))
    told = "RECORDIOFS_SEED=%d: %s" % (SEED, " ".join(options.arguments()))
    done = tool.recordio("cat", *options.arguments(), path)
    try:
        check_options(options)
    except OptionError:
        assert done.returncode == tool.WRONG_CALL, told
        assert done.stdout == b"" and len(done.stderr) > len(b"recordio: \n"), told
        return
    try:
        expected = encode(path.read_bytes(), options)
    except SchemaError:
        assert (done.returncode, done.stdout) == (tool.WRONG_DATA, b""), told
        return
    check_file(path, options, expected, done, told)
    check_info(path, options, expected, told)
    check_parts(path, options, expected, dice, told)


def check_file(path, options, expected, done, told):
    assert done.stdout == expected.data, told
    if expected.fault is None:
        assert (done.returncode, done.stderr) == (tool.DONE, b""), told
        return
    assert done.returncode == tool.WRONG_DATA, told
    place = re.search(rb"data\.csv:(\d+):(\d+): ", done.stderr)
    assert place, (told, done.stderr)
    assert (int(place[1]), int(place[2])) == (expected.fault.line, expected.fault.column), \
        (told, expected.fault, done.stderr)


def check_info(path, options, expected, told):
    info = json.loads(tool.recordio("info", "--json", *options.arguments(), path).stdout)
    assert info["record_bytes"] == (expected.record_bytes or None), told
    if expected.fault is None:
        assert info["records"] == expected.nr_rows, told
        assert info["file_bytes"] == len(expected.data), told
        assert info["skipped"] == expected.nr_skipped, told
        asked = options.missing != "nan" or options.bad_row != "error"
        if asked or not info["record_bytes"]:
            assert info["filled"] == expected.nr_filled, told
        else:
            assert info["filled"] is None, told
        if expected.codes is not None:
            table = {int(column): [text.encode() for text in texts]
                     for column, texts in info["texts"].items()}
            shown = {column: [text.decode(errors="replace").encode() for text in texts]
                     for column, texts in expected.codes.items() if texts}
            assert table == shown, told


def check_parts(path, options, expected, dice, told):
    for _ in range(4):
        off = dice.randrange(len(expected.data) + 1)
        size = min(dice.choice([1, 30, 5000, 100000]), len(expected.data) - off)
        done = tool.recordio("cat", *options.arguments(), "--range=%d:%d" % (off, size), path)
        assert (done.returncode, done.stdout) == (tool.DONE, expected.data[off:off + size]), \
            "%s: %d bytes at %d: %r" % (told, size, off, done.stderr)
