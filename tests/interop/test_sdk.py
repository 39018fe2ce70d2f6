# SPDX-License-Identifier: Apache-2.0
"""The SageMaker Python SDK: its reader on mounted files, its writer over the same values."""
import shutil
import struct

import pytest

from support import catalog
import encoder

# What the SDK's writer can write: a matrix of features, and one label at most.
WRITABLE = [case for case in catalog.GOOD if case.rows and ":" not in case.options.label
            and "-" not in case.options.label]


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
