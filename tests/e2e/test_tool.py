# SPDX-License-Identifier: Apache-2.0
"""The commands of recordio: output, exit codes, messages."""
import json
import os
import re
import subprocess

import pytest

from support import catalog, make, paths, tool
from encoder import Options, encode


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(make.numbers(1000, 5, header=True))
    return path


@pytest.fixture
def expected(csv):
    return encode(csv.read_bytes(), Options()).data


@pytest.mark.parametrize("off,size", [(0, 0), (0, 1), (1, 100), (777, 7777), (59000, 99999)])
def test_cat_range_gives_that_slice(csv, expected, off, size):
    assert tool.cat(csv, span=(off, size)) == expected[off:off + size]


def test_options_are_spelled_in_two_ways(csv):
    ways = [["--label=none", "--label_dtype=float64"], ["--label", "none", "--label-dtype",
                                                        "float64"]]
    first, second = (tool.recordio("cat", *way, csv) for way in ways)
    assert first.returncode == 0
    assert first.stdout == second.stdout == encode(csv.read_bytes(), Options(label="none")).data


def test_info_tells_rows_columns_types_and_sizes(csv, expected):
    done = tool.recordio("info", "--json", csv)
    assert done.returncode == tool.DONE, done.stderr
    told = json.loads(done.stdout)
    text = json.dumps(told)
    assert told["rows"] == 1000
    assert told["record_bytes"] * 1000 == len(expected)
    assert str(len(expected)) in text
    assert "float32" in text
    plain = tool.recordio("info", csv)
    assert plain.returncode == tool.DONE
    assert b"1000" in plain.stdout.replace(b",", b"").replace(b" ", b"")


@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_info_and_cat_agree(case):
    done = tool.recordio("info", "--json", *case.options.arguments(), case.path)
    assert done.returncode == tool.DONE, done.stderr
    told = json.loads(done.stdout)
    assert told["rows"] == case.rows
    assert told["rows"] * told["record_bytes"] == len(case.encoded().data)


@pytest.mark.parametrize("arguments", [
    [], ["nosuch"], ["cat"], ["cat", "--nosuch", "x.csv"], ["cat", "--dtype=int8", "x.csv"],
    ["cat", "--range=abc", "x.csv"], ["cat", "--range=-1:5", "x.csv"], ["info"],
    ["cat", "--delimiter=", "x.csv"], ["cat", '--quote=,', "x.csv"],
    ["cat", "--range=99999999999999999999:1", "x.csv"],
])
def test_a_wrong_call_ends_with_2(arguments):
    done = tool.recordio(*arguments)
    assert (done.returncode, done.stdout) == (tool.WRONG_CALL, b"")
    assert done.stderr.startswith(b"recordio: ") or b"usage" in done.stderr.lower()


def test_wrong_data_ends_with_1(tmp_path):
    (tmp_path / "bad.csv").write_bytes(b"1,2\n1,x\n")
    assert tool.recordio("cat", tmp_path / "bad.csv").returncode == tool.WRONG_DATA


@pytest.mark.parametrize("command", ["cat", "index", "info"])
def test_what_the_system_refuses_ends_with_3(command, tmp_path):
    done = tool.recordio(command, tmp_path / "nothing.csv")
    assert (done.returncode, done.stdout) == (tool.REFUSED, b"")
    assert re.search(rb"nothing\.csv.*: No such file or directory", done.stderr)


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "fifo.csv")
    for name in ("fifo.csv", "."):
        assert tool.recordio("cat", tmp_path / name, timeout=20).returncode == tool.REFUSED


def test_a_full_disk_ends_with_3(csv):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([str(paths.RECORDIO), "cat", str(csv)], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == tool.REFUSED
    assert b"No space left" in done.stderr


def test_version_is_printed():
    done = tool.recordio("--version")
    assert done.returncode == 0
    assert b"recordio" in done.stdout


def test_errors_name_the_file_as_the_user_did(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "bad.csv").write_bytes(b"1,2\n1,x\n")
    done = tool.recordio("cat", "sub/bad.csv", cwd=tmp_path)
    assert b"sub/bad.csv:2:3: 'x' is not a number" in done.stderr
