# SPDX-License-Identifier: Apache-2.0
"""Bad rows: everything before reads, nothing from there on, and it is told where and why."""
import errno
import os
import re
import shutil
import subprocess

import pytest

from support import catalog, make, tool
from encoder import Options, encode

# What a message must say, by the catalog's kind of error.
SAYS = {
    "number": "is not a number",
    "missing": "missing",
    "fields": "field|column",
    "quote": "quote",
    "unterminated": "quote",
    "nul": "NUL",
}


def pread_all(path):
    """Bytes until the end or an error: (bytes, errno or 0)."""
    got, number = b"", 0
    fd = os.open(path, os.O_RDONLY)
    try:
        while part := os.pread(fd, 4096, len(got)):
            got += part
    except OSError as error:
        number = error.errno
    finally:
        os.close(fd)
    return got, number


def assert_tells(text, case, name):
    """text is "FILE:LINE:COLUMN: MESSAGE" of the case's error."""
    match = re.search(r"([^\s:]*):(\d+):(\d+): (.*)", text)
    assert match, text
    assert os.path.basename(match[1]) == name, text
    assert (int(match[2]), int(match[3])) == (case.error["line"], case.error["column"]), text
    assert re.search(SAYS[case.error["kind"]], match[4], re.IGNORECASE), text


@pytest.mark.parametrize("case", catalog.BAD, ids=repr)
def test_the_tool_writes_what_is_before_and_says_where(case):
    done = tool.recordio("cat", *case.options.arguments(), case.path)
    assert done.returncode == tool.WRONG_DATA
    assert done.stdout == case.encoded().data
    assert_tells(done.stderr.decode(), case, case.path.name)


@pytest.mark.parametrize("case", [c for c in catalog.BAD if c.rows], ids=repr)
def test_the_mount_reads_what_is_before_and_then_eio(case, source, mounts):
    shutil.copy(case.path, source / "data.csv")
    mount = mounts(source, *case.options.mount_options())
    mount.expect_log(r"data\.csv:\d+:\d+: ")
    path = mount.file("data.recordio")
    before = case.encoded().data
    got, number = pread_all(path)
    assert number == errno.EIO
    assert got == before
    with open(path, "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        assert os.pread(file.fileno(), len(before), 0) == before
        for off in (len(before), len(before) + 1, os.stat(path).st_size - 1):
            with pytest.raises(OSError) as error:
                os.pread(file.fileno(), 1, off)
            assert error.value.errno == errno.EIO
    assert_tells(os.getxattr(path, "user.recordiofs.error").decode(), case, "data.csv")


def test_the_log_tells_a_bad_record_once(source, mounts):
    data = make.numbers(2000).replace(b"\n1500,", b"\nabc,")
    (source / "data.csv").write_bytes(data)
    mount = mounts(source)
    mount.expect_log(r"data\.csv:1501:1: ")
    for _ in range(3):
        got, number = pread_all(mount.file("data.recordio"))
        assert number == errno.EIO
    assert len(re.findall(r"data\.csv:1501:1:", mount.log_text())) == 1


def test_pages_before_a_bad_record_are_right(source, mounts):
    """The handle that meets it first loses at most the page that it begins in."""
    data = make.numbers(4000).replace(b"\n2000,", b"\nabc,")
    (source / "data.csv").write_bytes(data)
    mount = mounts(source)
    mount.expect_log(r"data\.csv:2001:1: ")
    expected = encode(data, Options())
    assert expected.nr_rows == 2000
    path = mount.file("data.recordio")
    good = len(expected.data)
    assert os.stat(path).st_size == 2 * good
    last_page = good // 4096 * 4096
    with open(path, "rb", buffering=0) as file:
        for off in (last_page - 3 * 4096, last_page - 4096, last_page - 100):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            size = last_page - off
            assert os.pread(file.fileno(), size, off) == expected.data[off:off + size]
        with pytest.raises(OSError) as error:
            os.pread(file.fileno(), 1, good)
        assert error.value.errno == errno.EIO
    assert pread_all(path) == (expected.data, errno.EIO)


@pytest.mark.parametrize("case", catalog.REFUSED, ids=repr)
def test_what_cannot_be_encoded_at_all_shows_and_does_not_open(case, source, mounts):
    shutil.copy(case.path, source / "data.csv")
    mount = mounts(source, *case.options.mount_options())
    mount.expect_log(r"data\.csv")
    path = mount.file("data.recordio")
    assert os.listdir(mount.path) == ["data.recordio"]
    assert os.stat(path).st_size == 1
    with pytest.raises(OSError) as error:
        path.read_bytes()
    assert error.value.errno == errno.EIO
    assert "data.csv" in os.getxattr(path, "user.recordiofs.error").decode()


def errors_in(status):
    return [line[len("error_file: "):] for line in status.splitlines()
            if line.startswith("error_file: ")]


def test_the_status_lists_the_files_with_a_known_error(source, mounts):
    (source / "good.csv").write_bytes(b"1,2\n")
    (source / "late.csv").write_bytes(b"y,price\n1,x\n")
    (source / "empty\nname.csv").write_bytes(b"\0")
    mount = mounts(source)
    mount.expect_log(r"\.csv")
    assert errors_in(mount.status()) == []
    pread_all(mount.file("good.recordio"))
    pread_all(mount.file("late.recordio"))
    os.stat(mount.file("empty\nname.recordio"))
    late, empty = errors_in(mount.status())
    assert late.startswith("%s:2:3: 'x' is not a number" % (source / "late.csv"))
    assert '"price"' in late
    assert empty.startswith("%s/empty\\nname.csv" % source)
    assert "late.csv" not in (mount.path / ".recordiofs" / "metrics").read_text()

    (source / "late.csv").write_bytes(b"1,2\n1,3\n")
    (source / "empty\nname.csv").unlink()
    assert errors_in(mount.status()) == []


def test_the_status_lists_the_latest_errors_and_no_file_twice(source, mounts):
    for number in range(25):
        (source / ("%02d.csv" % number)).write_bytes(b"1,2\n1,x\n")
    mount = mounts(source)
    mount.expect_log(r"\.csv")
    for _ in range(2):
        for number in range(25):
            pread_all(mount.file("%02d.recordio" % number))
    (source / "24.csv").write_bytes(b"1,2\n1,3\n1,y\n")
    pread_all(mount.file("24.recordio"))
    found = errors_in(mount.status())
    assert [os.path.basename(line.split(":")[0]) for line in found] == [
        "%02d.csv" % number for number in range(5, 25)]
    assert "24.csv:3:3: 'y'" in found[-1]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another user")
def test_the_status_tells_cells_of_private_files_to_nobody_else(source, mounts):
    (source / "late.csv").write_bytes(b"1,2\n1,secret\n")
    mount = mounts(source, "allow_other")
    mount.expect_log(r"late\.csv")
    pread_all(mount.file("late.recordio"))
    assert "secret" in mount.status()
    fd = os.open(mount.path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        seen = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat",
             "/proc/self/fd/%d/.recordiofs/status" % fd], pass_fds=[fd], check=True,
            stdout=subprocess.PIPE).stdout
    finally:
        os.close(fd)
    assert b"errors: " in seen and b"secret" not in seen


@pytest.mark.parametrize("case", catalog.REFUSED, ids=repr)
def test_the_tool_refuses_what_cannot_be_encoded_at_all(case):
    done = tool.recordio("cat", *case.options.arguments(), case.path)
    assert (done.returncode, done.stdout) == (tool.WRONG_DATA, b"")
    assert case.path.name in done.stderr.decode()
    assert "header" in done.stderr.decode() or case.schema_error in done.stderr.decode()


@pytest.mark.parametrize("options", [
    {"label": "7"}, {"label": "nosuch"}, {"features": "0:9"}, {"drop": "nosuch"},
    {"label": "1", "features": "0-2"}, {"label": "none", "features": "5-4"},
])
def test_columns_that_are_not_there_or_collide_are_refused(options, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"y,a,b\n1,2,3\n")
    done = tool.recordio("cat", *Options(**options).arguments(), path)
    assert done.returncode in (tool.WRONG_DATA, tool.WRONG_CALL)
    assert done.stdout == b""
    assert done.stderr.startswith(b"recordio: ") or b"data.csv" in done.stderr


def test_a_text_column_is_told_with_the_options_that_take_it(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes(b"y,name,price\n1,2,3\n1,2,abc\n")
    done = tool.recordio("cat", path)
    text = done.stderr.decode()
    assert "sales.csv:3:5: 'abc' is not a number" in text
    assert 'column 2, "price"' in text or 'column 3, "price"' in text
    assert done.stdout == encode(b"y,name,price\n1,2,3\n", Options(header="yes")).data
