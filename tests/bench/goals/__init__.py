# SPDX-License-Identifier: Apache-2.0
"""One file a goal, goal_NN_what.py, found by its name.

Each says in its docstring what is held against what, and has NUMBER, TITLE and
measure(shop, settings), which yields harness.measure.Row and raises Skip with a
reason.  RUNS_FIRST marks the one on which all others depend.
"""
import importlib
import pkgutil


def all_goals():
    """In the order of their numbers."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"goals.{name}") for name in names]
