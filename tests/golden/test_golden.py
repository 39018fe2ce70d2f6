# SPDX-License-Identifier: Apache-2.0
"""Records that the SageMaker Python SDK's own writer made, against both encoders."""
import json

import pytest

from support import paths, tool
from encoder import Options, encode

CASES = [case for case in json.loads((paths.DATA / "golden" / "sdk.json").read_text())["cases"]
         if "fmt" not in case["options"] and "int32" not in case["options"].values()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_recordio_cat_writes_what_the_sdk_writes(case, tmp_path):
    path = tmp_path / "golden.csv"
    path.write_bytes(case["csv"].encode())
    assert tool.cat(path, Options(**case["options"])).hex() == case["hex"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_reference_encoder_writes_what_the_sdk_writes(case):
    encoded = encode(case["csv"].encode(), Options(**case["options"]))
    assert encoded.fault is None
    assert encoded.data.hex() == case["hex"]
