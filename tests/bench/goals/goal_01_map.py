# SPDX-License-Identifier: Apache-2.0
"""Counting the rows, quotes understood, and making the map: against `wc -l`.

Both are whole programs, from start to exit, over the same cached file.  wc counts
line feeds only and may use vector instructions; the map also needs to know which
line feeds lie inside quotes, which lines are blank, and where to put checkpoints.
"""
from harness.measure import Row, at_least, by_turns, execute, rate, ratios

NUMBER = 1
TITLE = "rows counted and mapped, against wc -l"
THREADS = {1: at_least(1.8), 2: at_least(3)}


def measure(shop, settings):
    for a_set in shop.sets:
        csv = shop.csv(a_set)
        commands = {"wc": ["wc", "-l", csv]}
        for threads in THREADS:
            commands[threads] = [shop.tool("count_rows"), csv, threads]
        took = by_turns(settings.runs, {
            name: (lambda command=command: execute(command).seconds)
            for name, command in commands.items()})
        for threads, wanted in THREADS.items():
            yield Row(NUMBER, f"{a_set.name}: {TITLE}, {threads} thread{'s' * (threads > 1)}",
                      wanted, ratios(took["wc"], took[threads]),
                      detail=f"{rate(csv.stat().st_size, took[threads])}, "
                             f"wc {rate(csv.stat().st_size, took['wc'])}")
