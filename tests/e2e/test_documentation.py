# SPDX-License-Identifier: Apache-2.0
"""The texts and the walls of the house: options are the same in the option table, in
--help and in the man pages; includes point down; core knows nothing of FUSE."""
import re
import subprocess

import pytest

from support import paths, tool

MAN = paths.TOP / "packaging" / "man"
CORE = paths.TOP / "core"

# Which module may include which: its own and those before it.
ORDER = ["base", "source", "csv", "schema", "settings", "record", "map", "dataset", "view",
         "survey", "channel", "feed", "tool", "fs"]

TABLE_LINE = re.compile(r'^\t\{"(\w+)", (NULL|"(?:[^"\\]|\\.)*"), "((?:[^"\\]|\\.)*)"\}', re.M)


def table(path, name):
    """A table of options in a C source: {name: (values, help)}."""
    text = path.read_text()
    body = re.search(r"\b%s\[\] = \{\n(.*?)^\};" % name, text, re.M | re.S).group(1)
    found = {line[0]: (None if line[1] == "NULL" else line[1][1:-1].replace('\\"', '"'), line[2])
             for line in TABLE_LINE.findall(body)}
    assert len(found) == body.count("\t{") - body.count("{NULL") > 0, body
    return found


def encoding_options():
    return table(CORE / "schema" / "options.c", "rio_option_table")


def job_words():
    return table(CORE / "channel" / "job.c", "rio_job_table")


def man_text(program):
    """A man page with its font changes and escapes taken off."""
    text = (MAN / (program + ".1")).read_text()
    text = re.sub(r"\\f[A-Z]|\\[&|]", "", text)
    return text.replace(r"\-", "-").replace(r"\(dq", '"').replace(r"\(aq", "'")


def help_options(text):
    """The long options that a help text tells: {name: values}."""
    return {name: values.strip() or None for name, values in
            re.findall(r"^  --(\w+)((?: \S+)?)  ", text, re.M)}


COMMANDS = ("cat", "index", "info", "check", "dump", "feed")


@pytest.mark.parametrize("command,own", [
    ("cat", {"range"}), ("index", {"verify", "list", "prune"}), ("info", {"json"}),
    ("check", {"for", "errors", "max_record", "json"}), ("dump", {"raw", "max_record"}),
    ("feed", {"channel", "to", "epochs", "slow", "stall"})])
def test_help_of_recordio_follows_the_table(command, own):
    text = tool.recordio(command, "--help").stdout.decode()
    told = help_options(text)
    options = encoding_options()
    if command == "feed":
        options.update(job_words())
    assert set(told) == set(options) | own | {"index_dir", "config", "help"}
    for name, (values, help_line) in options.items():
        assert told[name] == values
        assert help_line.replace('\\"', '"') in text


def test_the_man_page_of_recordio_has_every_option_and_no_other():
    told = set()
    for command in COMMANDS:
        told |= set(help_options(tool.recordio(command, "--help").stdout.decode()))
    entries = set(re.findall(r"^\.B[IR]? (?:-h \" , \" )?--(\w+)", man_text("recordio"), re.M))
    entries |= set(re.findall(r'^\.BR -h ", " --(\w+)', man_text("recordio"), re.M))
    assert entries - {"help"} == told - {"help"}


def test_the_man_page_of_recordio_has_every_value():
    text = man_text("recordio")
    for name, (values, _) in {**encoding_options(), **job_words()}.items():
        assert re.search(r'^\.BR --%s " %s"$' % (name, re.escape(values)), text, re.M), name


def test_the_man_page_of_recordio_has_every_algorithm():
    told = help_options(tool.recordio("check", "--help").stdout.decode())["for"].split("|")
    assert re.findall(r"^\.IP \\\(bu 2\n\.BR? ([a-z0-9-]+)", man_text("recordio"), re.M) == told


def test_the_man_page_of_recordio_has_every_command_and_exit_code():
    text = man_text("recordio")
    commands = re.findall(r"^  (\w+) +\S", re.search(
        r"Commands:\n(.*?)\n\n", tool.recordio("--help").stdout.decode(), re.S).group(1) + "\n",
        re.M)
    assert commands == re.findall(r"^\.TP\n\.B (\w+)$", text.split(".SH COMMANDS")[1]
                                  .split(".SH OPTIONS")[0], re.M)
    assert re.findall(r"^\.TP\n\.B (\d)$", text.split(".SH EXIT STATUS")[1], re.M) == list("0123")


def test_recordiofs_tells_every_option_in_help_and_man_page():
    if not paths.RECORDIOFS.exists():
        pytest.skip("recordiofs was not built (no fuse3)")
    text = subprocess.run([str(paths.RECORDIOFS), "--help"], stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    options = dict(encoding_options())
    options.update(table(paths.TOP / "fs" / "option_table.c", "rfs_option_table"))
    options.update(job_words())
    man = man_text("recordiofs")
    for name, (values, help_line) in options.items():
        shown = name if values is None else "%s=%s" % (name, values)
        assert re.search(r"^  %s\s+%s" % (re.escape(shown), re.escape(help_line)), text, re.M), name
        entry = ".B %s" % name if values is None else '.BR %s "=%s"' % (name, values)
        assert entry in man.splitlines(), name


@pytest.mark.parametrize("page", sorted(MAN.glob("*.1")), ids=lambda page: page.name)
def test_man_pages_are_right_roff(page):
    groff = subprocess.run(["sh", "-c", "command -v groff"], stdout=subprocess.PIPE, check=False)
    if groff.returncode:
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-Kutf8", "-z", str(page)],
                          stderr=subprocess.PIPE, check=True)
    assert done.stderr == b""


def sources(folder):
    return sorted(path for path in folder.rglob("*.[ch]"))


def module_of(path):
    return "fs" if paths.TOP / "fs" in path.parents else path.relative_to(CORE).parts[0]


def test_includes_point_down_only():
    wrong = []
    for path in sources(CORE) + sources(paths.TOP / "fs"):
        for include in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
            module = include.split("/")[0] if "/" in include else None
            if module in ORDER and ORDER.index(module) > ORDER.index(module_of(path)):
                wrong.append("%s includes %s" % (path.relative_to(paths.TOP), include))
    assert wrong == []


def test_core_neither_includes_nor_links_fuse():
    for path in sources(CORE):
        assert not re.search(r"#include.*fuse", path.read_text()), path
    symbols = subprocess.run(["nm", str(paths.BUILD / "core" / "librecordio-core.a")],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    assert b"rio_dataset_create" in symbols
    assert b"fuse" not in symbols
    libraries = subprocess.run(["ldd", str(paths.RECORDIO)], stdout=subprocess.PIPE,
                               check=True).stdout
    assert b"libc.so" in libraries
    assert b"fuse" not in libraries
