# SPDX-License-Identifier: Apache-2.0
"""The table, the machine that it is about, and both as JSON."""
import json
import os
import platform
import shutil
import subprocess

COLUMNS = ("#", "what", "goal", "today", "least–greatest", "reached", "behind it")


def _cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def _fuse_version():
    if not shutil.which("fusermount3"):
        return "none"
    text = subprocess.run(["fusermount3", "--version"], stdout=subprocess.PIPE, text=True,
                          check=False).stdout
    return text.split()[-1] if text else "unknown"


def machine(kernels):
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "linux": platform.release(),
        "fuse3": _fuse_version(),
        "kernels": kernels,
        "load": os.getloadavg()[0],
        "user": "root" if os.geteuid() == 0 else "ordinary",
    }


def machine_line(about):
    return (f"{about['cpu']}, {about['cores']} cores; Linux {about['linux']}, "
            f"fuse3 {about['fuse3']}; kernels {', '.join(about['kernels'])}; "
            f"user {about['user']}; load {about['load']:.2f} at the start")


def _number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cells(row):
    unit = row.unit if row.unit == "×" else f" {row.unit}"
    wanted = f"{row.wanted}{unit}" if row.wanted else "—"
    if not row.figures:
        return (str(row.goal), row.what, wanted, "—", "", "failed" if row.failed else "skipped",
                " ".join(row.skipped.split()))
    reached = {None: "", True: "yes", False: "no"}[row.reached]
    spread = "" if len(row.figures) == 1 else (
        f"{_number(min(row.figures))}–{_number(max(row.figures))}")
    return (str(row.goal), row.what, wanted, _number(row.median) + unit, spread, reached,
            row.detail)


def table(rows):
    """A Markdown table that reads well as plain text too."""
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"
        for line in lines)


def write_json(path, about, parameters, rows):
    content = {
        "machine": about,
        "parameters": parameters,
        "rows": [{
            "goal": row.goal,
            "what": row.what,
            "wanted": str(row.wanted) if row.wanted else None,
            "unit": row.unit,
            "figures": row.figures,
            "median": row.median if row.figures else None,
            "reached": row.reached,
            "detail": row.detail,
            "skipped": row.skipped or None,
            "failed": row.failed,
        } for row in rows],
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")
