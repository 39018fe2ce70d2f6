# SPDX-License-Identifier: Apache-2.0
"""Records of many lengths through the tool and the mount: messages, kept maps, what is told
of rows that are skipped, cells that are filled and texts that are numbered."""
import errno
import json
import os
import re

import pytest

from support import make, tool
from encoder import Options, encode

CITIES = ["Aachen", "Bonn", "Zürich", "b,c", 'd"e', "a\nb"]


def table(nr_rows):
    """An id, a label of text, a city of text, whole numbers, some of them missing or bad."""
    lines = ["id,y,city,n,m"]
    for row in range(nr_rows):
        city = CITIES[row * row % len(CITIES)]
        lines.append('r%d,%s,"%s",%d,%s' % (
            row, "no" if row % 3 else "yes", city.replace('"', '""'), row * 37 % 1000,
            "" if row % 50 == 7 else "?" if row % 400 == 9 else row % 5))
    return ("\n".join(lines) + "\n").encode()


GIVEN = {"label": "y", "uid": "id", "text": "map", "bad_row": "skip", "missing": "zero",
         "dtype": "int32"}


@pytest.fixture(scope="module")
def big():
    data = table(20000)
    return data, encode(data, Options(**GIVEN))


@pytest.mark.parametrize("cell,given,message", [
    ("1.5", {"dtype": "int32"}, "'1.5' is not a whole number, as int32 wants (column 1, \"a\")"),
    ("3e9", {"dtype": "int32"},
     "'3e9' is beyond int32, -2147483648 to 2147483647 (column 1, \"a\")"),
    ("inf", {"dtype": "int32"}, "'inf' is beyond int32"),
    ("", {"dtype": "int32"}, "'' is missing, and int32 has no NaN: missing=zero, or a number"),
    ("NA", {"dtype": "int32", "label_dtype": "float32", "missing": "0.5"},
     "'NA' is missing, and missing= makes no whole number of it, as int32 wants (column 1"),
    ("x", {"dtype": "int32"}, "'x' is not a number (column 1, \"a\")"),
    ("x", {"bad_row": "skip", "uid": "b", "drop": "b"}, None),
    ("", {"missing": "error", "format": "sparse"}, "an empty cell under missing=error"),
])
def test_an_error_names_the_cell(cell, given, message, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("y,a,b\n1,2,3\n0,%s,3\n1,1,1\n" % cell)
    done = tool.recordio("cat", *Options(**given).arguments(), path)
    if message is None:
        assert done.returncode == tool.DONE
        return
    assert done.returncode == tool.WRONG_DATA
    assert ("data.csv:3:3: " + message).encode() in done.stderr


@pytest.mark.parametrize("given,message", [
    ({"text": "hash:8", "label": "y"}, "the label, column 1, is text: text=map numbers it"),
    ({"keys": "names", "header": "yes", "label": "n"}, None),
    ({"uid": "y", "label": "y", "text": "map"}, "column 1 is both the uid and the label"),
    ({"text": "drop", "features": "city", "label": "n"}, "all are text, and text=drop"),
    ({"keys": "a=city:b=nothing", "label": "n"}, "no column is named \"nothing\""),
])
def test_what_file_and_options_do_not_agree_about_is_told(given, message, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(table(5))
    done = tool.recordio("cat", *Options(**{**given}).arguments(), path)
    if message:
        assert done.returncode == tool.WRONG_DATA
        assert message.encode() in done.stderr, done.stderr


@pytest.mark.parametrize("options,fits", [
    ({"text": "hash:65536"}, True), ({"text": "hash:65537"}, False),
    ({"text": "hash:1048576", "format": "sparse"}, True),
    ({"text": "hash:32768", "keys": "names"}, True), ({"text": "hash:32769", "keys": "names"}, False),
    ({"text": "hash:32768", "keys": "p=a:q=b"}, True), ({"text": "hash:65536", "keys": "p=a:b"}, True),
], ids=str)
def test_hashing_is_bounded_where_records_are_dense(options, fits, tmp_path):
    data = b"y,a,b\n1,red,big\n0,blue,small\n"
    (tmp_path / "data.csv").write_bytes(data)
    done = tool.recordio("cat", *Options(**options).arguments(), tmp_path / "data.csv")
    assert done.returncode == (tool.DONE if fits else tool.WRONG_DATA)
    if fits:
        assert done.stdout == encode(data, Options(**options)).data
    else:
        assert (b"values of each row, of 65536 at most where records are dense: format=sparse, or a "
                b"smaller N") in done.stderr


def test_keys_are_bounded(tmp_path):
    path = tmp_path / "data.csv"
    for nr, fits in ((65536, True), (65537, False)):
        path.write_text("y," + ",".join("c%d" % i for i in range(nr)) + "\n" + "1" + ",2" * nr)
        done = tool.recordio("cat", "--keys=names", path)
        assert done.returncode == (tool.DONE if fits else tool.WRONG_DATA)
        assert fits or b"65537 keys in a record, of 65536 at most" in done.stderr


def test_a_kept_map_has_sizes_and_texts(big, tmp_path):
    data, expected = big
    path, index = tmp_path / "data.csv", tmp_path / "index"
    path.write_bytes(data)
    options = [*Options(**GIVEN).arguments(), "--index_dir=%s" % index]
    for origin in ("built", "loaded"):
        info = json.loads(tool.recordio("info", "--json", *options, path).stdout)
        assert info["map"]["origin"] == origin
        assert (info["rows"], info["records"], info["skipped"], info["filled"]) == (
            20000, expected.nr_rows, expected.nr_skipped, expected.nr_filled)
        assert {int(c): t for c, t in info["texts"].items()} == {
            c: [text.decode() for text in texts] for c, texts in expected.codes.items()}
        assert tool.recordio("cat", *options, path).stdout == expected.data
    assert tool.recordio("index", "--verify", *options, path).returncode == tool.DONE
    # Other options, another map; the same rows in another encoding do not mix.
    other = Options(**{**GIVEN, "dtype": "float32"})
    assert tool.recordio("cat", *other.arguments(), "--index_dir=%s" % index, path).stdout == \
        encode(data, other).data
    assert len(list(index.iterdir())) == 2


def test_a_kept_map_of_an_appended_file_is_made_anew(big, tmp_path):
    data, _ = big
    path, index = tmp_path / "data.csv", tmp_path / "index"
    options = [*Options(**GIVEN).arguments(), "--index_dir=%s" % index]
    path.write_bytes(data)
    tool.recordio("index", *options, path)
    path.write_bytes(data + b"new,yes,Aa,1,1\n")
    expected = encode(data + b"new,yes,Aa,1,1\n", Options(**GIVEN))
    assert tool.recordio("cat", *options, path).stdout == expected.data


def test_a_mount_tells_what_it_skips_fills_and_numbers(big, source, mounts):
    data, expected = big
    (source / "data.csv").write_bytes(data)
    mount = mounts(source, *Options(**GIVEN).mount_options())
    path = mount.file("data.recordio")
    assert path.read_bytes() == expected.data

    def xattr(name):
        return os.getxattr(path, "user.recordiofs." + name).decode()

    assert [int(xattr(name)) for name in ("rows", "records", "skipped", "filled")] == [
        20000, expected.nr_rows, expected.nr_skipped, expected.nr_filled]
    assert json.loads(xattr("texts")) == {
        str(c): [text.decode() for text in texts] for c, texts in expected.codes.items()}
    assert "user.recordiofs.record_bytes" not in os.listxattr(path)
    status = mount.status()
    assert "skipped_rows: %d\n" % expected.nr_skipped in status
    assert "filled_cells: %d\n" % expected.nr_filled in status
    assert len(re.findall("of 20000 rows %d are skipped; %d missing cells are filled" % (
        expected.nr_skipped, expected.nr_filled), mount.log_text())) == 1


def test_what_is_filled_in_records_of_one_size_is_counted_too(source, mounts):
    """By info in a pass over the file; by a mount as it encodes."""
    rows = ["%d,%s,3,%s" % (n % 2, "" if n % 5 == 0 else n, "NA" if n % 7 == 0 else "1.5")
            for n in range(30000)]
    path = source / "data.csv"
    path.write_text("\n".join(rows) + "\n")
    options = Options(header="no", missing="zero")
    expected = encode(path.read_bytes(), options)
    assert expected.nr_filled == 6000 + 4286
    for origin in ("built", "loaded"):
        info = json.loads(tool.recordio("info", "--json", "--index_dir=%s" % (source / ".index"),
                                        *options.arguments(), path).stdout)
        assert info["map"]["origin"] == origin
        assert info["filled"] == expected.nr_filled
    shown = tool.recordio("info", *options.arguments(), path).stdout.decode()
    assert re.search("filled +%d missing cells" % expected.nr_filled, shown)
    assert b"missing cell" not in tool.recordio("info", "--header=no", path).stdout

    mount = mounts(source, *options.mount_options())
    assert "filled_cells: 0\n" in mount.status()
    assert mount.file("data.recordio").read_bytes() == expected.data
    filled = int(re.search("filled_cells: ([0-9]+)", mount.status())[1])
    # Where a read ends within a record, that is encoded again.
    assert expected.nr_filled <= filled < 1.2 * expected.nr_filled
    assert len(re.findall("data.csv: missing cells are filled", mount.log_text())) == 1


def test_a_table_of_texts_that_no_attribute_holds(source, mounts):
    """Up to 64 KiB it is there; beyond, E2BIG says that there is one, and info has it."""
    name = "user.recordiofs.texts"
    mount = mounts(source, "text=map")
    for extra, fits in ((0, True), (1, False)):
        texts = ["%06d" % i + "x" * 994 for i in range(65)]
        texts[-1] += "y" * (65536 - len(json.dumps({"1": texts}, separators=(",", ":"))) + extra)
        (source / "a.csv").write_text("".join("1,%s\n" % text for text in texts))
        path = mount.file("a.recordio")
        told = json.loads(tool.recordio("info", "--json", "--text=map", source / "a.csv").stdout)
        assert told["texts"] == {"1": texts}
        assert (name in os.listxattr(path)) == fits
        if fits:
            assert json.loads(os.getxattr(path, name)) == {"1": texts}
            continue
        with pytest.raises(OSError) as caught:
            os.getxattr(path, name)
        assert caught.value.errno == errno.E2BIG
        assert "user.recordiofs.rows" in os.listxattr(path)


def test_a_bad_record_among_many_lengths_is_a_wall(source, mounts):
    rows = ["%d,%d,%d" % (n % 2, n * 7 % 3000, n) for n in range(3000)]
    good = encode(("\n".join(rows[:2500]) + "\n").encode(), Options(dtype="int32")).data
    rows[2500] = "1,0.5,3"
    (source / "data.csv").write_text("\n".join(rows) + "\n")
    mount = mounts(source, "dtype=int32")
    mount.expect_log(r"data\.csv:2501:3: '0\.5' is not a whole number")
    path = mount.file("data.recordio")
    assert os.stat(path).st_size > len(good)
    with open(path, "rb", buffering=0) as file:
        assert os.pread(file.fileno(), len(good), 0) == good
        for off in (len(good), len(good) + 4000):
            with pytest.raises(OSError):
                os.pread(file.fileno(), 10, off)
    assert "2501:3" in os.getxattr(path, "user.recordiofs.error").decode()


def test_an_open_quote_ends_a_file_of_many_lengths(source, mounts):
    good = make.numbers(2000, 4)
    (source / "data.csv").write_bytes(good + b'1,"2,3,4\n' + make.numbers(2000, 4, seed=2))
    options = Options(format="sparse", bad_row="skip")
    expected = encode(good, options).data
    mount = mounts(source, *options.mount_options())
    mount.expect_log(r"data\.csv:2001:3: .* is never closed")
    path = mount.file("data.recordio")
    with open(path, "rb", buffering=0) as file:
        assert os.pread(file.fileno(), len(expected), 0) == expected
        with pytest.raises(OSError):
            os.pread(file.fileno(), 1, len(expected))
    done = tool.recordio("cat", *options.arguments(), source / "data.csv")
    assert (done.returncode, done.stdout) == (tool.WRONG_DATA, expected)


def test_ranges_of_a_growing_size_agree_on_every_kernel(big, tmp_path, monkeypatch):
    data, expected = big
    path = tmp_path / "data.csv"
    path.write_bytes(data)
    for kernel in ("portable", "avx2", "avx512"):
        monkeypatch.setenv("RECORDIOFS_KERNEL", kernel)
        assert tool.cat(path, Options(**GIVEN)) == expected.data
