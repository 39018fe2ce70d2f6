# SPDX-License-Identifier: Apache-2.0
"""dmlc-core's own readers, on mounted files."""
import random
import shutil
import struct
import subprocess

import pytest

from support import catalog, make, paths
from encoder import Options, Record, encode

# dmlc resynchronises on the magic at an aligned place, wherever it stands: a
# value equal to it breaks any file that is read in parts.
SPLITTABLE = [case for case in catalog.GOOD if case.rows and "magic" not in case.name]


def unpack(framed, pad):
    """Payloads, each behind its length, the frame's magic before it where pad is 4."""
    records, off = [], 0
    head = 8 if pad == 4 else 4
    while off < len(framed):
        size, = struct.unpack_from("<I", framed, off + head - 4)
        records.append(framed[off + head:off + head + size])
        off += head + -(-size // pad) * pad
    return records


def read(program, *arguments):
    done = subprocess.run([str(program), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return unpack(done.stdout, 1)


@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_the_reader_gets_every_record(case, source, mounts, dmlc_reader):
    shutil.copy(case.path, source / "data.csv")
    mount = mounts(source, *case.options.mount_options())
    got = read(dmlc_reader, "reader", mount.file("data.recordio"))
    assert got == unpack(case.encoded().data, 4)


@pytest.mark.parametrize("parts", [4, 7])
@pytest.mark.parametrize("case", SPLITTABLE, ids=repr)
def test_a_split_into_parts_gets_every_record_once(case, parts, source, mounts, dmlc_reader):
    shutil.copy(case.path, source / "data.csv")
    mount = mounts(source, *case.options.mount_options())
    got = read(dmlc_reader, "split", mount.file("data.recordio"), parts)
    assert got == unpack(case.encoded().data, 4)


def magic_rows(nr_columns):
    """The frame's magic as a value, at every place and in pieces between two, in many rows."""
    dice = random.Random(nr_columns)
    pieces = [struct.unpack("<2f", bytes(4 - at) + struct.pack("<I", MAGIC) + bytes(at))
              for at in (1, 2, 3)]
    for row in range(400):
        cells = ["%d" % row] + [repr(dice.choice([0.0, 1.5, -1804698880.0]))
                                for _ in range(nr_columns)]
        if row % 3 == 0 and nr_columns > 3:
            at = dice.randrange(1, nr_columns)
            cells[at:at + 2] = map(repr, dice.choice(pieces))
        yield ",".join(cells)


MAGIC = 0xCED7230A


@pytest.mark.parametrize("options", [
    {}, {"format": "sparse"}, {"dtype": "float64"}, {"uid": "row"}, {"keys": "names"}],
    ids=lambda given: "-".join(given.values()) or "dense")
@pytest.mark.parametrize("nr_columns", [1, 2, 3, 4, 31, 5000])
def test_shifted_records_are_split_into_any_number_of_parts(nr_columns, options, source, mounts,
                                                            dmlc_reader):
    rows = list(magic_rows(nr_columns))[:40 if nr_columns > 1000 else None]
    data = ("\n".join(rows) + "\n").encode()
    (source / "data.csv").write_bytes(data)
    mount = mounts(source, "header=no", "magic=shift", "bad_row=skip",
                   *("%s=%s" % item for item in options.items()))
    expected = unpack(mount.file("data.recordio").read_bytes(), 4)
    assert len(expected) > len(rows) / 2
    for parts in (1, 2, 3, 5, 8, 13, 40):
        assert read(dmlc_reader, "split", mount.file("data.recordio"), parts) == expected
    assert read(dmlc_reader, "reader", mount.file("data.recordio")) == expected
    plain = unpack(encode(data, Options(header="no", bad_row="skip", **options)).data, 4)
    shifted = {Record.FromString(payload).SerializeToString(deterministic=True)
               for payload in expected}
    assert shifted <= set(plain)
    assert len(plain) - len(expected) < len(plain) / 10


@pytest.mark.parametrize("parts", [4, 7])
def test_a_split_of_a_folder_gets_every_record_of_every_file(parts, source, mounts, dmlc_reader):
    expected = []
    for number in range(5):
        data = make.numbers(700 * (number + 1), 9, seed=number)
        (source / ("%d.csv" % number)).write_bytes(data)
        expected += unpack(encode(data, Options()).data, 4)
    got = read(dmlc_reader, "split", mounts(source).path, parts)
    assert sorted(got) == sorted(expected)
