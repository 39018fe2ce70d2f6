# SPDX-License-Identifier: Apache-2.0
"""recordio beyond test_tool.py and test_index.py: ranges over several files, what is
written before an error, standard input, and the words that index and info use."""
import ctypes
import ctypes.util
import json
import os
import pty
import re
import shutil
import struct
import subprocess

import pytest

from support import make, paths, tool
from encoder import Options, encode

BIG = make.numbers(30000)


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


@pytest.fixture
def big(source):
    path = source / "big.csv"
    path.write_bytes(BIG)
    return path


@pytest.fixture
def three(source):
    """Three files of different shapes, the second without a row, and their bytes."""
    texts = [make.numbers(40, 3), b"", make.numbers(25, 6, seed=2)]
    names = []
    for number, text in enumerate(texts):
        names.append(source / ("%d.csv" % number))
        names[-1].write_bytes(text)
    return names, b"".join(encode(text, Options()).data for text in texts)


def run(command, index, *arguments, **settings):
    return tool.recordio(command, "--index_dir=%s" % index, *arguments, **settings)


def words_of(done):
    assert done.stderr == b"", done.stderr
    return done.stdout.decode()


def test_cat_joins_files(three):
    names, joined = three
    assert tool.recordio("cat", *names).stdout == joined


@pytest.mark.parametrize("off,size", [
    (0, 1), (0, None), (1, None), (2079, 2), (2080, 1), (2000, 400), (2080, None)])
def test_a_range_counts_several_files_as_one(three, off, size):
    names, joined = three
    end = len(joined) if size is None else off + size
    done = tool.recordio("cat", "--range=%d:%s" % (off, "" if size is None else size), *names)
    assert (done.returncode, done.stdout) == (0, joined[off:end])


def test_a_range_ends_at_the_end_but_does_not_begin_past_it(three):
    names, joined = three
    size = len(joined)
    assert tool.recordio("cat", "--range=%d:" % size, *names).returncode == tool.DONE
    done = tool.recordio("cat", "--range=%d:1" % (size + 1), *names)
    assert (done.returncode, done.stdout) == (tool.WRONG_CALL, b"")
    assert b"past the end at %d" % size in done.stderr
    assert tool.recordio("cat", "--range=0:1G", *names).stdout == joined


def test_a_range_leaves_later_files_alone(three, source):
    names, joined = three
    done = tool.recordio("cat", "--range=0:100", names[0], source / "is-not-there.csv")
    assert (done.returncode, done.stdout) == (0, joined[:100])


@pytest.mark.parametrize("text,off,size", [
    ("1K:2K", 1024, 2048), ("0:1M", 0, 1 << 20), ("1M:10", 1 << 20, 10),
    ("1000K:1K", 1024000, 1024)])
def test_sizes_have_suffixes(big, text, off, size):
    whole = tool.recordio("cat", big).stdout
    assert tool.recordio("cat", "--range", text, big).stdout == whole[off:off + size]


@pytest.mark.parametrize("text", [
    "", ":", "1", ":1", "1:2:3", "1k:2", "1 :2", "+1:2", "1:-2", "0x1:2", "1KK:2", "1T:2", "1:2 ",
    "18446744073709551615:1", "17179869184G:1"])
def test_a_range_that_is_none_is_a_wrong_call(big, text):
    done = tool.recordio("cat", "--range", text, big)
    assert (done.returncode, done.stdout) == (tool.WRONG_CALL, b"")
    assert b"OFF:LEN" in done.stderr


def test_many_pieces_are_written_in_order(source):
    """The first value of each row is its number: 8 MiB of records, encoded by several threads."""
    path = source / "rows.csv"
    path.write_text("".join("%d,%d\n" % (row, row) for row in range(200000)))
    data = tool.recordio("cat", "--label=none", path).stdout
    size = len(data) // 200000
    for row in range(0, 200000, 997):
        assert struct.unpack_from("<2f", data, (row + 1) * size - 8) == (row, row)


@pytest.mark.parametrize("row", [0, 1, 29999, 150000, 199999])
def test_what_lies_before_a_bad_record_is_written(source, row):
    lines = ["1,%d\n" % number for number in range(200000)]
    good = source / "good.csv"
    good.write_text("".join(lines))
    lines[row] = "1,x\n"
    bad = source / "bad.csv"
    bad.write_text("".join(lines))
    whole = tool.recordio("cat", "--header=no", good).stdout
    done = tool.recordio("cat", "--header=no", bad, good)
    assert done.returncode == tool.WRONG_DATA
    assert done.stdout == whole[:row * (len(whole) // 200000)]
    assert b"bad.csv:%d:3: 'x' is not a number" % (row + 1) in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_standard_input_is_read_if_it_is_a_file(three):
    names, _ = three
    with open(names[0], "rb") as file:
        done = tool.recordio("cat", "-", stdin=file)
    assert done.stdout == encode(names[0].read_bytes(), Options()).data
    piped = tool.recordio("cat", "-", input=b"1,2\n")
    assert (piped.returncode, piped.stdout) == (tool.WRONG_CALL, b"")
    assert b"no regular file" in piped.stderr


def test_a_closed_pipe_is_no_news(big):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([str(paths.RECORDIO), "cat", str(big)], stdout=writer,
                          stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode != 0


def test_index_says_what_it_did(source, big, index):
    (source / "small.csv").write_bytes(b"1,2\n")
    (source / ".hidden").mkdir()
    (source / ".hidden" / "big.csv").write_bytes(BIG)
    (source / "big.txt").write_bytes(BIG)
    os.symlink(source, source / "again")
    os.symlink(big, source / "link.csv")
    assert words_of(run("index", index, source)) == (
        "%s: 30000 rows, map built\n%s: 30000 rows, map is up to date\n"
        "%s: 1 row, too small to need a map\n" % (big, source / "link.csv", source / "small.csv"))
    with open(big, "ab") as file:
        file.write(b"1,2,3,4,5,6,7,8\n")
    text = words_of(run("index", index, big))
    assert "30001 rows, map extended: source grew from %d to %d bytes" % (
        len(BIG), len(BIG) + 16) in text


def test_index_goes_on_behind_a_file_that_fails(source, big, index):
    done = run("index", index, source / "is-not-there.csv", big)
    assert done.returncode == tool.REFUSED
    assert b"map built" in done.stdout
    assert b"is-not-there.csv: " in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_index_goes_on_behind_a_closed_folder(source, big, index):
    (source / "a-closed").mkdir(mode=0)
    done = run("index", index, source)
    assert done.returncode == tool.REFUSED
    assert b"big.csv: 30000 rows, map built" in done.stdout
    assert b"a-closed: cannot be read: Permission denied" in done.stderr


def test_index_tells_of_rows_that_cannot_be_reached(source, index):
    path = source / "open.csv"
    path.write_bytes(BIG + b'1,2,3,4,5,6,7,"8\n' + BIG)
    done = run("index", index, path)
    assert done.returncode == tool.WRONG_DATA
    assert b"unreadable from row 30000 on: a never closed quote" in done.stderr


def test_index_that_cannot_keep_is_refused(big, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run("index", tmp_path / "file", big)
    assert done.returncode == tool.REFUSED
    assert b"the map is not kept" in done.stderr and b"Not a directory" in done.stderr


def test_verify_names_each_state(source, big, index):
    def verify():
        done = run("index", index, "--verify", big)
        return done.returncode, done.stdout.decode()

    assert verify() == (1, "%s: no map is kept\n" % big)
    run("index", index, big)
    assert verify() == (0, "%s: ok, 30000 rows\n" % big)
    kept, = index.iterdir()
    data = kept.read_bytes()
    kept.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert verify() == (1, "%s: damaged map: its checkpoints fail their seal in group 0\n" % big)
    kept.write_bytes(data)
    big.write_bytes(BIG + b"1,2\n")
    code, text = verify()
    assert code == 1 and text.startswith("%s: stale: source grew" % big)


@pytest.mark.parametrize("line_feeds", [0, 1, 2, 70000])
def test_a_long_quoted_field_at_the_end_gives_a_map_that_loads(source, index, line_feeds):
    """The row start behind it is the file's end: no row begins there."""
    path = source / "quoted.csv"
    path.write_bytes(b'1,2,x\n' * 20000 + b'1,2,"' + b"text\n" * 14000 + b'"' + b"\n" * line_feeds)
    arguments = ["--header=no", "--drop=2", path]
    assert b"20001 rows, map built" in run("index", index, *arguments).stdout
    assert b": ok, 20001 rows" in run("index", index, "--verify", *arguments).stdout
    assert b"up to date" in run("index", index, *arguments).stdout


def test_verify_finds_a_map_that_is_whole_but_wrong(big, index):
    """Seals say who wrote it, not whether it is right: one row more, sealed anew."""
    xxhash = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_64bits_withSeed
    xxhash.restype = ctypes.c_uint64
    run("index", index, big)
    kept, = index.iterdir()
    data = bytearray(kept.read_bytes())
    count, groups, seal = (struct.unpack_from("<Q", data, 8 * word)[0] for word in (16, 19, 21))
    assert groups == 1
    begin = len(data) - 12 * count
    group = begin - 8 - 40

    def put_seal(at, sealed):
        struct.pack_into("<Q", data, at, xxhash(bytes(sealed), ctypes.c_size_t(len(sealed)),
                                                ctypes.c_uint64(seal)))

    row = struct.unpack_from("<I", data, begin + 12 + 4)[0]
    struct.pack_into("<I", data, begin + 12 + 4, row + 1)
    put_seal(group + 32, data[begin:])
    put_seal(begin - 8, data[group:begin - 8])
    kept.write_bytes(data)
    done = run("index", index, "--verify", big)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b": wrong: " in done.stdout


def test_list_and_prune(source, big, index):
    other = source / "other.csv"
    gone = source / "a-gone.csv"
    for path in (other, gone):
        path.write_bytes(BIG)
    run("index", index, source)
    gone.unlink()
    other.write_bytes(BIG[:-1])
    (index / ("0" * 32 + ".map")).write_bytes(b"rubbish")
    (index / ("0" * 32 + ".AbCdEf.tmp")).write_bytes(b"half a map")
    (index / "README").write_bytes(b"not ours")
    lines = words_of(run("index", index, "--list")).splitlines()
    assert lines[0].split() == ["rows", "source", "bytes", "map", "bytes", "state", "source"]
    states = [re.match(r" *\S+ +\S+ +\d+  (left over|\w+) ", line)[1] for line in lines[1:]]
    assert states == ["gone", "ok", "stale", "left over", "damaged"]
    fields = lines[2].split()
    assert fields[:2] == ["30000", str(len(BIG))] and fields[-1] == str(big)

    text = words_of(run("index", index, "--prune"))
    removed = [line for line in text.splitlines() if not line.startswith("removed 4 files, ")]
    assert [line.split(":")[0] for line in removed] == [
        "removed %s" % gone, "removed %s" % other, "removed %s.AbCdEf.tmp" % ("0" * 32),
        "removed %s.map" % ("0" * 32)]
    assert len(list(index.iterdir())) == 2
    assert words_of(run("index", index, "--prune")) == "removed 0 files, 0 bytes\n"


@pytest.mark.parametrize("paths_of,removed", [
    ([], ["a/b/1.csv", "a/b2.csv", "a/b3/1.csv"]),
    (["a/b"], ["a/b/1.csv"]),
    (["a/b/"], ["a/b/1.csv"]),
    (["a/b2.csv"], ["a/b2.csv"]),
    (["link/b3"], ["a/b3/1.csv"]),
    (["a"], ["a/b/1.csv", "a/b2.csv", "a/b3/1.csv"]),
    (["/"], ["a/b/1.csv", "a/b2.csv", "a/b3/1.csv"]),
    (["a/b/1.csv", "a/b3"], ["a/b/1.csv", "a/b3/1.csv"]),
    (["b", "a/b/1", "kept.csv"], []),
])
def test_prune_keeps_to_the_paths_given(source, index, paths_of, removed):
    """Gone, and their folders with them; a map that no source is known of is left alone."""
    os.symlink("a", source / "link")
    for name in ("a/b/1.csv", "a/b2.csv", "a/b3/1.csv", "kept.csv"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(BIG)
    run("index", index, source)
    (source / "a/b2.csv").unlink()
    for folder in ("a/b", "a/b3"):
        shutil.rmtree(source / folder)
    (index / ("0" * 32 + ".map")).write_bytes(b"rubbish")
    text = words_of(run("index", index, "--prune", *paths_of, cwd=source))
    lines = [line.split(":")[0] for line in text.splitlines()[:-1] if "0" * 32 not in line]
    assert lines == ["removed %s" % (source / name) for name in removed]
    assert (index / ("0" * 32 + ".map")).exists() == bool(paths_of)
    assert b"kept.csv" in run("index", index, "--list").stdout


@pytest.mark.parametrize("arguments", [
    ["--list", "--prune"], ["--list", "x.csv"], ["--verify"], [],
    ["--list=1"], ["--index_dir=none", "x.csv"]])
def test_index_refuses_calls_that_mean_nothing(arguments):
    done = tool.recordio("index", *arguments)
    assert (done.returncode, done.stdout) == (tool.WRONG_CALL, b"")
    assert done.stderr.startswith(b"recordio: ")


def test_index_shows_no_bar_for_quick_work_on_a_terminal(big, index):
    """A terminal gets the same lines; a bar, were there one, is gone in the end."""
    master, slave = pty.openpty()
    done = subprocess.run([str(paths.RECORDIO), "index", "--index_dir=%s" % index, str(big)],
                          stdout=slave, stderr=slave, check=False)
    os.close(slave)
    text = os.read(master, 65536).decode()
    os.close(master)
    assert done.returncode == 0
    assert text.split("\x1b[K")[-1] == "%s: 30000 rows, map built\r\n" % big


def test_cat_writes_no_records_to_a_terminal(three):
    names, _ = three
    master, slave = pty.openpty()
    done = subprocess.run([str(paths.RECORDIO), "cat", str(names[0])], stdout=slave,
                          stderr=subprocess.PIPE, check=False)
    os.set_blocking(master, False)
    with pytest.raises(BlockingIOError):
        os.read(master, 1)
    os.close(slave)
    os.close(master)
    assert done.returncode == tool.WRONG_CALL
    assert b"> FILE.recordio" in done.stderr


def map_line(done):
    return re.search(r"^  map +(.*)$", words_of(done), re.M)[1]


def test_info_says_once_why_no_map_is_kept(big, three, tmp_path, index):
    names, _ = three
    assert map_line(run("info", index, names[0])).endswith(
        "checkpoints, too small to need one kept")
    assert map_line(run("info", "none", big)).endswith("checkpoints, not kept")
    (tmp_path / "file").write_text("in the way")
    assert re.fullmatch(r"\w+, \d+ checkpoints; the map is not kept: cannot open .*",
                        map_line(run("info", tmp_path / "file", big)))


@pytest.mark.skipif(paths.SANITIZED, reason="a sanitizer's own memory would be counted")
def test_thousands_of_keys_take_little_memory(source):
    path = source / "wide.csv"
    path.write_text(2 * (",".join("12" if i % 3 else "0" for i in range(20000)) + "\n"))
    done = subprocess.run(["prlimit", "--as=%d" % (256 << 20), str(paths.RECORDIO), "cat",
                           "--header=no", "--keys=names", "--index_dir=none", str(path)],
                          capture_output=True, check=False)
    assert done.returncode == tool.DONE, done.stderr
    assert done.stdout == encode(path.read_bytes(), Options(header="no", keys="names")).data


def test_info_tells_all_of_it(source, index):
    path = source / "named.csv"
    path.write_text("y;price;'odd ''name';note\n" + "1;2;3;4\n" * 30000)
    arguments = ["--delimiter=;", "--quote='", "--drop=note", "--dtype=float64", "--json", path]
    told = json.loads(words_of(run("info", index, *arguments)))
    kept, = index.iterdir()
    assert told == {
        "file": str(path), "rows": 30000, "header": True,
        "dialect": {"delimiter": ";", "quote": "'"},
        "dtype": "float64", "label_dtype": "float64",
        "records": 30000, "skipped": 0, "filled": None, "texts": None,
        "record_bytes": told["record_bytes"], "file_bytes": 30000 * told["record_bytes"],
        "source_bytes": path.stat().st_size, "text_bytes": path.stat().st_size,
        "compression": None, "bad_quote": None,
        "columns": [
            {"number": 0, "name": "y", "role": "label", "type": "number"},
            {"number": 1, "name": "price", "role": "feature", "type": "number"},
            {"number": 2, "name": "odd 'name", "role": "feature", "type": "number"},
            {"number": 3, "name": "note", "role": "dropped", "type": "number"}],
        "map": {"origin": "built", "reason": None, "path": str(kept),
                "bytes": kept.stat().st_size, "checkpoints": told["map"]["checkpoints"]},
        "settings": None,
        "options": [
            {"name": name, "value": value, "file": None, "line": None, "section": None}
            for name, value in (("delimiter", ";"), ("quote", "'"), ("drop", "note"),
                                ("dtype", "float64"))],
    }
    assert told["record_bytes"] == len(encode(
        b"1,2,3\n", Options(dtype="float64", label_dtype="float64")).data)
    again = json.loads(words_of(run("info", index, *arguments)))
    assert again["map"]["origin"] == "loaded"


def test_info_gives_a_line_of_json_a_file(three):
    names, _ = three
    lines = words_of(tool.recordio("info", "--json", *names)).splitlines()
    assert [json.loads(line)["rows"] for line in lines] == [40, 0, 25]


def test_info_survives_names_that_are_no_text(source):
    path = source / "latin.csv"
    path.write_bytes(b"gr\xf6\xdfe,\x1b[31m\n1,2\n")
    told = json.loads(words_of(tool.recordio("info", "--json", path)))
    assert [column["name"] for column in told["columns"]] == ["gr\ufffd\ufffde", "\x1b[31m"]
    plain = tool.recordio("info", path).stdout
    assert b"\x1b" not in plain and b"'gr\\xf6\\xdfe'" in plain


def test_info_shortens_a_wide_file(source):
    path = source / "wide.csv"
    path.write_bytes(make.numbers(3, 4000))
    text = words_of(tool.recordio("info", path))
    assert len(text.splitlines()) < 30
    assert "4000: 3999 features (float32), 1 label (float32)" in text
    assert "3988 more" in text and "3999  feature" in text
    assert len(json.loads(words_of(tool.recordio("info", "--json", path)))["columns"]) == 4000


def test_options_and_files_may_be_mixed_and_ended(source):
    (source / "--odd").write_bytes(b"1,2\n")
    first = tool.recordio("cat", "--label", "none", "--", "--odd", cwd=source)
    second = tool.recordio("cat", "./--odd", "--label=none", cwd=source)
    assert first.returncode == 0
    assert first.stdout == second.stdout != b""


def test_rows_behind_a_size_of_0_are_not_lost_without_a_word():
    done = tool.recordio("cat", "--label=none", "--delimiter= ", "/proc/uptime")
    assert (done.returncode, done.stdout) == (tool.WRONG_DATA, b"")
    assert b"/proc/uptime: the file holds more than its size of 0 bytes" in done.stderr


@pytest.mark.parametrize("arguments,message", [
    (["cat", "--nosuch", "x"], b"unknown option: --nosuch; recordio cat --help lists them"),
    (["info", "--sep", ";"], b"unknown option: --sep; recordio info --help"),
    (["cat", "-x", "x"], b"unknown option: -x; "),
    (["cat", "-xy"], b"unknown option: -x; "),
    (["cat", "--d=x", "x"], b"--d=x may mean --delimiter, --drop, --dtype\n"),
    (["cat", "--l", "x"], b"--l may mean --label, --label_dtype\n"),
    (["cat", "x", "-o", "label=price"], b"unknown option: -o; write --label price\n"),
    (["cat", "-olabel=a=b,drop=2", "x"], b"unknown option: -o; write --label a=b\n"),
    (["cat", "-o", "x"], b"unknown option: -o; write --OPTION VALUE\n"),
    (["cat", "-o"], b"unknown option: -o; write --OPTION VALUE\n"),
    (["--label", "0", "cat"], b"unknown option: --label; options stand behind a command"),
    (["cat", "--dtype"], b"--dtype needs a value"),
    (["cat", r"--delimiter=\t", "x"], b"delimiter takes ,|tab|CHARACTER"),
    (["index", "--list=yes"], b"--list=yes takes no value"),
    (["cat", "--dtype=int8", "x"], b"dtype takes float32|float64"),
    (["dog"], b"there is no command 'dog'"),
])
def test_a_wrong_call_says_what_is_wrong(arguments, message):
    done = tool.recordio(*arguments)
    assert done.returncode == tool.WRONG_CALL
    assert message in done.stderr
