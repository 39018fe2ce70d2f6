# SPDX-License-Identifier: Apache-2.0
"""recordio dump: a line of JSON a record, of whoever's RecordIO, out of files, pipes and mounts."""
import base64
import ctypes
import json
import math
import os
import resource
import struct
import subprocess

import pytest

from support import catalog, make, paths, tool
import encoder
from support.frames import MAGIC, frame, magic_payload, split


def dump(*arguments, code=tool.DONE, **settings):
    done = tool.recordio("dump", *arguments, **settings)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def number(value):
    """A dumped number, and what stands for those that JSON has not."""
    return float(value) if isinstance(value, str) else value


def stored(value, dtype):
    return ctypes.c_float(value).value if dtype == "float32" else value


def same(told, value):
    return told == value and math.copysign(1, told) == math.copysign(1, value) or (
        math.isnan(told) and math.isnan(value))


@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_every_value_comes_back(case, tmp_path):
    (tmp_path / "f.recordio").write_bytes(case.encoded().data)
    lines, _ = dump(tmp_path / "f.recordio")
    assert len(lines) == case.rows
    size = case.encoded().record_bytes
    for at, (line, row) in enumerate(zip(lines, encoder.values(case.path.read_bytes(),
                                                               case.options))):
        assert (line["record"], line["offset"]) == (at, at * size)
        dtypes = (case.options.label_dtype or case.options.dtype, case.options.dtype)
        for name, values, dtype in zip(("label", "features"), row, dtypes):
            if not values:
                assert line[name] == {}
                continue
            tensor = line[name]["values"]
            assert tensor["type"] == dtype and set(tensor) == {"type", "values"}
            expected = [stored(value, dtype) for value in values]
            got = [stored(number(value), dtype) for value in tensor["values"]]
            assert len(got) == len(expected) and all(map(same, got, expected))


def test_numbers_are_as_short_as_can_be(tmp_path):
    (tmp_path / "a.csv").write_text("0.1,1e40,-0,16777217,nan,-inf,3.14159274101257\n")
    line, = dump("--label=none", tmp_path / "a.csv")[0]
    assert line["features"]["values"]["values"] == [
        0.1, "Infinity", 0.0, 16777216.0, "NaN", "-Infinity", 3.1415927]
    text = tool.recordio("dump", "--label=none", tmp_path / "a.csv").stdout
    assert b'[0.1,"Infinity",-0.0,16777216.0,"NaN","-Infinity",3.1415927]' in text
    line, = dump("--label=none", "--dtype=float64", tmp_path / "a.csv")[0]
    assert line["features"]["values"]["values"][:4] == [0.1, 1e40, 0.0, 16777217.0]


def rich():
    record = encoder.Record()
    tensor = record.features["values"].float64_tensor
    tensor.values.extend([1, .5])
    tensor.keys.extend([3, 2 ** 64 - 1])
    tensor.shape.append(10)
    record.features["source"].int32_tensor.values.extend([-1, 2 ** 31 - 1])
    record.features["image"].bytes.value.append(b"\xff\xd8")
    record.features["image"].bytes.content_type = "image/jpeg"
    record.label["words"].bytes.value.extend([b'caf\xc3\xa9 "x"\n', b""])
    record.features["nothing"].SetInParent()
    record.uid, record.metadata, record.configuration = "u-1", '{"a": 1}', "é"
    return record


def test_all_that_a_record_can_hold_is_told(tmp_path):
    (tmp_path / "f.rec").write_bytes(frame(rich().SerializeToString()))
    line, = dump(tmp_path / "f.rec")[0]
    assert line["features"] == {
        "values": {"type": "float64", "values": [1.0, 0.5], "keys": [3, 2 ** 64 - 1],
                   "shape": [10]},
        "source": {"type": "int32", "values": [-1, 2 ** 31 - 1]},
        "image": {"type": "bytes", "base64": [base64.b64encode(b"\xff\xd8").decode()],
                  "content_type": "image/jpeg"},
        "nothing": None}
    assert line["label"] == {"words": {"type": "bytes", "text": ['café "x"\n', ""]}}
    assert (line["uid"], line["metadata"], line["configuration"]) == ("u-1", '{"a": 1}', "é")


@pytest.mark.parametrize("size", range(8))
def test_bytes_that_are_no_text_are_base64(size, tmp_path):
    record = encoder.Record()
    value = bytes([255, 0, 128, 7, 250, 1, 2, 3][:size])
    record.features["b"].bytes.value.extend([value, b"\xff"])
    (tmp_path / "f.recordio").write_bytes(frame(record.SerializeToString()))
    line, = dump(tmp_path / "f.recordio")[0]
    assert [base64.b64decode(v) for v in line["features"]["b"]["base64"]] == [value, b"\xff"]


@pytest.mark.parametrize("copies", [1, 2, 5])
def test_split_records_are_put_together(copies, tmp_path):
    payload = magic_payload(copies)
    (tmp_path / "f.recordio").write_bytes(split(payload) + frame(payload))
    (first, second), _ = dump(tmp_path / "f.recordio")
    assert first["parts"] == copies + 1 and "parts" not in second
    assert first["features"] == second["features"]
    assert first["features"]["values"]["values"][1:-1] == [-1804698900.0] * copies


def test_raw_shows_frames_of_any_payload(tmp_path):
    (tmp_path / "f.rec").write_bytes(frame(b"not protobuf") + frame(bytes(range(100))))
    assert dump("--raw", tmp_path / "f.rec")[0] == [
        {"record": 0, "offset": 0, "bytes": 12, "head": b"not protobuf".hex()},
        {"record": 1, "offset": 20, "bytes": 100, "head": bytes(range(32)).hex()}]
    lines, error = dump(tmp_path / "f.rec", code=tool.WRONG_DATA)
    assert lines == []
    assert "f.rec: byte 0: record 0 holds no SageMaker record; --raw shows" in error


GOOD = frame(b"")


@pytest.mark.parametrize("data,count,message", [
    (b"x" * 8, 0, "byte 0: expected the magic 0a 23 d7 ce, found 78 78 78 78"),
    (GOOD + b"\0\0\0\0", 1, "byte 12: expected a frame's head of 8 bytes, found the end"),
    (GOOD + frame(b"abc")[:-1], 1,
     "byte 19: expected 4 bytes of payload and padding, found the end"),
    (frame(b"abcd", 2), 0, "byte 4: expected flag 0 (a whole record) or 1 (a first part), found 2"),
    (frame(b"abcd", 1) + GOOD, 0, "byte 16: expected flag 2 or 3 (a further part of the record "
                                  "at byte 0), found 0"),
    (GOOD + MAGIC + struct.pack("<I", 2 ** 29 - 1), 1,
     "byte 12: expected a record of 67108864 bytes at most"),
])
def test_damage_is_told_with_its_offset(data, count, message, tmp_path):
    (tmp_path / "f.recordio").write_bytes(data)
    lines, error = dump(tmp_path / "f.recordio", code=tool.WRONG_DATA)
    assert len(lines) == count
    assert error.startswith("recordio: %s/f.recordio: %s" % (tmp_path, message))


def test_the_longest_record_is_an_option(tmp_path):
    (tmp_path / "f.recordio").write_bytes(frame(bytes(5000)))
    dump("--raw", "--max_record=5000", tmp_path / "f.recordio")
    dump("--raw", "--max-record=4K", tmp_path / "f.recordio", code=tool.WRONG_DATA)
    for wrong in ("", "x", "-1", "4KK"):
        error = dump("--max_record=" + wrong, tmp_path / "f.recordio", code=tool.WRONG_CALL)[1]
        assert "is no size" in error


def test_a_pipe_is_read_as_it_comes(tmp_path):
    data = encoder.encode(make.numbers(3), encoder.Options()).data
    with subprocess.Popen([str(paths.RECORDIO), "dump", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        process.stdin.write(data)
        process.stdin.close()
        assert len(process.stdout.readlines()) == 3
    os.mkfifo(tmp_path / "fifo")
    with subprocess.Popen([str(paths.RECORDIO), "dump", str(tmp_path / "fifo")],
                          stdout=subprocess.PIPE) as process:
        (tmp_path / "fifo").write_bytes(data)
        assert len(process.stdout.readlines()) == 3


def test_a_mounted_file_is_read_like_any_other(source, mounts):
    (source / "a.csv").write_bytes(make.numbers(500))
    mounted = dump(mounts(source).file("a.recordio"))
    assert mounted == dump(source / "a.csv")
    assert len(mounted[0]) == 500


def test_a_csv_is_dumped_as_it_would_be_encoded(tmp_path):
    (tmp_path / "a.txt").write_text("y;x\n1;2\n3;oops\n")
    lines, error = dump("--delimiter=;", "--label=x", tmp_path / "a.txt", code=tool.WRONG_DATA)
    assert [line["label"]["values"]["values"] for line in lines] == [[2.0]]
    assert "a.txt:3:3: 'oops' is not a number" in error


@pytest.mark.parametrize("options", [
    ["--format=sparse"], ["--dtype=int32", "--uid=row"], ["--keys=names", "--magic=shift"],
    ["--text=bytes"], ["--text=map", "--bad_row=skip"]], ids=" ".join)
def test_a_csv_of_any_format_is_dumped_as_its_file(options, tmp_path):
    text = "--text" in options[0]
    rows = ["%d,%d,%s" % (i % 2, i % 7 // 5, "xy"[i % 2] if text else i) for i in range(3000)]
    if "--bad_row=skip" in options:
        rows[2000] += ",1"
    (tmp_path / "a.csv").write_text("y,a,b\n" + "\n".join(rows) + "\n")
    file = tool.recordio("cat", *options, tmp_path / "a.csv").stdout
    (tmp_path / "a.recordio").write_bytes(file)
    told = tool.recordio("dump", *options, tmp_path / "a.csv")
    assert told.returncode == tool.DONE and told.stdout.count(b"\n") == 3000 - (
        "--bad_row=skip" in options)
    assert told.stdout == tool.recordio("dump", tmp_path / "a.recordio").stdout


def test_memory_is_that_of_a_record(tmp_path):
    """A frame that claims 60 MB in a file of 1 MB, under 80 MB of address space in all."""
    path = tmp_path / "f.recordio"
    path.write_bytes(MAGIC + struct.pack("<I", 60 << 20) + bytes(1 << 20))
    limit = 80 << 20
    done = subprocess.run(
        [str(paths.RECORDIO), "dump", "--raw", str(path)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False,
        preexec_fn=None if b"asan" in bytes(paths.BUILD) or b"tsan" in bytes(paths.BUILD) else
        lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert done.returncode == tool.WRONG_DATA, done.stderr
    assert b"found the end" in done.stderr


def test_a_reader_that_has_enough_ends_it(tmp_path):
    (tmp_path / "a.csv").write_bytes(make.numbers(30000))
    done = subprocess.run("%s dump %s | head -1" % (paths.RECORDIO, tmp_path / "a.csv"),
                          shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert done.stdout.count(b"\n") == 1 and done.stderr == b""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([str(paths.RECORDIO), "dump", str(tmp_path / "a.csv")], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == tool.REFUSED
    assert done.stderr == b"recordio: cannot write to standard output: No space left on device\n"


def test_what_cannot_be_opened_ends_with_3(tmp_path):
    for name in (tmp_path, tmp_path / "none.recordio"):
        assert tool.recordio("dump", name).returncode == tool.REFUSED
    assert tool.recordio("dump").returncode == tool.WRONG_CALL
