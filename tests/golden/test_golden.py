# SPDX-License-Identifier: Apache-2.0
"""Records that the SageMaker Python SDK's own writer made, against both encoders."""
import json

import pytest

from support import paths, tool
from encoder import Options, encode

CASES = json.loads((paths.DATA / "golden" / "sdk.json").read_text())["cases"]

# What the file calls differently than our options do.
WORDS = {"fmt": "format", "ldtype": "label_dtype"}


def options_of(case):
    return Options(**{WORDS.get(name, name): value for name, value in case["options"].items()})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_recordio_cat_writes_what_the_sdk_writes(case, tmp_path):
    path = tmp_path / "golden.csv"
    path.write_bytes(case["csv"].encode())
    assert tool.cat(path, options_of(case)).hex() == case["hex"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_reference_encoder_writes_what_the_sdk_writes(case):
    encoded = encode(case["csv"].encode(), options_of(case))
    assert encoded.fault is None
    assert encoded.data.hex() == case["hex"]
