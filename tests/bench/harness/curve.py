# SPDX-License-Identifier: Apache-2.0
"""How cost grows with work: a curve has lines, a line has points.

Both axes of a curve are logarithmic, so a cost that is proportional to the work is
a straight line that rises by one decade in each, and one that does not depend on
the work is a level one.  What a line is expected to be stands with it.
"""
import math
import os
import shutil
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

from .measure import Failed

LEVEL, PROPORTIONAL = 0, 1


@dataclass
class Line:
    name: str
    expected: int  # LEVEL or PROPORTIONAL
    points: list = field(default_factory=list)  # [work, seconds, least, greatest]

    def add(self, work, seconds):
        """seconds: of each round."""
        self.points.append([work, statistics.median(seconds), min(seconds), max(seconds)])

    @property
    def steepness(self):
        """Of the last step, where fixed costs weigh least; None with one point only."""
        if len(self.points) < 2:
            return None
        (x0, y0, *_), (x1, y1, *_) = self.points[-2:]
        return math.log(y1 / y0) / math.log(x1 / x0)


@dataclass
class Curve:
    title: str
    work: str  # what the x axis counts
    lines: list[Line]
    skipped: str = ""

    def as_json(self):
        return {"title": self.title, "work": self.work, "skipped": self.skipped or None,
                "lines": [{"name": line.name, "expected": line.expected,
                           "steepness": line.steepness, "points": line.points}
                          for line in self.lines]}


@contextmanager
def folder(shop, name):
    """Under scratch, empty at first, removed at the end: these files are large or many."""
    path = shop.scratch / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path)


def together(function, arguments):
    """Call function(argument) in a process each, all from the same moment on.

    Returns the seconds until the last has ended.
    """
    ready_out, ready_in = os.pipe()
    go_out, go_in = os.pipe()
    children = []
    for argument in arguments:
        child = os.fork()
        if not child:
            os.close(go_in)
            os.write(ready_in, b".")
            os.read(go_out, 1)
            _call_and_exit(function, argument)
        children.append(child)
    for _ in children:
        os.read(ready_out, 1)
    begin = time.perf_counter()
    os.close(go_in)
    failures = [os.waitpid(child, 0)[1] for child in children]
    seconds = time.perf_counter() - begin
    for end in (ready_out, ready_in, go_out):
        os.close(end)
    if any(failures):
        raise Failed(f"{sum(map(bool, failures))} of {len(children)} readers failed")
    return seconds


def _call_and_exit(function, argument):
    status = 1
    try:
        function(argument)
        status = 0
    except OSError as error:
        print(error, file=sys.stderr)
    finally:
        os._exit(status)
