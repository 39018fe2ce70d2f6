# SPDX-License-Identifier: Apache-2.0
"""The generated CSV files and how each is read: generate.c says what is in them."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Set:
    name: str
    label: int
    columns: int
    drop: tuple = ()  # columns that are no numbers
    plain: bool = True  # numbers without quotes: what peer_protobuf can read

    @property
    def options(self):
        """As recordiofs takes them."""
        options = {"header": "no", "label": str(self.label)}
        if self.drop:
            options["drop"] = ":".join(map(str, self.drop))
        return options


SETS = {
    "a": Set("a", label=0, columns=29),
    "b": Set("b", label=0, columns=29),
    "c": Set("c", label=54, columns=55),
    "d": Set("d", label=0, columns=12, drop=(5, 6, 7), plain=False),
}
