# SPDX-License-Identifier: Apache-2.0
"""The record of record.proto as a Python class, made by protoc when it is asked for.

Nothing generated is kept in the repository, so what Python sees is always the
record.proto that the C code was made from.
"""
import importlib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def record_class():
    """Return the class of aialgs.data.Record, on protobuf's own Python package."""
    with tempfile.TemporaryDirectory(prefix="recordiofs-proto-") as folder:
        subprocess.run(
            ["protoc", "--proto_path=" + HERE, "--python_out=" + folder,
             os.path.join(HERE, "record.proto")], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module("record_pb2").Record
        finally:
            sys.path.remove(folder)
