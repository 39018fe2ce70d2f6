# SPDX-License-Identifier: Apache-2.0
"""The SageMaker Python SDK: its reader on mounted files, its writer over the same values."""
import json
import os
import shutil
import struct
import subprocess

import pytest

from support import catalog, paths
import encoder

# What the SDK's writer can write: a matrix of features, and one label at most.
WRITABLE = [case for case in catalog.GOOD if case.rows and ":" not in case.options.label
            and "-" not in case.options.label]


@pytest.fixture(scope="session")
def sdk(tmp_path_factory):
    python = os.environ.get("SAGEMAKER_PYTHON")
    if not python:
        pytest.skip(os.environ.get("SAGEMAKER_MISSING",
                                   "no SageMaker SDK: SAGEMAKER_PYTHON is not set"))
    log = tmp_path_factory.mktemp("sdk") / "log"
    with open(log, "wb") as errors:
        server = subprocess.Popen([python, str(paths.TESTS / "interop" / "sdk_server.py")],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                  env={**os.environ, "SAGEMAKER_SUPPRESS_V2_WARNING": "1"})

    def ask(request):
        server.stdin.write(json.dumps(request).encode() + b"\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        assert answer, log.read_text()
        return json.loads(answer)

    yield ask
    server.stdin.close()
    server.wait(30)


def values(case):
    """(label values, feature values) of each row, as the reference reads them."""
    return list(encoder.values(case.path.read_bytes(), case.options))


def hexed(numbers):
    return [struct.pack("<d", number).hex() for number in numbers]


def mounted(case, source, mounts):
    shutil.copy(case.path, source / "data.csv")
    return mounts(source, *case.options.mount_options()).file("data.recordio")


@pytest.mark.parametrize("case", catalog.GOOD, ids=repr)
def test_read_records_gets_every_value(case, source, mounts, sdk):
    dtype = case.options.dtype
    label_dtype = case.options.label_dtype or dtype
    expected = [[hexed(encoder.tensor_values(label, label_dtype)),
                 hexed(encoder.tensor_values(features, dtype))]
                for label, features in values(case)]
    assert sdk({"read": str(mounted(case, source, mounts))}) == expected


@pytest.mark.parametrize("case", WRITABLE, ids=repr)
def test_the_sdks_writer_makes_the_same_bytes(case, source, mounts, tmp_path, sdk):
    rows = values(case)
    sdk({"write": str(tmp_path / "sdk.recordio"),
         "features": [hexed(features) for _, features in rows],
         "labels": None if case.options.label == "none" else [
             hexed(label)[0] for label, _ in rows],
         "dtype": case.options.dtype,
         "label_dtype": case.options.label_dtype or case.options.dtype})
    ours = mounted(case, source, mounts).read_bytes()
    assert ours == (tmp_path / "sdk.recordio").read_bytes()
