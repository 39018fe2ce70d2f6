# SPDX-License-Identifier: Apache-2.0
"""The record of record.proto as a Python class, made by protoc when it is asked for.

Nothing generated is kept in the repository, so what Python sees is always the
record.proto that the C code was made from.
"""
import importlib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def check_prerequisites():
    """Raise ImportError with what to install where protobuf or protoc is missing."""
    try:
        importlib.import_module("google.protobuf")
    except ImportError:
        raise ImportError(
            "%s has no module google.protobuf: install the package python3-protobuf and run "
            "this with /usr/bin/python3" % (sys.executable or "this Python")) from None
    if not shutil.which("protoc"):
        raise ImportError("there is no protoc: install the package protobuf-compiler")


def record_class():
    """Return the class of aialgs.data.Record, on protobuf's own Python package."""
    check_prerequisites()
    with tempfile.TemporaryDirectory(prefix="recordiofs-proto-") as folder:
        subprocess.run(
            ["protoc", "--proto_path=" + HERE, "--python_out=" + folder,
             os.path.join(HERE, "record.proto")], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module("record_pb2").Record
        finally:
            sys.path.remove(folder)
