# SPDX-License-Identifier: Apache-2.0
"""What one run found out, as one object for JSON, and its tables.

Tables and charts are made of that object alone, so that `run --from FILE` can make
them again of figures that were kept.
"""
import datetime
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

from .measure import Wanted

COLUMNS = ("#", "what", "goal", "measured", "least–greatest", "reached", "behind it")


def _cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def _distribution():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown"


def _first_line(*command):
    if not shutil.which(command[0]):
        return "none"
    text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False, cwd=Path(__file__).parent).stdout
    return text.splitlines()[0] if text else "unknown"


def _memory_gigabytes():
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30), 1)


def machine(kernels):
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": _memory_gigabytes(),
        "linux": platform.release(),
        "distribution": _distribution(),
        "fuse3": _first_line("fusermount3", "--version").split()[-1],
        "compiler": _first_line("cc", "--version"),
        "kernels": kernels,
        "load": os.getloadavg()[0],
        "user": "root" if os.geteuid() == 0 else "ordinary",
    }


def commit():
    text = _first_line("git", "describe", "--always", "--dirty", "--exclude=*")
    return text if text != "none" else "unknown"


def today():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")


def subject(run):
    """What was measured where, in a line or two."""
    about, parameters = run["machine"], run["parameters"]
    peers = ", ".join(f"{name} {version.split()[-1]}"
                      for name, version in sorted(run["peers"].items()))
    return (f"{about['cpu']}, {about['cores']} cores, {about['memory_gib']:g} GiB; "
            f"{about['distribution']}, Linux {about['linux']}, fuse3 {about['fuse3']}; "
            f"kernels {', '.join(about['kernels'])}; user {about['user']}; "
            f"load {about['load']:.2f} at the start. {parameters['megabytes']:g} MB of each set, "
            f"medians of {parameters['runs']} rounds. Commit {run['commit']}, {run['date']}"
            f"{f'; {peers}' if peers else ''}.")


def _number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cells(row):
    unit = row["unit"] if row["unit"] == "×" else f" {row['unit']}"
    wanted = f"{Wanted(**row['wanted'])}{unit}" if row["wanted"] else "—"
    figures = row["figures"]
    if not figures:
        return (str(row["goal"]), row["what"], wanted, "—", "",
                "failed" if row["failed"] else "skipped", " ".join(row["skipped"].split()))
    reached = {None: "", True: "yes", False: "no"}[row["reached"]]
    spread = "" if len(figures) == 1 else f"{_number(min(figures))}–{_number(max(figures))}"
    return (str(row["goal"]), row["what"], wanted, _number(row["median"]) + unit, spread, reached,
            row["detail"])


def _table(lines):
    """Markdown that reads well as plain text too."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    lines = [lines[0], tuple("-" * width for width in widths), *lines[1:]]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"
        for line in lines)


def goals_table(run):
    return _table([COLUMNS, *(_cells(row) for row in run["rows"])]) if run["rows"] else ""


def seconds(value):
    for unit, name in ((1, "s"), (1e-3, "ms")):
        if value >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value * 1e6:.3g} µs"


def curves_table(curve):
    """A line a row; the last column is the steepness of the last step, and what it should be."""
    works = sorted({point[0] for line in curve["lines"] for point in line["points"]})
    head = (curve["work"], *(f"{work:g}" for work in works), "steepness", "expected")
    lines = []
    for line in curve["lines"]:
        at = {work: seconds(median) for work, median, *_ in line["points"]}
        steepness = "" if line["steepness"] is None else f"{line['steepness']:.2f}"
        lines.append((line["name"], *(at.get(work, "") for work in works), steepness,
                      str(line["expected"])))
    return f"{curve['title']}\n\n{_table([head, *lines])}"


def text(run):
    parts = [subject(run), goals_table(run), *map(curves_table, run["curves"])]
    return "\n\n".join(filter(None, parts))


def markdown(run):
    """For a README: where and how it was measured, and the goals."""
    goals = {**run, "rows": [row for row in run["rows"] if row["wanted"]]}
    return f"{subject(run)}\n\n    {run['command']}\n\n{goals_table(goals)}\n"


def write_json(path, run):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(run, file, indent=1, ensure_ascii=False)
        file.write("\n")


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)
