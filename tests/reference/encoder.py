# SPDX-License-Identifier: Apache-2.0
"""The reference encoder: what a CSV file must become, said a second time.

It shares nothing with the C code but proto/record.proto.  Cells are split by a
plain state machine over bytes (held against Python's csv module by a test),
numbers are float()'s, records are serialized by protobuf's own package, one at
a time.  Clarity goes before speed.

    rows, fault = split(data, dialect)      where the cells lie
    table(data, options) -> Table           which columns are what
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
from xxh64 import xxh64  # noqa: E402

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


class OptionError(Exception):
    """Options that do not go together, whatever the file."""


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
    format: str = "dense"
    zero_row: str = "shape"
    keys: str = "values"
    text: str = "error"
    missing: str = "nan"
    bad_row: str = "error"
    uid: str = "none"
    magic: str = "plain"

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


def check_options(options):
    """OptionError where options contradict each other, or one would do nothing."""
    dtypes = (options.dtype, options.label_dtype or options.dtype)
    groups = options.keys not in ("values", "names")
    uid_column = options.uid not in ("none", "row")
    if options.bad_row == "nan":
        if "int32" in dtypes or options.text == "bytes" or uid_column:
            raise OptionError("nothing there stands for NaN")
    if dtypes == ("int32", "int32") and options.missing not in ("nan", "zero", "error") and \
            isinstance(whole(float(options.missing)), str):
        raise OptionError("missing is no int32")
    if options.zero_row == "zero" and options.format != "sparse":
        raise OptionError("zero_row is for sparse rows")
    if options.format == "sparse" and options.keys == "names":
        raise OptionError("sparse tensors of one value")
    if groups and options.features is not None:
        raise OptionError("features are named twice")


@dataclasses.dataclass
class Fault:
    """Why a row cannot be encoded, and where: line and column count from 1."""
    kind: str  # number, missing, whole, range, fields, utf8, magic, quote, unterminated, nul
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
    record_bytes: int    # of each; 0 where they may differ
    nr_rows: int         # that were encoded
    has_header: bool
    nr_columns: int
    fault: Fault = None
    nr_skipped: int = 0
    nr_filled: int = 0   # missing cells that became a value
    codes: dict = None   # text=map: column -> its texts, in the order of their numbers


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
    first = kinds[0]
    below = [row for row in kinds[1:] if len(row) == len(first)]
    votes = set()
    for column, head in enumerate(first):
        seen = {row[column] for row in below}
        if head == "text" and seen - {"missing"} == {"number"}:
            votes.add("header")
        if head == "number" and "number" in seen:
            votes.add("data")
    if len(votes) == 2:
        raise SchemaError("cannot tell")
    if votes:
        return votes == {"header"}
    return "text" in first and "number" not in first


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
            if not item.isdigit() and names.count(item) > 1:
                raise SchemaError("several columns are called " + item)
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
    if set(label) & set(drop):
        raise SchemaError("a column is both label and dropped")
    if options.features is None:
        features = [c for c in range(nr_columns) if c not in label and c not in drop]
    else:
        features = [c for c in resolve(options.features, names, nr_columns) if c not in drop]
        if set(features) & set(label):
            raise SchemaError("a column is both label and feature")
    return label, features


def whole(value):
    """A float as an int32; RowError's kind where it is none."""
    if math.isnan(value):
        return "missing"
    if not -2147483648 <= value <= 2147483647:
        return "range"
    return int(value) if value == int(value) else "whole"


def stored(value, dtype):
    """A float as a tensor of dtype holds it."""
    if dtype == "float32":
        return ctypes.c_float(value).value
    return whole(value) if dtype == "int32" else value


def tensor_values(values, dtype):
    return [stored(value, dtype) for value in values]


def fill_tensor(value, numbers, dtype, sparse=False, zero_row="shape"):
    """Put numbers (floats) into a Value."""
    tensor = getattr(value, dtype + "_tensor")
    numbers = tensor_values(numbers, dtype)
    if not sparse:
        tensor.values.extend(numbers)
        return
    keys = [key for key, number in enumerate(numbers) if number != 0]
    if not keys and zero_row == "zero":
        keys = [0]
        numbers[0] = 0
    tensor.values.extend(numbers[key] for key in keys)
    tensor.keys.extend(keys)
    tensor.shape.append(len(numbers))


def make_record(label, features, uid, options):
    """Label a list of floats; features {key: floats, or bytes}; uid text or None."""
    record = Record()
    for key, content_or_numbers in features.items():
        value = record.features[key]
        if isinstance(content_or_numbers, bytes):
            value.bytes.value.append(content_or_numbers)
        else:
            fill_tensor(value, content_or_numbers, options.dtype, options.format == "sparse",
                        options.zero_row)
    if label:
        fill_tensor(record.label["values"], label, options.label_dtype or options.dtype)
    if uid is not None:
        record.uid = uid
    return record.SerializeToString(deterministic=True)


def framed(payload):
    return struct.pack("<II", MAGIC, len(payload)) + payload + bytes(-len(payload) % 4)


def has_aligned_magic(payload):
    return any(payload[i:i + 4] == struct.pack("<I", MAGIC) for i in range(0, len(payload), 4))


def longer(varint, nr_more):
    """The same number in nr_more bytes more."""
    if not nr_more:
        return varint
    return varint[:-1] + bytes([varint[-1] | 0x80]) + b"\x80" * (nr_more - 1) + b"\0"


def fields(payload):
    """(tag, length, content) of each field, as bytes."""
    off = 0
    while off < len(payload):
        end, size, bits = off + 1, 0, 0
        while True:
            size |= (payload[end] & 0x7F) << bits
            bits += 7
            end += 1
            if payload[end - 1] < 0x80:
                break
        yield payload[off:off + 1], payload[off + 1:end], payload[end:end + size]
        off = end + size


def shift_field(tag, length, content, nr_more):
    """The same field: its length as a longer varint, or its tag where the length would be
    one of more than five bytes."""
    if len(length) + nr_more <= 5:
        return tag + longer(length, nr_more) + content
    return longer(tag, nr_more) + length + content


def shift(payload):
    """The same message without an aligned magic; None where that is beyond shifting."""
    shifted = b""
    for field in fields(payload):
        for nr_more in range(4):
            candidate = shift_field(*field, nr_more)
            before = len(shifted) % 4
            if not has_aligned_magic(b"." * before + candidate):
                break
        else:
            return None
        shifted += candidate
    return shifted


def frame(label, features, options, uid=None):
    """One record with its frame.  features may be a list: the values of the one key."""
    if not isinstance(features, dict):
        features = {"values": features}
    payload = make_record(label, features, uid, options)
    if options.magic == "shift":
        payload = shift(payload)
        if payload is None:
            raise RowError("magic", None)
    return framed(payload)


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


def text_of(data, cell, options):
    return content(data, *cell, options.delimiter_byte(), options.quote_byte())


def read_number(data, cell, dtype, options, tally):
    """A cell as a float that dtype can hold."""
    value = read_cell(data, *cell, options)
    missing = kind(text_of(data, cell, options)) == "missing"
    if dtype == "int32" and isinstance(whole(value), str):
        raise RowError("missing" if missing else whole(value), first_byte(data, *cell, options))
    tally["filled"] += missing and options.missing != "error"
    return value


def read_text(data, cell, options, tally):
    """The content of a cell of a text column, or None where it is missing."""
    text = text_of(data, cell, options)
    if kind(text) != "missing":
        return text
    if options.missing == "error" and options.bad_row != "nan":
        raise RowError("missing", first_byte(data, *cell, options))
    if options.text != "bytes":
        tally["filled"] += options.missing != "error"
        return None
    return text


def code_of(text, column, found, options):
    if text is not None:
        return float(found.codes[column].index(text))
    if options.missing in ("nan", "error"):
        return math.nan
    return float({"zero": "0"}.get(options.missing, options.missing))


def buckets(texts, found, options):
    """The N values that hashed columns add: how many of their texts fall into each."""
    counts = [0.0] * int(options.text.partition(":")[2])
    for column, text in texts:
        if text is not None:
            name = found.names[column] if found.names else str(column).encode()
            counts[xxh64(name + b"=" + text) % len(counts)] += 1
    return counts


def check_row(data, row, found, options):
    """Whether the row has the right shape; an error, or false under bad_row=nan."""
    for cell in row.cells:
        if b"\0" in data[slice(*cell)]:
            raise RowError("nul", first_byte(data, *cell, options))
    if len(row.cells) == found.nr_columns:
        return True
    if options.bad_row == "nan":
        return False
    cell = row.cells[found.nr_columns if len(row.cells) > found.nr_columns else 0]
    raise RowError("fields", first_byte(data, *cell, options))


def read_row(data, row, found, options, tally):
    """(label, features, uid text or None) of a row, for make_record."""
    regular = check_row(data, row, found, options)
    values, texts, uid = {}, {}, None
    label_dtype = options.label_dtype or options.dtype
    for column in found.used if regular else ():
        cell = row.cells[column]
        if column == found.uid:
            uid = uid_of(data, cell, options)
        if column in found.text_columns and (column in found.features or column in found.label):
            texts[column] = read_text(data, cell, options, tally)
            if options.text == "map":
                values[column] = code_of(texts[column], column, found, options)
                dtype = label_dtype if column in found.label else options.dtype
                if dtype == "int32" and isinstance(whole(values[column]), str):
                    raise RowError("missing", first_byte(data, *cell, options))
        elif column in found.label:
            values[column] = read_number(data, cell, label_dtype, options, tally)
        elif column in found.features:
            values[column] = read_number(data, cell, options.dtype, options, tally)
    features = {}
    for key, columns in found.keys.items():
        apart = () if options.text == "map" else found.text_columns
        plain = [c for c in columns if c not in apart]
        hashed = [c for c in columns if c in apart]
        if options.text == "bytes" and hashed:
            features[key] = texts[columns[0]]
            continue
        features[key] = [values.get(column, math.nan) for column in plain]
        if hashed:
            features[key] += buckets([(c, texts.get(c)) for c in hashed], found, options)
    return [values.get(column, math.nan) for column in found.label], features, uid


def uid_of(data, cell, options):
    try:
        return text_of(data, cell, options).decode("utf-8")
    except UnicodeDecodeError:
        raise RowError("utf8", first_byte(data, *cell, options)) from None


def place(data, off):
    begin = data.rfind(b"\n", 0, off) + 1 or (len(BOM) if data.startswith(BOM) else 0)
    return data.count(b"\n", 0, off) + 1, off - begin + 1


def sampled(data, rows):
    """How many rows end in the sample that decides about header and types."""
    size = SAMPLE_BYTES
    while True:
        is_whole = len(data) <= size
        nr = sum(is_whole or row.cells[-1][1] < size for row in rows)
        if nr >= 2 or is_whole:
            return nr
        size *= 4


def kinds_of(data, rows, options):
    return [[kind(text_of(data, cell, options)) for cell in row.cells] for row in rows]


@dataclasses.dataclass
class Table:
    """A file's data rows, and which columns are what."""
    rows: list
    fault: Fault
    has_header: bool = False
    nr_columns: int = 0
    names: list = None          # bytes
    label: list = ()
    keys: dict = None           # of the features: key -> columns
    uid: int = None             # the column
    text_columns: frozenset = frozenset()
    codes: dict = None          # text=map: column -> sorted texts

    @functools.cached_property
    def features(self):
        return frozenset(column for columns in self.keys.values() for column in columns)

    @functools.cached_property
    def used(self):
        return sorted(self.features | set(self.label) | ({self.uid} - {None}))


def has_mac_lines(data, options):
    """Whether a file of one row has a carriage return within it, but for quotes."""
    blanks = b" \t\r".replace(options.delimiter_byte(), b"")
    text = data.removeprefix(BOM).strip(blanks + b"\n")
    parts = [text] if options.quote == "none" else text.split(options.quote_byte())
    rows = [row for row in b"x".join(parts[::2]).split(b"\n") if row.strip(blanks)]
    nr_whole = len(rows) - (len(parts) % 2 == 0)  # a quote that is open takes the last
    return nr_whole < 2 and any(b"\r" in row for row in rows)


def uid_column(options, names, nr_columns):
    if options.uid in ("none", "row"):
        return None
    columns = resolve(options.uid, names, nr_columns)
    if len(columns) != 1:
        raise SchemaError("uid takes one column")
    return columns[0]


def named_keys(text, names, nr_columns):
    """source=1-10:target=11-20:25"""
    groups = {}
    for item in text.split(":"):
        key, equals, first = item.partition("=")
        if equals:
            if key in groups:
                raise SchemaError("twice " + key)
            groups[key] = first
        else:
            group = list(groups)[-1]
            groups[group] += ":" + item
    return {key: resolve(columns, names, nr_columns) for key, columns in groups.items()}


def key_name(names, column):
    return names[column] if names else str(column)


def find_keys(options, names, nr_columns, features, text_columns):
    """key -> columns, of what is left of the features."""
    if options.keys == "values":
        keys = {"values": features}
    elif options.keys == "names":
        keys = {}
        for column in features:
            if key_name(names, column) in keys:
                raise SchemaError("two columns of one name")
            keys[key_name(names, column)] = [column]
    else:
        keys = {key: [c for c in columns if c in features] for key, columns in
                named_keys(options.keys, names, nr_columns).items()}
    if options.text == "drop":
        keys = {key: [c for c in columns if c not in text_columns]
                for key, columns in keys.items()}
    if options.text == "bytes" and options.keys != "names":
        found = {key: [c for c in columns if c not in text_columns]
                 for key, columns in keys.items()}
        for column in [c for columns in keys.values() for c in columns if c in text_columns]:
            if found.get(key_name(names, column)):
                raise SchemaError("two keys of one name")
            found[key_name(names, column)] = [column]
        keys = found
    keys = {key: columns for key, columns in keys.items() if columns}
    if not keys:
        raise SchemaError("no feature is left")
    return keys


def table(data, options):
    """Find rows, header and roles.  SchemaError where they do not go together."""
    rows, fault = split(data, options.delimiter_byte(), options.quote_byte())
    if has_mac_lines(data, options):
        raise SchemaError("lines end in a carriage return alone")
    if not rows:
        return Table([], fault)
    kinds = kinds_of(data, rows[:sampled(data, rows)], options)
    header = tells_header(kinds) if options.header == "auto" else options.header == "yes"
    found = Table(rows, fault, header, len(rows[0].cells))
    names = None
    if header:
        first = rows.pop(0)
        if b"\0" in data[first.off:first.cells[-1][1]]:
            raise SchemaError("a NUL byte in the header")
        found.names = [text_of(data, cell, options) for cell in first.cells]
        names = [name.decode() for name in found.names]
        kinds.pop(0)
    if options.text != "error":
        found.text_columns = frozenset(
            c for c in range(found.nr_columns)
            if any(len(row) == found.nr_columns and row[c] == "text" for row in kinds))
    found.uid = uid_column(options, names, found.nr_columns)
    if options.keys in ("values", "names"):
        found.label, features = roles(options, names, found.nr_columns)
    else:
        groups = named_keys(options.keys, names, found.nr_columns)
        found.label, features = roles(dataclasses.replace(options, features=":".join(
            "%d-%d" % (c, c) for columns in groups.values() for c in columns)),
            names, found.nr_columns)
    if options.features is None and options.keys in ("values", "names"):
        features = [c for c in features if c != found.uid]
    if found.uid in found.label:
        raise SchemaError("the uid is the label")
    if options.text != "map" and found.text_columns & set(found.label):
        raise SchemaError("the label is text")
    found.keys = find_keys(options, names, found.nr_columns, features, found.text_columns)
    if options.text == "map":
        found.codes = {c: texts_in(data, found, c, options)
                       for c in found.text_columns
                       if c in found.label or c in found.features}
    return found


def texts_in(data, found, column, options):
    """What a text column holds, sorted by bytes; rows of another shape do not count."""
    texts = {text_of(data, row.cells[column], options) for row in found.rows
             if len(row.cells) == found.nr_columns
             and b"\0" not in data[row.off:row.cells[-1][1]]}
    return sorted(text for text in texts if kind(text) != "missing")


def values(data, options):
    """Each row as (label values, feature values), until one cannot be read (RowError)."""
    found = table(data, options)
    for row in found.rows:
        label, features, _ = read_row(data, row, found, options, {"filled": 0})
        yield label, features["values"]


def is_fixed(options, found):
    """Whether all records have one length."""
    label_dtype = (options.label_dtype or options.dtype) if found.label else options.dtype
    return ("int32" not in (options.dtype, label_dtype) and options.format == "dense"
            and options.bad_row != "skip" and options.uid == "none" and options.magic == "plain"
            and (options.text in ("error", "drop") or not found.text_columns & set(found.used)))


@functools.lru_cache(maxsize=128)
def encode(data, options):
    """The records that data stands for.  SchemaError where no record can be."""
    found = table(data, options)
    if not found.nr_columns:
        return Encoded(b"", 0, 0, False, 0, found.fault)
    record_bytes = 0
    if is_fixed(options, found):
        record_bytes = len(frame([0.0] * len(found.label),
                                 {key: [0.0] * len(columns)
                                  for key, columns in found.keys.items()}, options))
    records, fault = [], found.fault
    nr_skipped = nr_filled = 0
    for number_of_row, row in enumerate(found.rows):
        tally = {"filled": 0}
        try:
            label, features, uid = read_row(data, row, found, options, tally)
            uid = str(number_of_row) if options.uid == "row" else uid
            records.append(frame(label, features, options, uid))
            nr_filled += tally["filled"]
        except RowError as error:
            if options.bad_row == "skip" and error.kind != "nul":
                nr_skipped += 1
                continue
            off = row.off if error.off is None else error.off
            fault = Fault(error.kind, *place(data, off))
            break
    return Encoded(b"".join(records), record_bytes, len(records), found.has_header,
                   found.nr_columns, fault, nr_skipped, nr_filled, found.codes)
