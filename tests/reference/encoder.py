# SPDX-License-Identifier: Apache-2.0
"""The reference encoder: what a CSV file must become, said a second time.

It shares nothing with the C code but proto/record.proto.  Cells are split by a
plain state machine over bytes (held against Python's csv module by a test),
numbers are float()'s, records are serialized by protobuf's own package, one at
a time.  Clarity goes before speed.

    rows, fault = split(data, dialect)      where the cells lie
    encode(data, options) -> Encoded        the file's bytes, and its first error
"""
import ctypes
import dataclasses
import functools
import math
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto"))
from record_class import record_class  # noqa: E402

MAGIC = 0xCED7230A
SAMPLE_BYTES = 16 * 1024
BOM = b"\xef\xbb\xbf"

# What pandas takes for a missing value.
MISSING = frozenset(
    b"|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None"
    b"|n/a|nan|null".split(b"|"))

Record = record_class()


class SchemaError(Exception):
    """The file and the options do not go together."""


@dataclasses.dataclass(frozen=True)
class Options:
    header: str = "auto"
    delimiter: str = ","
    quote: str = '"'
    label: str = "0"
    features: str = None
    drop: str = None
    dtype: str = "float32"
    label_dtype: str = None
    missing: str = "nan"
    bad_row: str = "error"

    def delimiter_byte(self):
        return {"tab": b"\t"}.get(self.delimiter, self.delimiter.encode())

    def quote_byte(self):
        return {"none": None}.get(self.quote, self.quote.encode())

    def arguments(self):
        """As the tool takes them."""
        return ["--%s=%s" % item for item in self.given()]

    def mount_options(self):
        """As -o of the mount takes them."""
        return ["%s=%s" % item for item in self.given()]

    def given(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                yield field.name, value


@dataclasses.dataclass
class Fault:
    """Why a row cannot be encoded, and where: line and column count from 1."""
    kind: str  # number, missing, fields, quote, unterminated, nul
    line: int
    column: int


@dataclasses.dataclass
class Row:
    off: int      # of its first cell, blanks included
    line: int     # of its first byte, from 1
    cells: list   # (begin, end) of the raw cells, blanks and quotes included


@dataclasses.dataclass(frozen=True)
class Encoded:
    data: bytes          # every record before the first that cannot be encoded
    record_bytes: int
    nr_rows: int         # that were encoded
    has_header: bool
    nr_columns: int
    fault: Fault = None


def is_blank(byte, delimiter):
    return byte in b" \t\r" and byte != delimiter


def split(data, delimiter, quote):
    """Find all rows.  Returns (rows, fault): rows before the first bad quote."""
    delimiter = delimiter[0]
    quote = quote[0] if quote else None
    rows = []
    pos = len(BOM) if data.startswith(BOM) else 0
    line, line_off = 1, pos

    while pos < len(data):
        # A blank line is none.
        end = pos
        while end < len(data) and is_blank(data[end], delimiter):
            end += 1
        if end == len(data):
            break
        if data[end] == 0x0A:
            pos = end + 1
            line, line_off = line + 1, pos
            continue

        row = Row(pos, line, [])
        cell, state, begun_at = pos, "begin", None
        while True:
            byte = data[pos] if pos < len(data) else 0x0A
            at_end = pos >= len(data)
            if state == "quoted":
                if at_end:
                    return rows, Fault("unterminated", *begun_at)
                if byte == quote:
                    state = "closed?"
                elif byte == 0x0A:
                    line, line_off = line + 1, pos + 1
            elif byte == delimiter or byte == 0x0A:
                row.cells.append((cell, pos))
                cell, state = pos + 1, "begin"
                if byte == 0x0A:
                    pos += 1
                    if not at_end:
                        line, line_off = line + 1, pos
                    break
            elif byte == quote:
                if state == "begin":
                    state, begun_at = "quoted", (line, pos - line_off + 1)
                elif state == "closed?":
                    state = "quoted"  # a doubled quote
                else:
                    return rows, Fault("quote", *begun_at)
            elif is_blank(byte, delimiter):
                state = {"closed?": "closed"}.get(state, state)
            elif state in ("closed?", "closed"):
                # The quote before this byte closes elsewhere than at the end.
                return rows, Fault("quote", *begun_at)
            elif state == "begin":
                state, begun_at = "bare", (line, pos - line_off + 1)
            pos += 1
        rows.append(row)
    return rows, None


def content(data, begin, end, delimiter, quote):
    """A cell between its blanks and its quotes, doubled quotes made one."""
    blanks = bytes(b for b in b" \t\r" if b != delimiter[0])
    raw = data[begin:end].strip(blanks)
    if quote and raw[:1] == quote:
        return raw[1:-1].replace(quote * 2, quote)
    return raw


def number(cell):
    """What float() reads, or None."""
    try:
        return float(cell.decode("utf-8"))
    except (UnicodeDecodeError, ValueError):
        return None


def kind(cell):
    if cell in MISSING:
        return "missing"
    value = number(cell)
    if value is None:
        return "text"
    return "missing" if math.isnan(value) else "number"


def tells_header(kinds):
    """Decide header=auto from the kinds of the sampled cells, a list a row."""
    first, below = kinds[0], kinds[1:]
    votes = set()
    for column, head in enumerate(first):
        seen = {row[column] for row in below if column < len(row)} - {"missing"}
        if seen == {"number"}:
            votes.add({"text": "header", "number": "data"}.get(head))
    votes.discard(None)
    if len(votes) == 2:
        raise SchemaError("cannot tell")
    if votes:
        return votes == {"header"}
    if "number" in first:
        return False
    return all(any(len(row) > column and row[column] == "text" for row in below)
               for column in range(len(first))) or not below


def resolve(text, names, nr_columns):
    """A column list (a:3:5-7) as numbers."""
    if text is None or text == "none":
        return []
    columns = []
    for item in text.split(":"):
        first, dash, last = item.partition("-")
        if item in (names or []):
            if item.isdigit() and names.index(item) != int(item) < nr_columns:
                raise SchemaError(item + " is ambiguous")
            columns.append(names.index(item))
        elif dash and first.isdigit() and last.isdigit():
            columns.extend(range(int(first), int(last) + 1))
        elif item.isdigit():
            columns.append(int(item))
        else:
            raise SchemaError("no column " + item)
    if any(column >= nr_columns for column in columns):
        raise SchemaError("no such column in " + text)
    return columns


def roles(options, names, nr_columns):
    label = resolve(options.label, names, nr_columns)
    drop = resolve(options.drop, names, nr_columns)
    if options.features is None:
        features = [c for c in range(nr_columns) if c not in label and c not in drop]
    else:
        features = [c for c in resolve(options.features, names, nr_columns) if c not in drop]
        if set(features) & set(label):
            raise SchemaError("a column is both label and feature")
    return label, features


def tensor_values(values, dtype):
    return [ctypes.c_float(v).value for v in values] if dtype == "float32" else values


def frame(label, features, options):
    """One record with its frame, from lists of float."""
    record = Record()
    label_dtype = options.label_dtype or options.dtype
    value = record.features["values"]
    getattr(value, options.dtype + "_tensor").values.extend(
        tensor_values(features, options.dtype))
    if label:
        value = record.label["values"]
        getattr(value, label_dtype + "_tensor").values.extend(tensor_values(label, label_dtype))
    payload = record.SerializeToString(deterministic=True)
    return struct.pack("<II", MAGIC, len(payload)) + payload + bytes(-len(payload) % 4)


class RowError(Exception):
    def __init__(self, kind, off):
        self.kind, self.off = kind, off


def read_cell(data, begin, end, options):
    """A cell as a float; RowError where the options refuse it."""
    cell = content(data, begin, end, options.delimiter_byte(), options.quote_byte())
    what = kind(cell)
    if what == "number":
        return number(cell)
    if what == "missing" and options.missing == "nan":
        return number(cell) or math.nan  # -nan keeps its sign
    if what == "missing" and options.missing != "error":
        return float({"zero": "0"}.get(options.missing, options.missing))
    if options.bad_row == "nan":
        return math.nan
    raise RowError("missing" if what == "missing" else "number",
                   first_byte(data, begin, end, options))


def first_byte(data, begin, end, options):
    """Where a cell's value begins; an empty one lies where the cell does."""
    blanks = b" \t\r".replace(options.delimiter_byte(), b"")
    value = data[begin:end].lstrip(blanks)
    return end - len(value) if value else begin


def read_row(data, row, columns, nr_columns, options):
    for cell in row.cells:
        if b"\0" in data[slice(*cell)]:
            raise RowError("nul", first_byte(data, *cell, options))
    if len(row.cells) != nr_columns:
        if options.bad_row == "nan":
            return [math.nan] * len(columns)
        cell = row.cells[nr_columns if len(row.cells) > nr_columns else 0]
        raise RowError("fields", first_byte(data, *cell, options))
    values = {column: read_cell(data, *row.cells[column], options) for column in sorted(columns)}
    return [values[column] for column in columns]


def place(data, off):
    begin = data.rfind(b"\n", 0, off) + 1 or (len(BOM) if data.startswith(BOM) else 0)
    return data.count(b"\n", 0, off) + 1, off - begin + 1


def has_header(data, rows, options):
    if options.header != "auto":
        return options.header == "yes"
    kinds = []
    for row in rows:
        if row.cells[-1][1] > SAMPLE_BYTES and kinds:
            break
        kinds.append([kind(content(data, *cell, options.delimiter_byte(), options.quote_byte()))
                      for cell in row.cells])
    return tells_header(kinds)


@dataclasses.dataclass
class Table:
    """A file's data rows, and which columns are what."""
    rows: list
    fault: Fault
    has_header: bool
    nr_columns: int
    label: list
    features: list


def table(data, options):
    """Find rows, header and roles.  SchemaError where they do not go together."""
    rows, fault = split(data, options.delimiter_byte(), options.quote_byte())
    if not rows:
        return Table([], fault, False, 0, [], [])
    header = has_header(data, rows, options)
    nr_columns = len(rows[0].cells)
    names = None
    if header:
        names = [content(data, *cell, options.delimiter_byte(), options.quote_byte()).decode()
                 for cell in rows.pop(0).cells]
    return Table(rows, fault, header, nr_columns, *roles(options, names, nr_columns))


def values(data, options):
    """Each row as (label values, feature values), until one cannot be read (RowError)."""
    found = table(data, options)
    for row in found.rows:
        numbers = read_row(data, row, found.label + found.features, found.nr_columns, options)
        yield numbers[:len(found.label)], numbers[len(found.label):]


@functools.lru_cache(maxsize=128)
def encode(data, options):
    """The records that data stands for.  SchemaError where no record can be."""
    found = table(data, options)
    if not found.nr_columns:
        return Encoded(b"", 0, 0, False, 0, found.fault)
    record_bytes = len(frame([0.0] * len(found.label), [0.0] * len(found.features), options))
    records, fault = [], found.fault
    try:
        for label, features in values(data, options):
            records.append(frame(label, features, options))
    except RowError as error:
        fault = Fault(error.kind, *place(data, error.off))
    return Encoded(b"".join(records), record_bytes, len(records), found.has_header,
                   found.nr_columns, fault)
