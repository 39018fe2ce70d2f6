# SPDX-License-Identifier: Apache-2.0
"""Trains XGBoost on request; needs a Python with the SageMaker SDK and XGBoost.

Each line of stdin is a request in JSON, each line of stdout its answer:
    {"recordio": PATH}                          records, read as SageMaker's container does it
    {"csv": PATH, "read": …, "label": NAME, "features": [NAME, …], "sparse": BOOL}
                                                what pandas reads, given "read"
    -> {"trees": [JSON, …], "predictions": floats in hex, "cells": those not missing}
"""
import json
import os
import sys

# Importing the SDK prints to stdout, and that is no answer.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy  # noqa: E402
import pandas  # noqa: E402
import scipy.sparse  # noqa: E402
import xgboost  # noqa: E402
from sagemaker.amazon.common import read_records  # noqa: E402

# One thread: sums of floats come in one order.
SETTINGS = {"objective": "reg:squarederror", "tree_method": "hist", "max_depth": 5, "eta": 0.3,
            "subsample": 0.8, "colsample_bytree": 0.8, "seed": 20, "nthread": 1}
ROUNDS = 12


def tensor(tensors):
    value = tensors["values"]
    return getattr(value, value.WhichOneof("value"))


def from_records(request):
    with open(request["recordio"], "rb") as file:
        records = read_records(file)
    labels = [tensor(record.label).values[0] for record in records]
    rows = [tensor(record.features) for record in records]
    if not rows[0].shape:
        return numpy.array([row.values for row in rows]), labels
    ends = numpy.cumsum([0] + [len(row.keys) for row in rows])
    values = numpy.concatenate([row.values for row in rows])
    keys = numpy.concatenate([row.keys for row in rows])
    return scipy.sparse.csr_matrix((values, keys, ends), (len(rows), rows[0].shape[0])), labels


def from_csv(request):
    table = pandas.read_csv(request["csv"], float_precision="round_trip", **request["read"])
    cells = table[request["features"]].to_numpy("float32")
    labels = table[request["label"]].to_numpy("float32")
    if not request["sparse"]:
        return cells, labels
    kept = cells != 0
    kept[~kept.any(axis=1), 0] = True  # zero_row=zero
    return scipy.sparse.csr_matrix((cells[kept], kept.nonzero()), cells.shape), labels


def train(request):
    features, labels = (from_records if "recordio" in request else from_csv)(request)
    data = xgboost.DMatrix(features, labels)
    model = xgboost.train(SETTINGS, data, ROUNDS)
    return {"trees": model.get_dump(dump_format="json", with_stats=True),
            "predictions": model.predict(data).tobytes().hex(),
            "cells": data.num_nonmissing()}


for line in sys.stdin:
    answers.write(json.dumps(train(json.loads(line))) + "\n")
    answers.flush()
