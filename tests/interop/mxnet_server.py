# SPDX-License-Identifier: Apache-2.0
"""Reads records by their index with MXNet; needs a Python with it.

Each line of stdin is a request in JSON, each line of stdout its answer:
    {"index": PATH, "recordio": PATH, "keys": [KEY, …]}
    -> {"keys": all keys of the index, "records": those that were asked for, in hex}
    {"recordio": PATH, "tell": true}
    -> {"offsets": where each record begins, as one who makes an index asks for it}
"""
import ctypes
import json
import os
import sys
import warnings

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
warnings.simplefilter("ignore")

from mxnet import recordio  # noqa: E402
from mxnet.base import _LIB, check_call  # noqa: E402


def read(request):
    reader = recordio.MXIndexedRecordIO(request["index"], request["recordio"], "r")
    records = [reader.read_idx(key).hex() for key in request["keys"]]
    answer = {"keys": list(reader.keys), "records": records}
    reader.close()
    return answer


def tell(request):
    reader = recordio.MXRecordIO(request["recordio"], "r")
    offsets = []
    while True:
        at = ctypes.c_size_t()
        check_call(_LIB.MXRecordIOReaderTell(reader.handle, ctypes.byref(at)))
        if reader.read() is None:
            break
        offsets.append(at.value)
    reader.close()
    return {"offsets": offsets}


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps((tell if "tell" in asked else read)(asked)), file=answers, flush=True)
