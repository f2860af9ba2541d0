"""Writes a trained network as ONNX (opset 17, NCHW, dynamic batch dimension), one node a layer.

BatchNorm stays a BatchNormalization node: the readers that take these files fold it themselves.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from networks import ResidualBlock

OPSET = 17
IR_VERSION = 8


class OnnxWriter:
    """Collects nodes and constants; each method adds one layer and returns the name of its output."""

    def __init__(self, half_weights: bool = False) -> None:
        """`half_weights` stores weights (not biases, not BatchNorm) as float16, cast back by a Cast node."""
        self.half_weights = half_weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, operator: str, name: str, inputs: list[str], **attributes: object) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str, values: np.ndarray) -> str:
        if not self.half_weights:
            return self.constant(name, values)
        half = self.constant(f"{name}.float16", values.astype(np.float16))
        return self.node("Cast", name, [half], to=TensorProto.FLOAT)

    def conv(self, name: str, source: str, layer: nn.Conv2d) -> str:
        inputs = [source, self.weight(f"{name}.weight", _array(layer.weight))]
        if layer.bias is not None:
            inputs.append(self.constant(f"{name}.bias", _array(layer.bias)))
        return self.node(
            "Conv", name, inputs,
            kernel_shape=list(layer.kernel_size), strides=list(layer.stride), dilations=list(layer.dilation),
            pads=list(layer.padding) * 2, group=layer.groups,
        )

    def gemm(self, name: str, source: str, layer: nn.Linear) -> str:
        weight = self.weight(f"{name}.weight", _array(layer.weight))
        return self.node("Gemm", name, [source, weight, self.constant(f"{name}.bias", _array(layer.bias))], transB=1)

    def batch_norm(self, name: str, source: str, layer: nn.BatchNorm2d) -> str:
        parts = {"scale": layer.weight, "shift": layer.bias, "mean": layer.running_mean, "variance": layer.running_var}
        constants = [self.constant(f"{name}.{part}", _array(values)) for part, values in parts.items()]
        return self.node("BatchNormalization", name, [source, *constants], epsilon=layer.eps)

    def module(self, name: str, source: str, module: nn.Module) -> str:
        """Adds any of the layers the networks here are made of.

        Raises TypeError for a layer that has no rule.
        """
        match module:
            case nn.Sequential():
                for child_name, child in module.named_children():
                    source = self.module(f"{name}.{child_name}" if name else child_name, source, child)
                return source
            case ResidualBlock():
                main = self.module(f"{name}.main", source, module.main)
                shortcut = self.module(f"{name}.shortcut", source, module.shortcut)
                return self.node("Relu", f"{name}.relu", [self.node("Add", f"{name}.add", [main, shortcut])])
            case nn.Conv2d():
                return self.conv(name, source, module)
            case nn.BatchNorm2d():
                return self.batch_norm(name, source, module)
            case nn.Linear():
                return self.gemm(name, source, module)
            case nn.ReLU():
                return self.node("Relu", name, [source])
            case nn.MaxPool2d():
                size = [module.kernel_size] * 2
                return self.node("MaxPool", name, [source], kernel_shape=size, strides=[module.stride] * 2)
            case nn.AdaptiveAvgPool2d(output_size=1):
                return self.node("GlobalAveragePool", name, [source])
            case nn.Flatten():
                return self.node("Flatten", name, [source], axis=1)
            case nn.Dropout() | nn.Identity():
                return source
        raise TypeError(f'layer "{name}": no ONNX rule for {type(module).__name__}')

    def save(self, path: Path, network: nn.Module, input_shape: tuple[int, int, int], classes: int) -> None:
        """Writes `network`, input "image" [batch, channels, height, width], output "logits" [batch, classes]."""
        last = self.module("", "image", network.eval())
        self.nodes[-1].output[0] = "logits"
        if self.nodes[-1].name != last:
            raise ValueError(f'last layer expected to be "{last}", got "{self.nodes[-1].name}"')
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *input_shape])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])],
            self.constants,
        )
        model = helper.make_model(
            graph, producer_name="llif models/train", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
        )
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


def _array(tensor: object) -> np.ndarray:
    return tensor.detach().contiguous().cpu().numpy().astype(np.float32)
