# SPDX-License-Identifier: Apache-2.0
"""One file a curve: what grows, and what is expected of the cost.

Each has a docstring that says what is timed, and TITLE and measure(shop, settings),
which returns a harness.curve.Curve.
"""
from . import columns, files, readers, rows

ALL = (rows, columns, files, readers)
