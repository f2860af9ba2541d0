"""Writes an input and its output as JSON, in the order of the ONNX file."""

import json


def write_sample(path, inputs, outputs):
    def record(values):
        return {"shape": list(values.shape), "values": [float(f"{value:.8g}") for value in values.ravel().tolist()]}

    path.write_text(json.dumps({"input": record(inputs), "output": record(outputs)}, separators=(",", ":")) + "\n")
