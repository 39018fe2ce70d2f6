# SPDX-License-Identifier: Apache-2.0
"""Real clients: dmlc-core, compiled here; the SageMaker SDK, XGBoost and MXNet in their own
Pythons."""
import json
import os
import shutil
import subprocess

import pytest

from support import paths


def compile_dmlc(name, folder):
    if not shutil.which("g++"):
        pytest.skip("there is no g++")
    program = folder / name
    done = subprocess.run(
        ["g++", "-std=c++17", "-O1", "-o", str(program),
         str(paths.TESTS / "interop" / (name + ".cc")), "-ldmlc", "-fopenmp", "-pthread"],
        stderr=subprocess.PIPE, check=False)
    if done.returncode and b"dmlc/io.h" in done.stderr:
        pytest.skip("libdmlc-dev is not installed")
    assert done.returncode == 0, done.stderr.decode()
    return program


@pytest.fixture(scope="session")
def dmlc_reader(tmp_path_factory):
    return compile_dmlc("dmlc_reader", tmp_path_factory.mktemp("dmlc"))


@pytest.fixture(scope="session")
def dmlc_writer(tmp_path_factory):
    return compile_dmlc("dmlc_writer", tmp_path_factory.mktemp("dmlc"))


def serve(script, log, client="SAGEMAKER"):
    """A function that asks a script, run by the client's Python, as often as wanted."""
    python = os.environ.get(client + "_PYTHON")
    if not python:
        pytest.skip(os.environ.get(client + "_MISSING", client + "_PYTHON is not set"))
    with open(log, "wb") as errors:
        server = subprocess.Popen([python, str(paths.TESTS / "interop" / script)],
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


@pytest.fixture(scope="session")
def sdk(tmp_path_factory):
    yield from serve("sdk_server.py", tmp_path_factory.mktemp("sdk") / "log")


@pytest.fixture(scope="session")
def xgboost(tmp_path_factory):
    if "XGBOOST_MISSING" in os.environ:
        pytest.skip(os.environ["XGBOOST_MISSING"])
    yield from serve("xgboost_server.py", tmp_path_factory.mktemp("xgboost") / "log")


@pytest.fixture(scope="session")
def mxnet(tmp_path_factory):
    yield from serve("mxnet_server.py", tmp_path_factory.mktemp("mxnet") / "log", "MXNET")
