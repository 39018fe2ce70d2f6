# SPDX-License-Identifier: Apache-2.0
"""What every test may use.  This file also puts tests/ on Python's path."""
import os
import shutil

import pytest

from support import mounting


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures see whether their test failed."""
    outcome = yield
    setattr(item, "report_" + call.when, outcome.get_result())


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path, monkeypatch):
    """No test sees a map that another one left."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def mounts(tmp_path, request):
    """A maker of mounts.  Each is unmounted in the end and its log looked at;
    what a failed test leaves behind stays."""
    reason = mounting.why_not()
    if reason:
        pytest.skip(reason)
    made = []

    def make(source, *options, **settings):
        mount = mounting.Mount(source, tmp_path / ("mnt%d" % len(made)),
                               tmp_path / ("log%d" % len(made)), options, **settings)
        made.append(mount)
        mount.start()
        return mount

    yield make
    complaints = []
    for mount in made:
        mount.stop()
        complaints += mount.complaints()
    report = getattr(request.node, "report_call", None)
    if report is not None and report.passed:
        if complaints:
            pytest.fail("the daemon's log:\n" + "\n".join(complaints), pytrace=False)
        shutil.rmtree(tmp_path, ignore_errors=True)
    elif report is not None:
        print("left behind: %s" % tmp_path)


@pytest.fixture
def mount(mounts, source):
    """The test's source folder, mounted with default options."""
    return mounts(source)


@pytest.fixture(scope="session")
def quick():
    return os.environ.get("RECORDIOFS_QUICK") == "1"
