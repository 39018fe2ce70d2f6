# SPDX-License-Identifier: Apache-2.0
"""Running programs against each other, and what a goal's row holds.

Figures of a shared machine drift.  So contenders run by turns, A B A B …, each
round gives one ratio of neighbours in time, and the median of the ratios with
their least and greatest is what is shown.  The first round only warms up.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field


class Failed(Exception):
    """A program of the benchmark did not do its work."""


class Skip(Exception):
    """Something cannot be measured here; the text says why."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run_quietly(command):
    """A step of a build, whose messages are shown where it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))}:\n{done.stdout}")


@dataclass
class Took:
    """What one run of a program took."""

    seconds: float  # elapsed
    cpu_seconds: float  # user and system, all threads
    output: str


def execute(command, env=None):
    """Run a program to its end, its output kept unless it is sent elsewhere."""
    return _execute(command, env, subprocess.PIPE)


def execute_to_null(command, env=None):
    """The same with standard output on /dev/null, opened for it."""
    return _execute(command, env, subprocess.DEVNULL)


def _execute(command, env, stdout):
    command = [str(word) for word in command]
    environment = {**os.environ, **env} if env else None
    with tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=stdout, stderr=errors, env=environment)
        output = b""
        if process.stdout:
            with process.stdout:
                output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            reason = errors.read().decode(errors="replace").strip()
            raise Failed(f"{' '.join(command)}: exit code {process.returncode}: {reason}")
    return Took(seconds, usage.ru_utime + usage.ru_stime, output.decode())


def execute_json(command, env=None):
    return json.loads(execute(command, env).output)


def by_turns(runs, contenders):
    """Run each of {name: function} once to warm up, then `runs` times by turns.

    Returns {name: [what the function returned, round by round]}.
    """
    results = {name: [] for name in contenders}
    for number in range(runs + 1):
        for name, contender in contenders.items():
            result = contender()
            if number:
                results[name].append(result)
    return results


def ratios(over, under):
    """Round by round; a figure too small for its clock counts as a nanosecond."""
    return [a / max(b, 1e-9) for a, b in zip(over, under)]


@dataclass
class Wanted:
    """A goal: at least or at most so much."""

    limit: float
    at_least: bool

    def reached_by(self, figure):
        return figure >= self.limit if self.at_least else figure <= self.limit

    def __str__(self):
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


def at_least(limit):
    return Wanted(limit, True)


def at_most(limit):
    return Wanted(limit, False)


@dataclass
class Row:
    """A line of the table: the figures of one goal, or why there are none."""

    goal: int
    what: str
    wanted: Wanted | None = None  # None: shown for comparison, no goal stands on it
    figures: list[float] = field(default_factory=list)  # one a round
    unit: str = "×"
    detail: str = ""  # the absolute figures behind it
    skipped: str = ""  # why there are no figures
    failed: bool = False  # and that this is a fault
    rates: dict[str, list[float]] = field(default_factory=dict)  # bytes of CSV a second

    @property
    def median(self):
        return statistics.median(self.figures)

    @property
    def reached(self):
        if not self.figures or not self.wanted:
            return None
        return self.wanted.reached_by(self.median)

    def as_json(self):
        return {**asdict(self), "median": self.median if self.figures else None,
                "reached": self.reached}


def rates(nr_bytes, took):
    """Bytes a second of each contender, round by round."""
    return {name: [nr_bytes / max(seconds, 1e-9) for seconds in each]
            for name, each in took.items()}


def rate(nr_bytes, seconds):
    """The median of a list of seconds as text: 1.23 GB/s, 45 MB/s."""
    per_second = nr_bytes / max(statistics.median(seconds), 1e-9)
    return f"{per_second / 1e9:.2f} GB/s" if per_second >= 1e9 else f"{per_second / 1e6:.0f} MB/s"


def those_at_hand(makers):
    """Call each of {name: function}: what they made, and why others are missing."""
    made, missing = {}, []
    for name, maker in makers.items():
        try:
            made[name] = maker()
        except Skip as skip:
            missing.append(f"{name}: {skip}")
    return made, missing


def against_fastest(goal, what, nr_bytes, ours, peers, missing):
    """A row that holds one contender against the fastest of some, round by round.

    ours is a list of seconds, peers {name: such a list}; missing has reasons.
    """
    if not peers:
        return Row(goal, what, skipped="; ".join(missing))
    ranking = sorted(peers, key=lambda name: statistics.median(peers[name]))
    return Row(goal, f"{what} ({ranking[0]})", None, ratios(peers[ranking[0]], ours),
               detail="; ".join([", ".join([
                   rate(nr_bytes, ours),
                   *(f"{name} {rate(nr_bytes, peers[name])}" for name in ranking)]), *missing]),
               rates=rates(nr_bytes, {"recordiofs": ours, **peers}))
