# SPDX-License-Identifier: Apache-2.0
"""RecordIO by hand: frames, and records split as dmlc splits them."""
import struct

from support import paths  # noqa: F401  (puts tests/reference on the path)
import encoder

MAGIC = struct.pack("<I", encoder.MAGIC)


def frame(payload, flag=0):
    return MAGIC + struct.pack("<I", len(payload) | flag << 29) + payload + bytes(-len(payload) % 4)


def split(payload):
    """As dmlc's writer does it: cut at each aligned magic, which is left out."""
    parts, begin = [], 0
    for off in range(0, len(payload) - 3, 4):
        if payload[off:off + 4] == MAGIC:
            parts.append(payload[begin:off])
            begin = off + 4
    parts.append(payload[begin:])
    if len(parts) == 1:
        return frame(payload)
    return b"".join(frame(part, 1 if i == 0 else 3 if i == len(parts) - 1 else 2)
                    for i, part in enumerate(parts))


def magic_payload(copies):
    """A record whose payload holds the magic at aligned offsets."""
    record = encoder.Record()
    value = struct.unpack("<f", MAGIC)[0]
    record.features["values"].float32_tensor.values.extend([1] + [value] * copies + [2])
    record.label["values"].float32_tensor.values.append(1)
    for pad in range(4):
        record.uid = "u" * pad
        payload = record.SerializeToString()
        if any(payload[at:at + 4] == MAGIC for at in range(0, len(payload), 4)):
            return payload
    raise AssertionError("no magic is aligned")
