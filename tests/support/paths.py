# SPDX-License-Identifier: Apache-2.0
"""Where things are."""
import os
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
TOP = TESTS.parent
BUILD = pathlib.Path(os.environ.get("RECORDIOFS_BUILD", TOP / "build"))
SANITIZED = "asan" in BUILD.name or "tsan" in BUILD.name
RECORDIO = BUILD / "core" / "recordio"
RECORDIOFS = BUILD / "fs" / "recordiofs"
DATA = TESTS / "data"

sys.path.insert(0, str(TESTS / "reference"))
