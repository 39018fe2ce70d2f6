# SPDX-License-Identifier: Apache-2.0
"""recordio check: every error of a file, what its columns hold, and whether an algorithm
takes it."""
import json
import math
import os
import pty
import random
import re
import subprocess

import pytest

from support import catalog, make, packing, paths, tool
import encoder
from encoder import Options, encode
from support.frames import frame, magic_payload, split

def check(*arguments, **settings):
    """(exit code, the report) of one file."""
    done = tool.recordio("check", "--json", *arguments, **settings)
    assert done.returncode in (tool.DONE, tool.WRONG_DATA), done.stderr
    return done.returncode, json.loads(done.stdout)


def column(told, number, role=None):
    return next(c for c in told["columns"] if c["number"] == number and role in (None, c["role"]))


def verdict(told):
    only, = told["algorithms"]
    return only["takes"], "; ".join(only["reasons"])


@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_a_good_file_is_ok(case):
    code, told = check(*case.options.arguments(), case.path)
    assert (code, told["ok"], told["errors"]) == (0, True, 0)
    assert told["rows"] == told["records"] == case.rows


@pytest.mark.parametrize("case", catalog.BAD, ids=repr)
def test_a_bad_file_is_told_where(case):
    code, told = check(*case.options.arguments(), case.path)
    fault = case.encoded().fault
    assert code == tool.WRONG_DATA and told["errors"] >= 1
    first = told["first_errors"][0]
    assert (first["line"], first["column"]) == (fault.line, fault.column)
    done = tool.recordio("cat", *case.options.arguments(), case.path)
    assert first["message"] in done.stderr.decode()


def spoiled(dice, nr_rows):
    """Rows, some of them bad, and the lines of these."""
    lines, bad = [], []
    for row in range(nr_rows):
        cells = ["%d" % row] + ["%.3f" % dice.gauss(0, 1) for _ in range(4)]
        if dice.random() < 0.03:
            bad.append(row + 1)
            dice.choice([lambda: cells.append("9"), lambda: cells.pop(),
                         lambda: cells.__setitem__(dice.randrange(5), "oops"),
                         lambda: cells.__setitem__(2, "a\0b")])()
        lines.append(",".join(cells))
    return "\n".join(lines).encode() + b"\n", bad


@pytest.mark.parametrize("seed,rows", [(1, 50), (2, 3000), (3, 120000)])
def test_every_error_is_found(tmp_path, seed, rows):
    data, bad = spoiled(random.Random(seed), rows)
    (tmp_path / "a.csv").write_bytes(data)
    code, told = check("--header=no", "--errors=100000", tmp_path / "a.csv")
    assert code == (tool.WRONG_DATA if bad else 0)
    assert [error["line"] for error in told["first_errors"]] == bad
    assert told["errors"] == len(bad) and told["records"] == rows - len(bad)
    lines = data.split(b"\n")[:-1]
    assert told["nul_bytes"] == sum(b"\0" in line for line in lines)
    assert told["other_lengths"] == sum(line.count(b",") != 4 for line in lines)
    few = check("--header=no", "--errors=3", tmp_path / "a.csv")[1]
    assert few["errors"] == len(bad) and few["first_errors"] == told["first_errors"][:3]
    none = check("--header=no", "--errors=0", tmp_path / "a.csv")[1]
    assert (none["errors"], none["first_errors"]) == (len(bad), [])


@pytest.mark.threads
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("options", [["--format=sparse"], ["--uid=row", "--magic=shift"],
                                     ["--keys=names"], ["--dtype=float64", "--uid=row"]],
                         ids=" ".join)
def test_every_error_is_found_where_records_differ_in_length(tmp_path, options, packed):
    data, bad = spoiled(random.Random(4), 60000)
    path = tmp_path / ("a.csv.gz" if packed else "a.csv")
    path.write_bytes(packing.gz(b"a,b,c,d,e\n" + data) if packed else b"a,b,c,d,e\n" + data)
    code, told = check("--header=yes", "--errors=100000", *options, path)
    assert code == tool.WRONG_DATA
    assert [error["line"] for error in told["first_errors"]] == [line + 1 for line in bad]
    assert (told["errors"], told["rows"]) == (len(bad), 60000)
    assert told["records"] == 60000 - len(bad)


@pytest.mark.threads
@pytest.mark.parametrize("options", [
    ["--format=sparse"], ["--dtype=int32", "--missing=zero"], ["--uid=row", "--bad_row=skip"],
    ["--keys=names"], ["--text=hash:7", "--format=sparse"], ["--text=map"]], ids=" ".join)
def test_records_of_many_lengths_are_judged_as_if_they_were_a_file(tmp_path, options):
    """What check tells of a CSV's records, it tells of the file that cat makes of it."""
    dice = random.Random(6)
    text = "map" in options[-1] or "hash" in options[-1]
    rows = ["%d,%s,%s,%s" % (dice.randrange(3), dice.choice(["", "0", "7", "1000000"]),
                             dice.randrange(2), dice.choice("xyz") if text else dice.choice("019"))
            for _ in range(90000)]
    if "--bad_row=skip" in options:
        for at in dice.sample(range(1, 90000), 500):
            rows[at] += ",1"
    (tmp_path / "a.csv").write_text("y,a,b,c\n" + "\n".join(rows) + "\n")
    done = tool.recordio("cat", *options, tmp_path / "a.csv")
    (tmp_path / "a.recordio").write_bytes(done.stdout)
    csv, file = check(*options, tmp_path / "a.csv")[1], check(tmp_path / "a.recordio")[1]
    assert done.returncode == tool.DONE and (csv["ok"], file["ok"]) == (True, True)
    assert csv["records"] == file["records"] == 90000 - (500 if "--bad_row=skip" in options else 0)
    assert csv["algorithms"] == file["algorithms"]


@pytest.mark.threads
def test_ranges_are_those_of_the_columns(tmp_path):
    dice = random.Random(5)
    rows = [[dice.choice([str(dice.gauss(0, 10)), str(dice.randrange(-5, 5)), "", "NA", "inf",
                          "text", '"7"']) for _ in range(4)] for _ in range(30000)]
    (tmp_path / "a.csv").write_text("".join("%d,%s\n" % (i, ",".join(row))
                                            for i, row in enumerate(rows)))
    told = check("--header=no", tmp_path / "a.csv")[1]
    for at in range(4):
        cells = [row[at].strip('"') for row in rows]
        values = [float(cell) for cell in cells if cell not in ("", "NA", "text")]
        finite = [value for value in values if math.isfinite(value)]
        got = column(told, at + 1)
        assert (got["numbers"], got["infinite"], got["missing"], got["text"]) == (
            len(finite), len(values) - len(finite), sum(c in ("", "NA") for c in cells),
            cells.count("text"))
        assert (got["min"], got["max"]) == (min(finite), max(finite))
        bins = got["histogram"]
        for i, count in enumerate(bins["counts"]):
            low = bins["begin"] + i * bins["width"]
            assert count == sum(low <= value < low + bins["width"] for value in finite)
        assert sum(bins["counts"]) == len(finite) and len(bins["counts"]) <= 16


def test_a_bad_quote_ends_what_can_be_told(tmp_path):
    (tmp_path / "a.csv").write_text("1,2\n3,x\n5,6\n7,8\"9\"\n1,2\n")
    told = check("--header=no", tmp_path / "a.csv")[1]
    assert [error["line"] for error in told["first_errors"]] == [2, 4]
    assert (told["errors"], told["rows"], told["unreadable"]) == (2, 3, 2)


def test_text_says_it_in_lines(tmp_path):
    (tmp_path / "a.csv").write_text("y,price\n1,2\n0,oops\n1,\n0,7\n1\n")
    done = tool.recordio("check", "--errors=1", "--for=linear_learner", "a.csv", cwd=tmp_path)
    assert done.returncode == tool.WRONG_DATA
    assert done.stdout.decode() == """\
a.csv: wrong: 5 rows, 2 errors
  a.csv:3:3: 'oops' is not a number (column 1, "price")
  … and 1 more
  errors        1 number, 1 fields
  cells         6 numbers, 1 missing, 1 of text
  lengths       1 row with more or fewer fields than columns
  column  role       numbers   missing      text           min           max
       0  label            4         0         0             0             1  "y"
       1  feature          2         1         1             2             7  "price"
  not taken     by linear-learner:
                2 errors in the file
                NaN (a missing value) in 1 of 3 records, first in record 2
"""


ROW_KINDS = [
    # one row that is wrong, options, its kind, its column in the line
    ("1,2,abc", [], "number", 5),
    ("1,,2", ["--missing=error"], "missing", 3),
    ("1,NA,2", ["--dtype=int32"], "missing", 3),
    ("1,2.5,2", ["--dtype=int32"], "whole", 3),
    ("1,3e9,2", ["--dtype=int32"], "range", 3),
    ("1,2,\xff", ["--uid=2"], "utf8", 5),
    ("1,2", [], "fields", 1),
    ("1,2,3,4", ["--format=sparse"], "fields", 7),
    ("1,a\0,3", [], "nul", 3),
    ("1,2,3", ["--magic=shift", "--keys=names"], None, None),
    ('1,2,3"', [], "quote", 5),
    ('1,"2,3', ["--format=sparse"], "quote", 3),
]


@pytest.mark.parametrize("row,options,kind,at", ROW_KINDS)
def test_a_row_that_is_wrong_has_a_kind(tmp_path, row, options, kind, at):
    data = "1,2,3\n" * 9 + row + "\n"
    (tmp_path / "a.csv").write_bytes(data.encode("latin-1"))
    code, told = check("--header=no", *options, tmp_path / "a.csv")
    assert code == (tool.WRONG_DATA if kind else tool.DONE)
    assert told["error_kinds"] == ({kind: 1} if kind else {})
    for error in told["first_errors"]:
        assert error["file"] == str(tmp_path / "a.csv")
        assert (error["kind"], error["row"], error["line"], error["column"]) == (kind, 9, 10, at)
        assert error["offset"] == 9 * 6 + at - 1
    text = tool.recordio("check", "--header=no", *options, tmp_path / "a.csv").stdout.decode()
    assert ("\n  errors        1 %s\n" % kind in text) == (kind is not None)


def test_kinds_are_counted_past_those_that_are_shown(tmp_path):
    (tmp_path / "a.csv").write_text("1,2\n" * 5 + "1,x\n1\n" * 3000 + "1,2,3\n")
    told = check("--header=no", "--errors=2", tmp_path / "a.csv")[1]
    assert told["errors"] == 6001 and len(told["first_errors"]) == 2
    assert told["error_kinds"] == {"number": 3000, "fields": 3001}


@pytest.mark.parametrize("name,data,options,kind,place", [
    ("a.csv", b"1,2\n", ["--label=price"], "schema", (None, None)),
    ("a.csv", "y,x\n1,2\n".encode("utf-16"), [], "schema", (None, None)),
    ("a.csv", b'y,x"x\n1,2\n', ["--header=yes"], "quote", (1, 3)),
    ("a.csv", b"y,\0\n1,2\n", ["--header=yes"], "nul", (1, 3)),
    ("a.csv", b'"1,2\n', [], "quote", (1, 1)),
    ("a.csv.gz", b"1,2\n", [], "damaged", (None, None)),
    ("a.csv.gz", packing.gz(b"1,2\n" * 99)[:-5], [], "damaged", (None, None)),
    ("none", None, [], "system", (None, None)),
])
def test_a_file_that_is_not_read_has_its_object(tmp_path, name, data, options, kind, place):
    (tmp_path / "ok.csv").write_bytes(b"1,2\n3,4\n")
    if data is not None:
        (tmp_path / name).write_bytes(data)
    done = tool.recordio("check", "--json", *options, tmp_path / name, "--", tmp_path / "ok.csv")
    assert done.returncode == (tool.WRONG_DATA if data else tool.REFUSED)
    told = {json.loads(line)["file"]: json.loads(line) for line in done.stdout.splitlines()}
    assert set(told) == {str(tmp_path / name), str(tmp_path / "ok.csv")}
    wrong, fine = told[str(tmp_path / name)], check("--header=no", tmp_path / "ok.csv")[1]
    assert (wrong["ok"], wrong["errors"], wrong["rows"], wrong["records"]) == (False, 1, None, None)
    assert wrong["kind"] == ("csv" if data else None) and wrong["error_kinds"] == {kind: 1}
    assert list(wrong) == list(fine)
    error, = wrong["first_errors"]
    assert (error["kind"], error["line"], error["column"]) == (kind, *place)
    assert error["row"] is None and error["file"] == str(tmp_path / name)
    assert error["message"] in done.stderr.decode()


def test_an_error_in_settings_is_placed_there(source):
    (source / "a.csv").write_bytes(b"1,2\n")
    (source / "recordiofs.ini").write_text("label = 0\n\nlable = 1\n")
    done = tool.recordio("check", "--json", source)
    error, = json.loads(done.stdout)["first_errors"]
    assert done.returncode == tool.WRONG_CALL and error["kind"] == "option"
    assert (error["file"], error["line"], error["column"]) == (
        str(source / "recordiofs.ini"), 3, 1)


def test_the_kinds_are_those_of_the_man_page():
    words = re.findall(r'^\t\t\[RIO_KIND_\w+\] = "(\w+)"',
                       (paths.TOP / "core/base/error.c").read_text(), re.M)
    text = (paths.TOP / "packaging/man/recordio.1").read_text()
    section = re.search(r"^\.SH KINDS OF ERRORS\n(.*?)^\.SH ", text, re.M | re.S).group(1)
    told = re.findall(r"^\.TP\n\.BR? (.*)$", section, re.M)
    assert words and re.findall(r"\w+", " ".join(told)) == words[1:]


def terminal(*arguments, **env):
    master, slave = pty.openpty()
    done = subprocess.run([str(paths.RECORDIO), "check", *map(str, arguments)], stdout=slave,
                          stderr=subprocess.PIPE, check=False,
                          env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **env})
    os.close(slave)
    data = b""
    try:
        while part := os.read(master, 65536):
            data += part
    except OSError:  # EIO: that was all
        pass
    os.close(master)
    assert done.returncode == 0, done.stderr
    return data.decode()


def test_bars_are_for_terminals_that_show_them(tmp_path):
    (tmp_path / "a.csv").write_text("0,1\n" * 5 + "1,9\n" * 10)
    assert re.search("label .* 0 +1  ▄ {7}█ ", terminal("--header=no", tmp_path / "a.csv"))
    for env in ({"TERM": "dumb"}, {"LC_ALL": "C"}):
        assert "█" not in terminal("--header=no", tmp_path / "a.csv", **env)
    assert "█".encode() not in tool.recordio("check", "--header=no", tmp_path / "a.csv").stdout


LINEAR = "linear-learner"


@pytest.mark.parametrize("text,options,algorithm,reason", [
    ("1,2\n0,3\n", [], LINEAR, None),
    ("1,2\n0,3\n", [], "factorization_machines", None),
    ("1,2\n0,3\n", ["--dtype=float64"], LINEAR, "features are float64; it takes float32"),
    ("1,2\n0,3\n", ["--label_dtype=float64"], LINEAR, "labels are float64; it takes float32"),
    ("1,2\n0,3\n", ["--dtype=float64"], "knn", None),
    ("1,2\n0,3\n", ["--label=none"], LINEAR, "there is no label"),
    ("1,2\n0,3\n", ["--label=none"], "kmeans", None),
    ("1,2,3\n0,3,4\n", ["--label=0:1"], LINEAR, "a label of 2 values; it takes one"),
    ("1,2,3\n0,3,4\n", ["--label=0:1"], "knn", None),
    ("1,2\n0,\n", [], LINEAR, "NaN (a missing value) in 1 of 2 records, first in record 1"),
    ("1,2\n0,\n", ["--missing=zero"], LINEAR, None),
    ("1,2\n0,\n", [], "xgboost", None),
    ("1,2\n,3\n", [], "xgboost", "a NaN label in 1 of 2 records, first in record 1"),
    ("1,2\n0,1e39\n", [], "pca", "an infinite feature in 1 of 2 records, first in record 1"),
    ("1,2\n0,1e39\n", ["--dtype=float64"], "rcf", None),
    ("1,2\n0,3\n", [], "seq2seq", "features are float32; it takes int32; other keys than"),
    ("y,x\n", ["--header=yes"], "lda", "there is no record"),
])
def test_what_an_algorithm_takes(tmp_path, text, options, algorithm, reason):
    (tmp_path / "a.csv").write_text(text)
    options = options if "--header=yes" in options else options + ["--header=no"]
    code, told = check("--for", algorithm, *options, tmp_path / "a.csv")
    takes, reasons = verdict(told)
    assert takes == (reason is None) and (reason or "") in reasons
    assert code == (0 if takes else tool.WRONG_DATA)


def record(features=(), label=(), kind="float32_tensor", keys=(), shape=(), key="values"):
    made = encoder.Record()
    tensor = getattr(made.features[key], kind)
    tensor.values.extend(features)
    tensor.keys.extend(keys)
    tensor.shape.extend(shape)
    if label:
        made.label["values"].float32_tensor.values.extend(label)
    return frame(made.SerializeToString())


def seq2seq():
    made = encoder.Record()
    made.features["source"].int32_tensor.values.extend([1, 2, 3])
    made.features["target"].int32_tensor.values.extend([4])
    return frame(made.SerializeToString())


@pytest.mark.parametrize("data,algorithm,reason", [
    (record([1], [1]) + record([2, 3], [0]), "knn", "records have from 1 to 2 features"),
    (record([1], [1]) + record([2]), "xgboost", "no label in 1 of 2 records, first in record 1"),
    (record([1], [1]) + record([2]), "kmeans", "no label in 1 of 2 records, first in record 1"),
    (record([1], [1]) + record([2.], [1], "float64_tensor"), "knn",
     "features are float32 and float64; they must be of one type"),
    (record([1], [1], keys=[3], shape=[9]) * 2, LINEAR, None),
    (record([1], [1], keys=[3], shape=[9]) + record((), [1], shape=[9]), "ntm", None),
    (record([1], [1], keys=[3], shape=[9]) + record((), [1], shape=[9]), "xgboost",
     "a sparse row without a value, which stops its reader in 1 of 2"),
    (record([1], [1], keys=[3], shape=[2]) + record([1, 2], [1]), "lda",
     "sparse features beside dense ones"),
    (seq2seq() * 2, "seq2seq", None),
    (seq2seq(), LINEAR, "features are int32; it takes float32; another key than values"),
    (record([1], [1], key="x"), "rcf", "another key than values in 1 of 1 records"),
    (frame(encoder.Record().SerializeToString()), "pca", "no features in 1 of 1 records"),
])
def test_what_an_algorithm_takes_of_recordio(tmp_path, data, algorithm, reason):
    (tmp_path / "a.recordio").write_bytes(data)
    takes, reasons = verdict(check("--for", algorithm, tmp_path / "a.recordio")[1])
    assert takes == (reason is None), reasons
    assert (reason or "") in reasons


def test_recordio_is_read_past_damage(tmp_path):
    good = record([1, 2], [3])
    data = good * 3 + b"junk" + good + frame(b"none of ours") + good + good[:-4]
    (tmp_path / "a.recordio").write_bytes(data)
    code, told = check(tmp_path / "a.recordio")
    size = len(good)
    assert (code, told["kind"], told["records"], told["errors"]) == (1, "recordio", 5, 3)
    assert [(error["offset"], error["kind"], error["line"]) for error in told["first_errors"]] == [
        (3 * size, "frame", None), (4 * size + 4, "record", None), (len(data), "frame", None)]
    assert told["error_kinds"] == {"frame": 2, "record": 1}
    long = check("--max_record=20", tmp_path / "a.recordio")[1]
    assert long["error_kinds"] == {"long": 6, "record": 1}
    assert "expected the magic" in told["first_errors"][0]["message"]
    assert "holds no SageMaker record" in told["first_errors"][1]["message"]
    assert [(c["role"], c["number"], c["numbers"], c["min"]) for c in told["columns"]] == [
        ("label", 0, 5, 3.0), ("feature", 0, 5, 1.0), ("feature", 1, 5, 2.0)]
    text = tool.recordio("check", tmp_path / "a.recordio").stdout.decode()
    assert "a.recordio: byte %d: expected the magic" % (3 * size) not in text
    assert "  byte %d: expected the magic" % (3 * size) in text


def test_a_split_record_suits_no_algorithm(tmp_path):
    (tmp_path / "a.rec").write_bytes(frame(magic_payload(2)) + split(magic_payload(2)))
    code, told = check(tmp_path / "a.rec")
    assert (code, told["errors"], told["records"]) == (0, 0, 2)
    for algorithm in told["algorithms"]:
        assert not algorithm["takes"]
        assert algorithm["reasons"][0] == (
            "a record split into several frames, which only dmlc and MXNet put together, "
            "in 1 of 2 records, first in record 1")


def test_a_mount_is_checked_like_what_it_shows(source, mounts):
    (source / "a.csv").write_bytes(make.numbers(2000))
    (source / "sub").mkdir()
    (source / "sub" / "b.csv").write_bytes(make.numbers(300, 3))
    of_mount = tool.recordio("check", "--json", mounts(source).path).stdout.splitlines()
    of_csv = tool.recordio("check", "--json", source).stdout.splitlines()
    assert len(of_mount) == len(of_csv) == 2
    for shown, told in zip(map(json.loads, of_mount), map(json.loads, of_csv)):
        assert (shown["kind"], told["kind"]) == ("recordio", "csv")
        assert shown["records"] == told["rows"] and shown["algorithms"] == told["algorithms"]


def test_a_pipe_and_several_files(tmp_path):
    data = encode(make.numbers(10), Options()).data
    done = tool.recordio("check", "--json", "-", input=data)
    assert json.loads(done.stdout)["records"] == 10
    (tmp_path / "a.csv").write_bytes(make.numbers(10))
    (tmp_path / "b.csv").write_text("1,x\n")
    done = tool.recordio("check", tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "no.csv")
    assert done.returncode == tool.REFUSED
    assert b"a.csv: ok: 10 rows" in done.stdout and b"b.csv: wrong: 1 row, 1 error" in done.stdout


@pytest.mark.parametrize("arguments,message", [
    ([], b"check needs a PATH"),
    (["--for=svm", "x"], b"--for svm is not known; there are linear-learner|factorization-mach"),
    (["--errors=x", "x"], b"--errors x is no number"),
    (["--errors=1M", "x"], b"--errors 1M is no number"),
    (["--max_record=x", "x"], b"--max_record x is no size"),
])
def test_a_wrong_call(arguments, message):
    done = tool.recordio("check", *arguments)
    assert done.returncode == tool.WRONG_CALL and message in done.stderr


def test_settings_apply(source):
    (source / "a.csv").write_text("1;2\n3;4\n")
    (source / "recordiofs.ini").write_text("delimiter=;\nheader=no\nlabel=1\n")
    told = check(source)[1]
    assert told["ok"] and column(told, 1)["role"] == "label"


def test_a_file_without_rows(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"")
    assert check(tmp_path / "a.csv")[1]["ok"]
    (tmp_path / "a.recordio").write_bytes(b"")
    assert check(tmp_path / "a.recordio")[1]["ok"]
    assert check("--for=pca", tmp_path / "a.recordio")[0] == tool.WRONG_DATA
