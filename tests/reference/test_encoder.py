# SPDX-License-Identifier: Apache-2.0
"""The reference encoder is held against Python's csv module and its own catalog."""
import csv
import io

import pytest

from support import catalog
import encoder

CASES = [case for case in catalog.CASES if case.options.quote != "none"]


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_cells_are_those_that_pythons_csv_module_finds(case):
    data = case.path.read_bytes()
    delimiter, quote = case.options.delimiter_byte(), case.options.quote_byte()
    rows, _ = encoder.split(data, delimiter, quote)
    for row in rows:
        begin, end = row.cells[0][0], row.cells[-1][1]
        # Blanks around quotes are ours alone, and csv takes a bare CR for an end of line.
        text = data[begin:end].decode("latin-1").rstrip("\r")
        if "\0" in text or "\r" in text:
            continue
        ours = [encoder.content(data, *cell, delimiter, quote).decode("latin-1").strip(" \t")
                for cell in row.cells]
        if any(data[b:e].strip(b" \t\r") != data[b:e].strip(b"\r") for b, e in row.cells):
            text = "".join(
                ("" if i == 0 else case_delimiter(case)) +
                data[b:e].strip(blanks(delimiter)).decode("latin-1")
                for i, (b, e) in enumerate(row.cells))
        theirs = next(csv.reader(io.StringIO(text, newline=""), delimiter=case_delimiter(case),
                                 quotechar=case.options.quote, strict=True))
        assert ours == [cell.strip(" \t") for cell in theirs], "line %d" % row.line


def case_delimiter(case):
    return case.options.delimiter_byte().decode()


def blanks(delimiter):
    return b" \t\r".replace(delimiter, b"")


@pytest.mark.parametrize("case", catalog.GOOD + catalog.BAD, ids=repr)
def test_the_catalog_tells_rows_and_errors(case):
    encoded = case.encoded()
    fault = encoded.fault and vars(encoded.fault)
    assert (encoded.nr_rows, fault) == (case.rows, case.error)
    assert len(encoded.data) == encoded.nr_rows * encoded.record_bytes


@pytest.mark.parametrize("case", catalog.REFUSED, ids=repr)
def test_the_catalog_tells_what_is_refused(case):
    with pytest.raises(encoder.SchemaError, match=case.schema_error):
        case.encoded()
