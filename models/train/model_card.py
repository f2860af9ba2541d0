"""Measures a committed ONNX file with onnxruntime and writes the JSON file beside it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper, shape_inference

import datasets

MODELS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class InputConvention:
    """The model sees (pixel · scale − mean) / std, channel by channel; pixels are 0–255."""

    scale: float = 1 / 255
    mean: list[float] = field(default_factory=lambda: [0.0])
    std: list[float] = field(default_factory=lambda: [1.0])
    channel_order: str = "gray"

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels, uint8 [count, channels, height, width], to the float32 the model takes."""
        mean = np.array(self.mean, np.float32).reshape(1, -1, 1, 1)
        std = np.array(self.std, np.float32).reshape(1, -1, 1, 1)
        return ((pixels.astype(np.float32) * np.float32(self.scale)) - mean) / std


def write_card(name: str, task: str, data: str, convention: InputConvention, origin: dict[str, str]) -> float:
    """Writes `models/<name>.json` and returns the accuracy on the whole test split.

    `origin` holds `license` and one of `source` and `trainedBy`.
    """
    path = MODELS / f"{name}.onnx"
    images, labels = datasets.load(data, "test")
    correct = int((classify(path, images, convention) == labels).sum())
    model = onnx.load(path)
    card = {
        "name": path.stem,
        "task": task,
        "classes": datasets.CLASSES[data],
        "accuracy": {
            "data": data,
            "split": "test",
            "samples": len(labels),
            "correct": correct,
            "value": correct / len(labels),
            "measuredWith": f"onnxruntime {onnxruntime.__version__}",
        },
        "input": {
            "scale": convention.scale,
            "mean": convention.mean,
            "std": convention.std,
            "channelOrder": convention.channel_order,
        },
        "multiplyAccumulates": multiply_accumulates(model),
        "parameters": parameters(model),
        **origin,
    }
    (MODELS / f"{name}.json").write_text(json.dumps(card, indent=2) + "\n")
    print(f"{name}: {correct} of {len(labels)} correct, {path.stat().st_size} bytes")
    return correct / len(labels)


def classify(path: Path, images: np.ndarray, convention: InputConvention) -> np.ndarray:
    """The class with the largest logit for each image, one batch at a time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    tensor = session.get_inputs()[0]
    batch = tensor.shape[0] if isinstance(tensor.shape[0], int) else 250
    classes = [
        session.run(None, {tensor.name: convention.apply(images[start : start + batch])})[0].argmax(1)
        for start in range(0, len(images), batch)
    ]
    return np.concatenate(classes)


def multiply_accumulates(model: onnx.ModelProto) -> int:
    """Weight products of Conv, Gemm and MatMul for one image, taps in the padding counted."""
    inferred = shape_inference.infer_shapes(model, data_prop=True)
    shapes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    for value in [*inferred.graph.value_info, *inferred.graph.output]:
        shapes[value.name] = [d.dim_value for d in value.type.tensor_type.shape.dim]
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            kernel, output = shapes[node.input[1]], shapes[node.output[0]]
            total += int(np.prod(kernel)) * int(np.prod(output[2:]))
        elif node.op_type in ("Gemm", "MatMul"):
            total += int(np.prod(shapes[node.input[1]]))
    return total


def parameters(model: onnx.ModelProto) -> int:
    """The number of floating-point constants, BatchNorm statistics included."""
    floating = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    constants = [t for t in model.graph.initializer if t.data_type in floating]
    return sum(numpy_helper.to_array(tensor).size for tensor in constants)
