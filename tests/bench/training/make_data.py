# SPDX-License-Identifier: Apache-2.0
"""CSV files to learn from: no header, a label of 0 or 1 first, then 29 features.

    make_data.py FOLDER MB FILES
"""
import sys
from pathlib import Path

import numpy

FEATURES = 29
ROWS = 4096


def rows(dice, weights):
    """The text of some rows; the label hangs on the features, and a little on luck."""
    features = dice.normal(size=(ROWS, FEATURES))
    labels = (features @ weights + dice.normal(size=ROWS) > 0).astype(int)
    form = "%d" + ",%.6f" * FEATURES
    return "".join(form % (label, *row) + "\n"
                   for label, row in zip(labels.tolist(), features.tolist()))


def main(folder, megabytes, nr_files):
    dice = numpy.random.default_rng(7)
    weights = dice.normal(size=FEATURES)
    folder.mkdir(parents=True)
    for number in range(nr_files):
        with open(folder / f"part-{number:03}.csv", "w", encoding="ascii") as file:
            while file.tell() < megabytes * 1e6 / nr_files:
                file.write(rows(dice, weights))


main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
