# SPDX-License-Identifier: Apache-2.0
"""Runs the SageMaker SDK's reader and writer on request; needs the SDK's own Python.

Each line of stdin is a request in JSON, each line of stdout its answer:
    {"read": PATH}                     -> [[label values, feature values], …] of each record
    {"write": PATH, "features": …, "labels": …, "dtype": …, "label_dtype": …}  -> null
                                          sparse tensors with "sparse": true
Numbers travel as the bytes of a double in hex: a NaN keeps its sign.
"""
import io
import json
import os
import struct
import sys

# Importing the SDK prints to stdout, and that is no answer.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy  # noqa: E402
import scipy.sparse  # noqa: E402
from sagemaker.amazon.common import (  # noqa: E402
    read_records, write_numpy_to_dense_tensor, write_spmatrix_to_sparse_tensor)


def values(tensors):
    value = tensors["values"] if "values" in tensors else None
    if value is None:
        return []
    return [struct.pack("<d", v).hex() for v in getattr(value, value.WhichOneof("value")).values]


def read(request):
    with open(request["read"], "rb") as file:
        return [[values(record.label), values(record.features)] for record in read_records(file)]


def array(numbers, dtype):
    shape = numpy.shape(numbers)
    flat = bytes.fromhex("".join(numpy.ravel(numbers)))
    with numpy.errstate(over="ignore"):
        return numpy.frombuffer(flat, "<f8").reshape(shape).astype(dtype)


def write(request):
    labels = request["labels"]
    buffer = io.BytesIO()
    features = array(request["features"], request["dtype"])
    labels = None if labels is None else array(labels, request["label_dtype"])
    if request.get("sparse"):
        write_spmatrix_to_sparse_tensor(buffer, scipy.sparse.csr_matrix(features), labels)
    else:
        write_numpy_to_dense_tensor(buffer, features, labels)
    with open(request["write"], "wb") as file:
        file.write(buffer.getvalue())


for line in sys.stdin:
    asked = json.loads(line)
    answers.write(json.dumps(read(asked) if "read" in asked else write(asked)) + "\n")
    answers.flush()
