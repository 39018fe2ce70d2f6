# SPDX-License-Identifier: Apache-2.0
"""dmlc-core's own readers, on mounted files."""
import shutil
import struct
import subprocess

import pytest

from support import catalog, make
from encoder import Options, encode

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


@pytest.mark.parametrize("parts", [4, 7])
def test_a_split_of_a_folder_gets_every_record_of_every_file(parts, source, mounts, dmlc_reader):
    expected = []
    for number in range(5):
        data = make.numbers(700 * (number + 1), 9, seed=number)
        (source / ("%d.csv" % number)).write_bytes(data)
        expected += unpack(encode(data, Options()).data, 4)
    got = read(dmlc_reader, "split", mounts(source).path, parts)
    assert sorted(got) == sorted(expected)
