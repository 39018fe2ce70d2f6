# SPDX-License-Identifier: Apache-2.0
"""Real mounts: a daemon in the foreground under a known pid, its log kept."""
import os
import re
import shutil
import signal
import subprocess
import time

from support import paths

# A line that no passing test may leave in the log, unless it expects it.
SUSPICIOUS = re.compile(r"Sanitizer|runtime error:|DEADLYSIGNAL|[Aa]ssert|^recordiofs: (?!note: )")

WAIT_SECONDS = 60


def why_not():
    """Why nothing can be mounted here, or None."""
    if not paths.RECORDIOFS.exists():
        return "recordiofs was not built (no fuse3)"
    if not os.path.exists("/dev/fuse"):
        return "there is no /dev/fuse"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse cannot be opened by this user"
    if os.getuid() != 0 and not shutil.which("fusermount3"):
        return "there is no fusermount3"
    return None


def is_mounted(path):
    """Whether a filesystem is mounted right there, without asking that filesystem."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        return any(line.split()[4] == str(path) for line in mounts)


def unmount(path):
    """Returns whether path is now free.  A busy mount is told by False."""
    command = ["umount", str(path)] if os.getuid() == 0 else ["fusermount3", "-u", str(path)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def wait_for(condition, what, seconds=WAIT_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain for " + what
        time.sleep(0.01)


class Mount:
    """One mount of one source folder."""

    def __init__(self, source, path, log, options=(), before=(), env=None):
        self.source, self.path, self.log = source, path, log
        self.options = list(options)
        self.before = list(before)  # a command that the daemon is run under
        self.env = env
        self.process = None
        self.expected = []

    def command(self):
        options = ["-o", ",".join(self.options)] if self.options else []
        return [*self.before, str(paths.RECORDIOFS), str(self.source), str(self.path), "-f",
                *options]

    def start(self):
        self.path.mkdir(exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(self.env or {})})
        wait_for(lambda: is_mounted(self.path) or self.process.poll() is not None,
                 "the mount")
        assert self.process.poll() is None, "the daemon ended: " + self.log_text()
        os.listdir(self.path)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        """Unmount, and wait for the daemon's end.  Returns its status."""
        if self.process is None:
            return None
        if is_mounted(self.path) and not unmount(self.path):
            subprocess.run(["umount" if os.getuid() == 0 else "fusermount3",
                            "-l" if os.getuid() == 0 else "-uz", str(self.path)], check=False)
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the daemon did not end")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """As if it had crashed: the mount point stays behind, dead."""
        self.process.kill()
        self.process.wait()

    def log_text(self):
        return self.log.read_text(errors="replace")

    def expect_log(self, pattern):
        """Lines that match belong to the test."""
        self.expected.append(re.compile(pattern))

    def complaints(self):
        return [line for line in self.log_text().splitlines()
                if SUSPICIOUS.search(line) and not any(p.search(line) for p in self.expected)]

    def file(self, name):
        return self.path / name

    def status(self):
        return (self.path / ".recordiofs" / "status").read_text()
