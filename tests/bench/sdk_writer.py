# SPDX-License-Identifier: Apache-2.0
"""What SageMaker's documentation tells one to do: pandas, then the SDK's writer.

    sdk_writer.py [--exact] [--drop N:N…] CSV OUT LABEL

CSV has no header; LABEL is the label's column, from 0, and so are the columns to
drop.  Prints a JSON object with the seconds that it took, imports not counted.

pandas rounds a number only approximately by default, and is timed that way, since
that is what people run.  --exact asks it to round as Python does, for comparing
the output.
"""
import argparse
import json
import logging
import os
import time

# Standard output is for the result alone; the SDK logs there as it is imported.
os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"
logging.disable(logging.INFO)

import pandas
from sagemaker.amazon.common import write_numpy_to_dense_tensor


def convert(csv, out, label, drop, exact):
    frame = pandas.read_csv(csv, header=None, float_precision="round_trip" if exact else None)
    labels = frame[label].to_numpy(dtype="float32")
    features = frame.drop(columns=[label, *drop]).to_numpy(dtype="float32")
    with open(out, "wb") as file:
        write_numpy_to_dense_tensor(file, features, labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--drop", default="", metavar="N:N…")
    parser.add_argument("csv")
    parser.add_argument("out")
    parser.add_argument("label", type=int)
    args = parser.parse_args()
    drop = [int(column) for column in args.drop.split(":") if column]
    begin = time.monotonic()
    convert(args.csv, args.out, args.label, drop, args.exact)
    print(json.dumps({"seconds": time.monotonic() - begin}))


if __name__ == "__main__":
    main()
