# SPDX-License-Identifier: Apache-2.0
"""Clients of Pipe mode, each with the system calls of a real one, which need a TensorFlow or a
conda of their own to be built:

    Tensorflow   sagemaker-tensorflow's PipeModeDataset: a counter a channel, stat until the FIFO
                 is there, a blocking open, reads of 64 KiB at most, a header of 8 bytes at a time
    Mlio         ml-io's sagemaker_pipe: a non-blocking open, three tries, select before the first
                 read and whenever two reads in a row find nothing

Both hand out the payloads of an epoch's records, and raise where the stream ends within one or
another frame stands there.
"""
import os
import select
import struct
import time

MAGIC = 0xced7230a
FLAG_BITS = 29


class Broken(Exception):
    """The stream is no RecordIO."""


def payloads(read):
    """The records that read(n), which returns less only at the end, gives."""
    while header := read(8):
        magic, length = struct.unpack("<II", header) if len(header) == 8 else (None, 0)
        if magic != MAGIC:
            raise Broken("not a header: %s" % header.hex())
        length &= (1 << FLAG_BITS) - 1
        payload = read(length)
        if len(payload) < length or len(read(-length % 4)) < -length % 4:
            raise Broken("a cut record")
        yield payload


class Tensorflow:
    """One channel: each call of epoch() is an iterator over the dataset."""
    READ_BYTES = 65536

    def __init__(self, channel):
        self.channel, self.next = str(channel), 0

    def _wait(self, path):
        for seconds in range(1, 16):
            try:
                os.stat(path)
                return
            except FileNotFoundError:
                time.sleep(seconds)
        raise TimeoutError(path)

    def epoch(self):
        path = "%s_%d" % (self.channel, self.next)
        self.next += 1
        self._wait(path)
        fd = os.open(path, os.O_RDONLY)

        def read(nr):
            parts = []
            while nr and (part := os.read(fd, min(nr, self.READ_BYTES))):
                parts.append(part)
                nr -= len(part)
            return b"".join(parts)

        try:
            yield from payloads(read)
        finally:
            os.close(fd)


class Mlio:
    """One channel: each call of epoch() is a stream."""
    TRIES, SECONDS = 3, 60
    BUFFER_BYTES = 1 << 20

    def __init__(self, channel):
        self.channel, self.next = str(channel), 0

    def _wait(self, fd):
        if not select.select([fd], [], [], self.SECONDS)[0]:
            raise TimeoutError(self.channel)

    def _open(self):
        path = "%s_%d" % (self.channel, self.next)
        for tries in range(self.TRIES):
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                break
            except OSError:
                if tries + 1 == self.TRIES:
                    raise
                time.sleep(1)
        self.next += 1
        self._wait(fd)
        return fd

    def _read(self, fd):
        """What is there; nothing at the end only."""
        for found_nothing in range(3):
            try:
                return os.read(fd, self.BUFFER_BYTES)
            except BlockingIOError:
                if found_nothing == 0:
                    os.sched_yield()
                elif found_nothing == 1:
                    self._wait(fd)
        raise Broken("select said that there is something to read")

    def epoch(self):
        fd = self._open()
        rest = b""

        def read(nr):
            nonlocal rest
            while len(rest) < nr and (part := self._read(fd)):
                rest += part
            part, rest = rest[:nr], rest[nr:]
            return part

        try:
            yield from payloads(read)
        finally:
            os.close(fd)
