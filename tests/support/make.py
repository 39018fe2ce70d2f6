# SPDX-License-Identifier: Apache-2.0
"""CSV files for tests that need a size, not a particular content."""
import random


def numbers(nr_rows, nr_columns=8, seed=1, header=False):
    """Plain rows, every one different, as bytes."""
    dice = random.Random(seed)
    lines = [",".join("c%d" % c for c in range(nr_columns))] if header else []
    lines += [",".join([str(row)] + ["%.*g" % (dice.randint(1, 9), dice.uniform(-1e4, 1e4))
                                     for _ in range(nr_columns - 1)])
              for row in range(nr_rows)]
    return ("\n".join(lines) + "\n").encode()


CELLS = ["%d", "%.3f", "%.17g", "%.6e", " %g", "%g ", '"%g"', ' "%g" ']


def dirty(dice):
    """A random file with random options that must encode: (bytes, Options arguments)."""
    delimiter = dice.choice([",", ";", "|", "tab", " "])
    quote = dice.choice(['"', "'"])
    nr_columns = dice.choice([1, 2, 3, 7, 31, 200])
    options = {
        "delimiter": delimiter, "quote": quote,
        "header": dice.choice(["yes", "no"]),
        "dtype": dice.choice(["float32", "float64"]),
        "label_dtype": dice.choice([None, "float32", "float64"]),
        "missing": dice.choice(["nan", "zero", "-1.5"]),
        "label": "none" if nr_columns == 1 else dice.choice(
            ["0", "none", str(nr_columns - 1), "0:%d" % (nr_columns - 1)]
            if nr_columns > 2 else ["0", "1", "none"]),
        "bad_row": dice.choice(["error", "nan", "skip"]),
        "format": dice.choice(["dense", "dense", "sparse"]),
        "uid": dice.choice(["none", "none", "row"]),
        "magic": dice.choice(["plain", "plain", "shift"]),
    }
    if options["format"] == "sparse":
        options["zero_row"] = dice.choice(["shape", "zero"])
    else:
        options["keys"] = dice.choice(["values", "values", "names"])
    separator = "\t" if delimiter == "tab" else delimiter
    nr_rows = min(dice.choice([1, 10, 300, 3000]), 40000 // nr_columns)
    rows = [[_cell(dice, separator, quote, nr_columns) for _ in range(nr_columns)]
            for _ in range(nr_rows)]
    if options["bad_row"] != "error":
        for row in dice.sample(rows, min(len(rows), 3)):
            dice.choice([lambda row: row.append("1"),
                         lambda row: row.__setitem__(-1, "text")])(row)
        rows[0] = [_cell(dice, separator, quote, nr_columns) for _ in range(nr_columns)]
    if options["header"] == "yes":
        rows.insert(0, ['%sname\n%d%s' % (quote, c, quote) for c in range(nr_columns)])
    text = b"\xef\xbb\xbf" if dice.random() < 0.2 else b""
    for row in rows:
        text += separator.join(row).encode() + _end(dice, separator)
    if dice.random() < 0.3:
        text = text.rstrip(b" \r\n\t" if separator not in " \t" else b"\r\n")
    return text, options


def _cell(dice, separator, quote, nr_columns):
    chance = dice.random()
    if chance < 0.03:
        return dice.choice(["NA", "nan", "null", quote + quote] + [""] * (nr_columns > 1))
    form = dice.choice(CELLS).replace('"', quote)
    if separator == " ":
        form = form.strip(" ")
    value = dice.choice([dice.uniform(-1, 1), dice.uniform(-1e6, 1e6), dice.randint(-99, 99),
                         dice.uniform(0, 1) * 10.0 ** dice.randint(-45, 38)])
    return form % value


def _end(dice, separator):
    blanks = " \t" if separator not in " \t" else ""
    return dice.choice(["\n"] * 8 + ["\r\n", "\r\n", "\n\n", "\n\r\n",
                                     "\n" + blanks + "\n"]).encode()
