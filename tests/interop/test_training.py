# SPDX-License-Identifier: Apache-2.0
"""One learner, trained through Pipe mode, from the mount's files, from files that the SDK made, and
from the CSV by pandas: the same model, bit for bit.  The program behind it is tests/bench/train,
whose table shows how long each took; that is printed here, and not judged."""
import json
import os
import subprocess

import pytest

from support import mounting, paths


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What each way made of a small training."""
    python = os.environ.get("SAGEMAKER_PYTHON")
    missing = mounting.why_not() or os.environ.get("LEARNER_MISSING") or (
        None if python else os.environ.get("SAGEMAKER_MISSING", "SAGEMAKER_PYTHON is not set"))
    if missing:
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("train")
    done = subprocess.run(
        [str(paths.TESTS / "bench" / "train"), "--size=3", "--files=3", "--epochs=2", "--once",
         "--json", str(folder / "json"), "--scratch", str(folder), "--build", str(paths.BUILD),
         "--python", python], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return {way: runs[0] for way, runs in json.loads((folder / "json").read_text()).items()}


def test_all_ways_give_the_same_model(trained):
    assert set(trained) == {"pipe", "fast", "convert", "copy"}
    models = {way: run["model"] for way, run in trained.items()}
    assert len(models["pipe"]) == 30
    assert len(set(models["pipe"])) == 30, "nothing was learnt"
    for way, model in models.items():
        assert model == models["copy"], way


def test_every_epoch_has_all_rows(trained):
    rows = {run["rows"] for run in trained.values()}
    assert rows == {max(rows)}
    assert max(rows) == 2 * 3 * 4096, "a block of rows in each file, twice"


def test_pipe_mode_makes_no_second_copy(trained):
    assert trained["pipe"]["copied"] == trained["fast"]["copied"] == 0
    assert trained["convert"]["copied"] > 1e6
    assert trained["copy"]["copied"] > 1e6
