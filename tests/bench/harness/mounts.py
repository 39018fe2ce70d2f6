# SPDX-License-Identifier: Apache-2.0
"""Mounts for the length of a with-block, served by a process of their own."""
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .measure import Failed, Skip

START_SECONDS = 30
NOBODY = 65534


def _why_no_fuse():
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse: {error.strerror}"
    if not shutil.which("fusermount3"):
        return "fusermount3 is missing"
    return ""


def why_not_as_nobody():
    """Why an ordinary user cannot mount here, or nothing."""
    reason = _why_no_fuse()
    if not reason and not shutil.which("setpriv"):
        reason = "setpriv is missing: packaging/install-packages bench"
    if not reason and subprocess.run(as_nobody(["test", "-w", "/dev/fuse"]), check=False).returncode:
        reason = "/dev/fuse is for root only here"
    return reason


def as_nobody(command):
    """The command as a user without rights; only root can ask for that."""
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]


def on_core(core, command):
    if not shutil.which("taskset"):
        raise Skip("taskset is missing: packaging/install-packages bench")
    return ["taskset", "-c", str(core), *command]


def _is_mounted(path):
    """Asked of the kernel, so that the mount itself has not been touched yet."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        return any(line.split()[4] == str(path) for line in mounts)


class Mount:
    """A FUSE server in the foreground; `command` gets the mount point in MOUNTPOINT's place."""

    def __init__(self, workshop, command, wrap=lambda command: command, owner=None):
        self.workshop = workshop
        self.command = command
        self.wrap = wrap
        self.owner = owner
        self.process = None
        self.path = None

    def __enter__(self):
        reason = _why_no_fuse()
        if reason:
            raise Skip(reason)
        self.path = Path(tempfile.mkdtemp(dir=self.workshop.scratch / "mounts")).resolve()
        if self.owner is not None:
            os.chown(self.path, self.owner, self.owner)
        self.log = tempfile.TemporaryFile()
        words = [str(self.path) if word == "MOUNTPOINT" else str(word) for word in self.command]
        self.process = subprocess.Popen(self.wrap(words), stdout=self.log, stderr=self.log)
        self._wait_until_mounted()
        return self

    def _wait_until_mounted(self):
        end = time.monotonic() + START_SECONDS
        while not _is_mounted(self.path):
            if self.process.poll() is not None or time.monotonic() > end:
                self._stop()
                self.log.seek(0)
                raise Failed(f"{self.command[0]} did not mount: {self.log.read().decode()}")
            time.sleep(0.001)

    def _stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if _is_mounted(self.path):
            subprocess.run(["fusermount3", "-u", "-z", self.path], check=False)
        self.path.rmdir()

    def __exit__(self, *_):
        self._stop()
        self.log.close()

    def peak_resident_bytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024


def recordiofs(workshop, folder, options, index_dir=None, **more):
    """Our mount of a folder; what lies in it is named NAME.recordio."""
    options = {**options, "index_dir": index_dir or workshop.scratch / "index"}
    text = ",".join(f"{name}={value}" for name, value in options.items())
    return Mount(workshop, [workshop.recordiofs, folder, "MOUNTPOINT", "-f", "-o", text], **more)


def of_set(workshop, a_set, **more):
    return recordiofs(workshop, workshop.csv(a_set).parent, a_set.options, **more)


def file_of_set(mount, a_set):
    return mount.path / f"{a_set.name}.recordio"


def null(workshop, name, nr_bytes, content=None, **more):
    command = [workshop.null_fuse, "MOUNTPOINT", name, nr_bytes]
    return Mount(workshop, command + ([content] if content else []), **more)
