# SPDX-License-Identifier: Apache-2.0
"""A `recordio feed` in the background, and readers of its pipes."""
import os
import signal
import stat
import subprocess
import threading
import time

from support import paths, tool

DEADLINE = 60 * (5 if paths.SANITIZED else 1)


def until(condition, what):
    """Wait for a condition; there is no other way to see a FIFO come."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "never came: " + what
        time.sleep(0.002)


class Feed:
    """Channels are {name: folder}.  It ends with the with block, by SIGTERM if need be."""

    def __init__(self, channels, folder, *options, command=(), **settings):
        self.folder = folder
        self.data = folder / "data"
        arguments = [str(paths.RECORDIO), "feed", "--to", str(folder)]
        for name, path in channels.items():
            arguments += ["--channel", "%s=%s" % (name, path)]
        arguments += map(str, options)
        if command:
            arguments += ["--", *map(str, command)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, **settings)
        self.done = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.done is None:
            self.process.send_signal(signal.SIGTERM)
            self.end()

    def path(self, channel, epoch):
        """The FIFO, when it is there."""
        path = self.data / ("%s_%d" % (channel, epoch))
        until(lambda: path.exists() or self.process.poll() is not None, path.name)
        assert stat.S_ISFIFO(path.stat().st_mode)
        return path

    def read(self, channel, epoch, size=-1):
        """The whole epoch, or its first bytes: then it is closed early."""
        with open(self.path(channel, epoch), "rb", buffering=0) as pipe:
            if size < 0:
                return pipe.readall()
            got = b""
            while len(got) < size:
                part = pipe.read(size - len(got))
                assert part, "the epoch ended after %d bytes" % len(got)
                got += part
            return got

    def end(self, code=None):
        """Wait for the exit; its code is looked at where one is given."""
        out, err = self.process.communicate(timeout=DEADLINE)
        self.done = subprocess.CompletedProcess(None, self.process.returncode, out, err)
        assert not tool.SANITIZER.search(err), err.decode(errors="replace")
        if code is not None:
            assert self.done.returncode == code, err.decode(errors="replace")
        return self.done

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def threads(self):
        return len(os.listdir("/proc/%d/task" % self.process.pid))


class Reader(threading.Thread):
    """Calls a function beside the test; the result, or what it raised, comes out of join."""

    def __init__(self, function, *arguments):
        super().__init__(daemon=True)
        self.call = lambda: function(*arguments)
        self.result = self.error = None
        self.start()

    def run(self):
        try:
            self.result = self.call()
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def get(self):
        self.join(DEADLINE)
        assert not self.is_alive(), "a reader hangs"
        if self.error:
            raise self.error
        return self.result
