# SPDX-License-Identifier: Apache-2.0
"""`cat` of an ordinary user's mount, cold: against root's.

Root can raise the mount's read-ahead, a user cannot.  The ratio is of speeds.

Where /dev/fuse is for root only, as in many containers, all of it runs in a mount
namespace of its own in which anybody may open it.
"""
import contextlib
import ctypes
import os
import stat
import subprocess

from goals.goal_03_cat import cold_cat
from harness import mounts
from harness.measure import Row, Skip, at_least, by_turns, rate, ratios

NUMBER = 10
TITLE = "an ordinary user's mount, cold, against root's"
CLONE_NEWNS = 0x20000
FUSE_DEVICE = os.makedev(10, 229)


def _checked(result):
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def _namespace():
    """A mount namespace of this process's own, until the end of the block."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    try:
        _checked(libc.unshare(CLONE_NEWNS))
        try:
            yield
        finally:
            _checked(libc.setns(before, CLONE_NEWNS))
    finally:
        os.close(before)


def _run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def fuse_for_all(shop):
    """Where anybody may open /dev/fuse; Skip says why that is not to be had."""
    if not mounts.why_not_as_nobody():
        yield
        return
    folder = shop.scratch / "fuse"
    folder.mkdir(exist_ok=True)
    try:
        with _namespace():
            try:
                _run("mount", "--make-rprivate", "/")
                _run("mount", "-t", "tmpfs", "-o", "mode=755,dev", "fuse", str(folder))
                os.mknod(folder / "fuse", stat.S_IFCHR | 0o666, FUSE_DEVICE)
                os.chmod(folder / "fuse", 0o666)
                _run("mount", "--bind", str(folder / "fuse"), "/dev/fuse")
            except (OSError, subprocess.CalledProcessError) as error:
                raise Skip(f"no /dev/fuse for all can be had: {error}") from error
            reason = mounts.why_not_as_nobody()
            if reason:
                raise Skip(reason)
            yield
    except PermissionError as error:
        raise Skip(f"no mount namespace can be had: {error.strerror}") from error


def measure(shop, settings):
    if os.geteuid() != 0:
        raise Skip("only root can run as both")
    a_set = shop.set_named("b", "a", "c", "d")
    csv_bytes = shop.csv(a_set).stat().st_size
    index = shop.scratch / "index-of-nobody"
    index.mkdir(exist_ok=True)
    os.chown(index, mounts.NOBODY, mounts.NOBODY)
    user = {"wrap": mounts.as_nobody, "owner": mounts.NOBODY, "index_dir": index}
    with fuse_for_all(shop), mounts.of_set(shop, a_set) as roots, \
            mounts.of_set(shop, a_set, **user) as users:
        took = by_turns(settings.runs, {
            "root": lambda: cold_cat(shop, mounts.file_of_set(roots, a_set)),
            "user": lambda: cold_cat(shop, mounts.file_of_set(users, a_set), mounts.as_nobody)})
    yield Row(NUMBER, f"{a_set.name}: {TITLE}", at_least(0.85),
              ratios(took["root"], took["user"]),
              detail=f"{rate(csv_bytes, took['user'])} of CSV, root "
                     f"{rate(csv_bytes, took['root'])}")
