# SPDX-License-Identifier: Apache-2.0
"""recordiofs.ini: what of it applies to which file, and that the mount and recordio agree."""
import json
import os
import random
import re
import stat
import subprocess

import pytest

from support import make, packing, paths, tool
from encoder import Options, encode

ROWS = b"y,x,id\n1,2,3\n4,5,6\n"


@pytest.fixture
def tree(source):
    """Files in folders, and a settings file on top."""
    for name in ("a.csv", "train/a.csv", "train/deep/b.csv", "train/part-1.csv", "test/a.csv"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(ROWS)
    (source / "recordiofs.ini").write_text(
        "label = x\n\n[train/]\ndrop = id\n[part-*.csv]\nlabel = y\ndtype = float64\n")
    return source


def info(path, *arguments, **settings):
    done = tool.recordio("info", "--json", *arguments, path, **settings)
    assert done.returncode == tool.DONE, done.stderr
    return json.loads(done.stdout)


def chosen(told):
    return {option["name"]: option["value"] for option in told["options"]}


@pytest.mark.parametrize("name,options", [
    ("a.csv", {"label": "x"}),
    ("test/a.csv", {"label": "x"}),
    ("train/a.csv", {"label": "x", "drop": "id"}),
    ("train/deep/b.csv", {"label": "x", "drop": "id"}),
    ("train/part-1.csv", {"label": "y", "drop": "id", "dtype": "float64"}),
])
def test_the_mount_and_the_tool_encode_alike(tree, mounts, name, options):
    expected = encode(ROWS, Options(header="yes", **options)).data
    assert tool.recordio("cat", tree / name).stdout == expected
    assert chosen(info(tree / name)) == options
    assert mounts(tree).file(name.replace(".csv", ".recordio")).read_bytes() == expected


def test_each_pattern_may_ask_for_other_records(source, mounts):
    """Formats, texts and keys by folder: what the reference makes of each."""
    data = b"y,a,b\n" + b"".join(b"%d,%d,%d\n" % (i % 2, i % 7 // 5, i) for i in range(5000))
    wanted = {"sparse": {"format": "sparse"}, "whole": {"dtype": "int32", "uid": "row"},
              "named": {"keys": "names", "magic": "shift"}, "dense": {}}
    text = ""
    for name, options in wanted.items():
        (source / name).mkdir()
        (source / name / "f.csv").write_bytes(data)
        text += "[%s/]\n%s" % (name, "".join("%s = %s\n" % pair for pair in options.items()))
    (source / "recordiofs.ini").write_text(text)
    mount = mounts(source)
    for name, options in wanted.items():
        expected = encode(data, Options(**options)).data
        assert mount.file(name + "/f.recordio").read_bytes() == expected
        assert tool.recordio("cat", source / name / "f.csv").stdout == expected


def test_a_compressed_file_stands_for_its_csv(source, mounts):
    """[*.csv] is about b.csv.gz, too; of sections that match, later lines win."""
    (source / "train").mkdir()
    for name in ("a.csv", "b.csv.gz", "train/c.csv.gz"):
        (source / name).write_bytes(packing.gz(ROWS) if name.endswith(".gz") else ROWS)
    (source / "recordiofs.ini").write_text(
        "[*.csv]\nlabel = x\n[*.csv.gz]\ndrop = id\n[train/c.csv]\nlabel = y\n")
    mount = mounts(source)
    for name, options in (("a.csv", {"label": "x"}), ("b.csv.gz", {"label": "x", "drop": "id"}),
                          ("train/c.csv.gz", {"label": "y", "drop": "id"})):
        assert chosen(info(source / name)) == options
        expected = encode(ROWS, Options(header="yes", **options)).data
        assert tool.recordio("cat", source / name).stdout == expected
        shown = name.replace(".gz", "").replace(".csv", ".recordio")
        assert mount.file(shown).read_bytes() == expected


def test_from_wherever_the_tool_is_called(tree):
    expected = tool.recordio("cat", tree / "train" / "a.csv").stdout
    for folder, name in ((tree, "train/a.csv"), (tree / "train", "a.csv"),
                         (tree / "train" / "deep", "../a.csv"), (tree / "test", "../train/a.csv")):
        assert tool.recordio("cat", name, cwd=folder).stdout == expected
    link = tree.parent / "link"
    link.symlink_to(tree / "train")
    assert tool.recordio("cat", link / "a.csv").stdout == expected


def test_a_command_line_wins(tree, mounts):
    expected = encode(ROWS, Options(header="yes", label="none", drop="id")).data
    assert tool.recordio("cat", "--label=none", tree / "train/a.csv").stdout == expected
    assert mounts(tree, "label=none").file("train/a.recordio").read_bytes() == expected


def test_info_tells_where_a_value_comes_from(tree):
    ini = str(tree / "recordiofs.ini")
    told = info(tree / "train/part-1.csv", "--drop=1")
    assert told["settings"] == ini
    assert told["options"] == [
        {"name": "label", "value": "y", "file": ini, "line": 6, "section": "part-*.csv"},
        {"name": "drop", "value": "1", "file": None, "line": None, "section": None},
        {"name": "dtype", "value": "float64", "file": ini, "line": 7, "section": "part-*.csv"}]
    text = tool.recordio("info", "--drop=1", tree / "train/part-1.csv").stdout.decode()
    assert re.search(r"^  options +label=y +%s:6 \[part-\*\.csv\]$" % re.escape(ini), text, re.M)
    assert re.search(r"^ +drop=1 +command line$", text, re.M)
    assert re.search(r"^  settings +%s$" % re.escape(ini), text, re.M)
    (tree / "recordiofs.ini").unlink()
    told = info(tree / "a.csv")
    assert (told["settings"], told["options"]) == (None, [])


def test_the_nearest_file_counts_alone(tree, mounts):
    (tree / "train" / "recordiofs.ini").write_text("label = id\n")
    expected = encode(ROWS, Options(header="yes", label="id")).data
    for name in ("train/a", "train/deep/b"):
        assert tool.recordio("cat", tree / (name + ".csv")).stdout == expected
    whole, part = mounts(tree), mounts(tree / "train")
    assert whole.file("train/a.recordio").read_bytes() == expected
    assert whole.file("train/deep/b.recordio").read_bytes() == expected
    assert part.file("deep/b.recordio").read_bytes() == expected
    assert whole.file("a.recordio").read_bytes() == tool.recordio("cat", tree / "a.csv").stdout


def test_a_file_above_source_counts(tree, mounts):
    mount = mounts(tree / "train")
    for name in ("a", "deep/b", "part-1"):
        assert mount.file(name + ".recordio").read_bytes() == tool.recordio(
            "cat", tree / "train" / (name + ".csv")).stdout
    assert "note: settings are those of %s/recordiofs.ini, above SOURCE" % tree in mount.log_text()
    assert "settings: %s/recordiofs.ini\n" % tree in mount.status()


def test_a_folder_where_all_may_write_gives_none(tree):
    os.chmod(tree, 0o1777)
    assert info(tree / "train/a.csv")["settings"] is None
    os.chmod(tree, 0o777)
    assert info(tree / "train/a.csv")["settings"] is not None


def test_a_file_can_be_named_or_none(tree, tmp_path, mounts):
    plain = encode(ROWS, Options(header="yes")).data
    other = encode(ROWS, Options(header="yes", label="id")).data
    (tmp_path / "other.ini").write_text("[**/train/*.csv]\nlabel = id\n")
    assert tool.recordio("cat", "--config=none", tree / "train/a.csv").stdout == plain
    assert tool.recordio("cat", "--config", tmp_path / "other.ini",
                         tree / "train/a.csv").stdout == other
    assert mounts(tree, "config=none").file("train/a.recordio").read_bytes() == plain
    named = mounts(tree, "config=%s" % (tmp_path / "other.ini"))
    assert named.file("train/a.recordio").read_bytes() == other
    assert named.file("a.recordio").read_bytes() == plain


def test_a_pattern_that_begins_elsewhere_is_refused(tree, tmp_path, mounts):
    (tree.parent / "etc").mkdir()
    ini = tree.parent / "etc" / "x.ini"
    ini.write_text("[train/*.csv]\nlabel = id\n")
    done = tool.recordio("cat", "--config", ini, tree / "train/a.csv")
    assert done.returncode == tool.WRONG_CALL
    assert b"x.ini:2:1: [train/*.csv] begins at " in done.stderr
    mount = mounts(tree, "config=%s" % ini)
    mount.expect_log("begins at")
    with pytest.raises(OSError):
        mount.file("train/a.recordio").read_bytes()
    assert "[**/train/*.csv]" in os.getxattr(
        mount.file("train/a.recordio"), "user.recordiofs.error").decode()


def test_it_is_in_no_listing(tree, mounts):
    mount = mounts(tree)
    assert sorted(os.listdir(mount.path)) == ["a.recordio", "test", "train"]
    assert not mount.file("recordiofs.ini").exists()


def test_the_suffix_is_the_whole_mounts(tree, mounts):
    (tree / "recordiofs.ini").write_text("suffix = rec\n")
    assert "a.rec" in os.listdir(mounts(tree).path)
    assert "a.pbr" in os.listdir(mounts(tree, "suffix=pbr").path)


def test_a_mistake_is_told_with_its_line(tree, mounts):
    ini = tree / "recordiofs.ini"
    ini.write_text("label = x\n[train/]\nlable = y\n")
    done = tool.recordio("cat", tree / "a.csv")
    assert done.returncode == tool.WRONG_CALL
    told = "%s:3:1: there is no option 'lable'; is label meant?" % ini
    assert done.stderr.decode() == "recordio: %s\n" % told
    (tree.parent / "mnt").mkdir()
    done = subprocess.run([str(paths.RECORDIOFS), str(tree), str(tree.parent / "mnt")],
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.decode() == "recordiofs: %s\n" % told
    ini.unlink()
    (tree / "train" / "recordiofs.ini").write_text("dtype = int8\n")
    mount = mounts(tree)
    mount.expect_log("dtype=int8 is not understood")
    assert mount.file("a.recordio").read_bytes()
    assert os.stat(mount.file("train/deep/b.recordio")).st_size == 1
    assert b"train/recordiofs.ini:1:9: dtype=int8" in os.getxattr(
        mount.file("train/deep/b.recordio"), "user.recordiofs.error")


def test_wrong_files_by_that_name(tree, mounts):
    """A link that leads out is an error and nothing of it is told; a FIFO is not waited for."""
    (tree / "recordiofs.ini").unlink()
    secret = tree.parent / "secret"
    secret.write_text("root:x:0\n")
    (tree / "train" / "recordiofs.ini").symlink_to(secret)
    os.mkfifo(tree / "test" / "recordiofs.ini")
    mount = mounts(tree)
    mount.expect_log("cannot open settings: Invalid cross-device link")
    expected = encode(ROWS, Options(header="yes")).data
    assert mount.file("test/a.recordio").read_bytes() == expected
    assert os.stat(mount.file("train/a.recordio")).st_size == 1
    assert "root:x" not in mount.log_text()
    assert tool.recordio("cat", tree / "test/a.csv", timeout=20).stdout == expected


def test_links_to_folders_are_resolved_by_both(tree, mounts):
    (tree / "link").symlink_to("train/deep")
    (tree / "recordiofs.ini").write_text("[train/]\nlabel=x\n[link/]\nlabel=id\n")
    (tree / "train" / "deep" / "recordiofs.ini").write_text("drop=id\n")
    mount = mounts(tree)
    for name, options in (("link/b", {"drop": "id"}), ("train/deep/b", {"drop": "id"}),
                          ("train/a", {"label": "x"})):
        expected = encode(ROWS, Options(header="yes", **options)).data
        assert mount.file(name + ".recordio").read_bytes() == expected
        assert tool.recordio("cat", tree / (name + ".csv")).stdout == expected


def test_settings_hold_until_the_mount_ends(tree, mounts):
    mount = mounts(tree)
    before = mount.file("a.recordio").read_bytes()
    (tree / "recordiofs.ini").write_text("label = none\n")
    os.utime(tree / "a.csv")
    assert mount.file("a.recordio").read_bytes() == before
    assert mounts(tree).file("a.recordio").read_bytes() != before


def test_maps_follow_the_settings(source, tmp_path):
    """What decides where rows are comes from the settings file, and names the map."""
    (source / "big.csv").write_bytes(make.numbers(20000).replace(b",", b";"))
    (source / "recordiofs.ini").write_text("delimiter=;\nheader=no\n")
    index = "--index_dir=%s" % (tmp_path / "index")
    assert tool.recordio("index", index, source).returncode == tool.DONE
    assert info(source / "big.csv", index)["map"]["origin"] == "loaded"
    assert tool.recordio("index", index, "--verify", source).returncode == tool.DONE
    assert info(source / "big.csv", index, "--header=yes")["map"]["origin"] == "built"


def test_standard_input_has_no_place(tree):
    with open(tree / "a.csv", "rb") as file:
        done = tool.recordio("cat", "-", stdin=file, cwd=tree)
    assert done.stdout == encode(ROWS, Options(header="yes")).data


def regex(pattern):
    """A pattern as a regular expression: the rules said a second time."""
    if "/" not in pattern:
        pattern = "**/" + pattern
    if pattern.endswith("/"):
        pattern += "**"
    out = ""
    for part in re.findall(r"\*\*/|\*\*$|[^/]+|/", pattern.lstrip("/")):
        out += {"**/": "(?:[^/]+/)*", "**": ".+", "/": "/"}.get(part) or "".join(
            {"*": "[^/]*", "?": "[^/]"}.get(c, re.escape(c)) for c in part)
    return re.compile(out + r"\Z")


@pytest.mark.parametrize("seed", range(6))
def test_random_settings_apply_alike(seed, source, mounts):
    dice = random.Random(seed)
    words = ["a", "b", "ab"]
    paths = {"/".join([dice.choice(words) for _ in range(dice.randrange(4))] +
                      [dice.choice(words) + ".csv"]) for _ in range(12)}
    lines, model = [], []
    for _ in range(10):
        parts = [dice.choice(["a", "b", "ab", "*", "?", "a*", "**", "*b"])
                 for _ in range(dice.randrange(4))]
        last = dice.choice(["a.csv", "*.csv", "?.csv", "a*.csv", "**/*.csv", ""])
        pattern = dice.choice(["", "/"] if parts or last else [""]) + "/".join(parts + [last])
        if pattern.strip("/") == "":
            continue
        name, value = dice.choice([("label", "y"), ("label", "x"), ("drop", "id"),
                                   ("dtype", "float64"), ("missing", "zero")])
        lines += ["[%s]" % pattern, "%s = %s" % (name, value)]
        model.append((regex(pattern), name, value))
    (source / "recordiofs.ini").write_text("\n".join(lines) + "\n")
    for path in paths:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(ROWS)
    mount = mounts(source)
    for path in sorted(paths):
        expected = {name: value for pattern, name, value in model if pattern.match(path)}
        assert chosen(info(source / path)) == expected, (path, lines)
        data = mount.file(path.replace(".csv", ".recordio")).read_bytes()
        assert data == encode(ROWS, Options(header="yes", **expected)).data


def test_a_closed_settings_file_is_an_error(tree):
    if os.getuid() == 0:
        pytest.skip("nothing is closed to root")
    os.chmod(tree / "recordiofs.ini", 0)
    assert stat.S_IMODE(os.stat(tree / "recordiofs.ini").st_mode) == 0
    assert tool.recordio("cat", tree / "a.csv").returncode == tool.REFUSED
