"""Reads a .llif file: safetensors with the network as JSON."""

import json
from pathlib import Path

import numpy as np

TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "U32": np.uint32, "U8": np.uint8}


def read_llif(path: Path) -> dict:
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__")
    payload = raw[8 + length :]

    def revive(value: dict) -> object:
        if "$tensor" in value:
            entry = header[value["$tensor"]]
            begin, end = entry["data_offsets"]
            return np.frombuffer(payload[begin:end], TYPES[entry["dtype"]])
        return float(value["$number"].replace("Infinity", "inf")) if "$number" in value else value

    return json.loads(metadata["graph"], object_hook=revive)
