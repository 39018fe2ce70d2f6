#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The SageMaker SDK's local mode on a mount of CSV files, nothing uploaded and nothing converted.

    recordiofs ~/data ~/input -o layout=sagemaker,allow_other
    sagemaker_local.py ~/input IMAGE [CHANNEL]...

Local mode knows File mode only: each channel is a folder that it binds into the container, here one
of the mount's.  One more channel, "pipes", holds the FIFOs: the script opens
/opt/ml/input/data/pipes/train_0, …/train_1 and so on.  Needs docker with compose, and
sagemaker 2.x (pip install "sagemaker[local]<3").
"""
import sys
from pathlib import Path

from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.local import LocalSession


def main(mount, image, *channels):
    data = Path(mount).resolve() / "data"
    names = channels or sorted(path.name for path in data.iterdir() if path.is_dir())
    session = LocalSession()
    session.config = {"local": {"local_code": True}}
    estimator = Estimator(image, role="arn:aws:iam::111111111111:role/any", instance_count=1,
                          instance_type="local", sagemaker_session=session,
                          output_path=f"file://{Path.cwd() / 'model'}")
    inputs = {name: TrainingInput(f"file://{data / name}",
                                  content_type="application/x-recordio-protobuf")
              for name in names}
    inputs["pipes"] = TrainingInput(f"file://{data}")
    estimator.fit(inputs)


main(*sys.argv[1:])
