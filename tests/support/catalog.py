# SPDX-License-Identifier: Apache-2.0
"""The data in tests/data, with what must come of it."""
import json

from support import paths
from encoder import Options, encode  # of tests/reference


class Case:
    """One file with one set of options."""

    def __init__(self, entry):
        self.path = paths.DATA / entry["file"]
        self.options = Options(**entry["options"])
        self.rows = entry.get("rows")
        self.error = entry.get("error")
        self.schema_error = entry.get("schema_error")
        given = ",".join("%s=%s" % item for item in entry["options"].items())
        self.name = entry["file"] + (":" + given if given else "")

    def __repr__(self):
        return self.name

    def encoded(self):
        return encode(self.path.read_bytes(), self.options)


CASES = [Case(entry) for entry in json.loads((paths.DATA / "catalog.json").read_text())]
GOOD = [case for case in CASES if not case.error and not case.schema_error]
BAD = [case for case in CASES if case.error]
REFUSED = [case for case in CASES if case.schema_error]
REAL_GOOD = [case for case in GOOD if case.path.parent.name == "real"]
