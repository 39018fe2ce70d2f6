# SPDX-License-Identifier: Apache-2.0
"""recordio dump on what others have written: dmlc-core's writer, which splits records, and the
SageMaker SDK's, dense and sparse."""
import json
import random
import struct
import subprocess

import pytest

from support import tool
import encoder

MAGIC = struct.pack("<I", encoder.MAGIC)


def dump(*arguments):
    done = tool.recordio("dump", *arguments)
    assert done.returncode == tool.DONE, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def records(dice):
    """Payloads with the magic in them at any offset, as float32 values and as uid."""
    value = struct.unpack("<f", MAGIC)[0]
    for size in range(60):
        record = encoder.Record()
        record.uid = "u" * dice.randrange(5)
        record.features["values"].float32_tensor.values.extend(
            value if dice.random() < 0.3 else dice.randrange(100) for _ in range(size))
        record.label["values"].float32_tensor.values.append(value)
        yield record


def test_dmlcs_split_records_are_read(tmp_path, dmlc_writer):
    written = list(records(random.Random(4)))
    payloads = [record.SerializeToString() for record in written]
    path = tmp_path / "split.rec"
    subprocess.run([str(dmlc_writer), str(path)], check=True, timeout=60,
                   input=b"".join(struct.pack("<I", len(p)) + p for p in payloads))
    told, raw = dump(path), dump("--raw", path)
    assert len(told) == len(written)
    assert sum(line.get("parts", 1) > 1 for line in told) > 20
    for line, frame, record, payload in zip(told, raw, written, payloads):
        assert line["bytes"] == frame["bytes"] == len(payload)
        assert frame["head"] == payload[:32].hex()
        assert line["uid"] == record.uid
        values = line["features"]["values"].get("values", [])
        packed = struct.pack("<%df" % len(values), *values)
        assert packed == struct.pack("<%df" % len(values),
                                     *record.features["values"].float32_tensor.values)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_what_the_sdk_writes_is_read(kind, dtype, tmp_path, sdk):
    rows = [[1, 0, 2.5], [0, 0, -3], [7, 8, 9]] if dtype != "int32" else [
        [1, 0, 2], [0, 0, -3], [7, 8, 9]]
    hexed = [[struct.pack("<d", value).hex() for value in row] for row in rows]
    sdk({"write": str(tmp_path / "sdk.recordio"), "features": hexed, "sparse": kind == "sparse",
         "labels": [struct.pack("<d", i).hex() for i in range(3)],
         # The SDK calls numpy's int64 the int32 tensor.
         "dtype": dtype.replace("int32", "int64"), "label_dtype": "float32"})
    lines = dump(tmp_path / "sdk.recordio")
    assert [line["label"]["values"]["values"] for line in lines] == [[0.0], [1.0], [2.0]]
    for line, row in zip(lines, rows):
        tensor = line["features"]["values"]
        assert tensor["type"] == dtype
        if kind == "dense":
            assert tensor["values"] == row and "keys" not in tensor
        else:
            assert tensor["shape"] == [3]
            assert tensor["values"] == [value for value in row if value]
            assert tensor["keys"] == [at for at, value in enumerate(row) if value]
