"""Exports small PyTorch networks by both exporters, with an input and the output that PyTorch computes.

Needs torch, onnx and onnxscript: python test/formats/exported/pytorch.py
"""

import logging
import pathlib
import warnings

import onnx
import torch
import torch.nn.functional as F
from torch import nn

from sample import write_sample

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
folder = pathlib.Path(__file__).parent


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else nn.Identity()

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(y)) + self.skip(x))


class Residual(nn.Module):
    """As ResNet, with the input normalised inside."""

    shape = (3, 12, 10)

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.45]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.2, 0.3, 0.25]).view(1, 3, 1, 1))
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.blocks = nn.Sequential(Block(4, 4, 1), Block(4, 6, 2))
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        x = self.blocks(self.stem((x - self.mean) / self.std))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Mobile(nn.Module):
    """Depthwise convolutions, ReLU6, linear bottlenecks, asymmetric padding."""

    shape = (2, 11, 9)

    def __init__(self):
        super().__init__()
        self.expand = nn.Conv2d(2, 6, 1, bias=False)
        self.expand_norm = nn.BatchNorm2d(6)
        self.depthwise = nn.Conv2d(6, 6, 3, 2, 0, groups=6, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(6)
        self.project = nn.Conv2d(6, 3, 1)
        self.grouped = nn.Conv2d(3, 6, 3, padding=2, dilation=2, groups=3)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = F.relu6(self.expand_norm(self.expand(x)))
        x = F.relu6(self.depthwise_norm(self.depthwise(F.pad(x, (0, 1, 0, 1)))))
        x = F.hardtanh(self.grouped(self.project(x)), -0.5, 1.5)
        x = F.dropout(x, 0.2, self.training)
        return F.softmax(self.head(x.mean([2, 3])), dim=1)


class Branches(nn.Module):
    """Concatenations, split channels, a channel shuffle, ceil-mode pools, a shortcut that subsamples and pads channels."""

    shape = (4, 9, 8)

    def __init__(self):
        super().__init__()
        self.squeeze = nn.Conv2d(4, 4, 1)
        self.left = nn.Conv2d(4, 3, 1)
        self.right = nn.Conv2d(4, 3, 3, padding=1)
        self.halved = nn.Conv2d(3, 3, 3, padding=1, groups=3)
        self.down = nn.Conv2d(6, 8, 3, 2, 1)
        self.head = nn.Linear(8 * 3 * 2, 4)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        x = torch.cat([F.relu(self.left(x)), F.relu(self.right(x))], 1)
        left, right = x.chunk(2, dim=1)
        x = torch.cat([left, F.relu(self.halved(right))], 1)
        batch, channels, height, width = x.size()
        x = x.view(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(batch, channels, height, width)
        shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1))
        x = F.relu(self.down(x) + shortcut)
        x = F.max_pool2d(x, 2, 2, ceil_mode=True) + F.avg_pool2d(x, 2, 2, ceil_mode=True, count_include_pad=False)
        return self.head(x.view(x.size(0), -1))


class Sequence(nn.Module):
    """One-dimensional layers, LeakyReLU, a mean over time."""

    shape = (2, 31)

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(2, 6, 5, 2, 2)
        self.norm = nn.BatchNorm1d(6)
        self.second = nn.Conv1d(6, 8, 3, padding=2, dilation=2, groups=2)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = F.max_pool1d(F.leaky_relu(self.norm(self.first(x)), 0.1), 2)
        x = F.avg_pool1d(F.relu(self.second(x)), 3, 2, 1)
        return F.log_softmax(self.head(x.mean(2)), -1)


class Hourglass(nn.Module):
    """Transposed convolution, PReLU, nearest-neighbour upsampling, a map of classes."""

    shape = (2, 8, 6)

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(2, 5, 3, 2, 1)
        self.slope = nn.PReLU(5)
        self.middle = nn.Conv2d(5, 4, 3, 2, 1)
        self.up = nn.ConvTranspose2d(4, 4, 3, 2, 1, output_padding=(1, 0))
        self.crossed = nn.Conv2d(9, 4, 1)
        self.head = nn.Conv2d(4, 3, 1)

    def forward(self, x):
        first = self.slope(self.down(x))
        x = F.relu(self.up(F.relu(self.middle(first))))
        x = torch.cat([x, first], 1)
        x = F.interpolate(F.relu(self.crossed(x)), scale_factor=2, mode="nearest")
        return self.head(x)


class Perceptron(nn.Module):
    """Flattens, clamps and ends flat."""

    shape = (1, 5, 6)

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(30, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 8))
        self.image = nn.Conv2d(2, 3, 2)
        self.head = nn.Linear(9, 4)

    def forward(self, x):
        x = torch.clamp(self.layers(x * 2 - 1), min=0.0, max=1.0)
        x = F.relu(self.image(x.view(-1, 2, 2, 2)))
        x = torch.cat([x.squeeze(-1).squeeze(-1), torch.abs(x).flatten(1), -x.flatten(1)], dim=1)
        return self.head(x)


def prepared(model):
    """Statistics and slopes of their own for every normalisation, as after training."""
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.2, 0.6)
    return model.eval()


def without_paths(path):
    """Takes out stack traces, which hold paths of the machine."""
    model = onnx.load(path, load_external_data=False)
    for part in [*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info, *model.graph.initializer, model.graph, model]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    path.write_bytes(model.SerializeToString())


def export(model_class, seed):
    torch.manual_seed(seed)
    model = prepared(model_class())
    name = model_class.__name__.lower()
    inputs = torch.randn(2, *model_class.shape)
    with torch.no_grad():
        outputs = model(inputs)
    for opset in (11, 17):
        path = folder / f"torchscript-{name}-{opset}.onnx"
        axes = {"input": {0: "batch"}, "output": {0: "batch"}}
        torch.onnx.export(model, (inputs,), str(path), dynamo=False, opset_version=opset, input_names=["input"], output_names=["output"], dynamic_axes=axes)
    shapes = ({0: torch.export.Dim("batch")},)
    torch.onnx.export(model, (inputs,), str(folder / f"dynamo-{name}.onnx"), dynamo=True, dynamic_shapes=shapes, external_data=False, verbose=False)
    if model_class is Residual:
        torch.onnx.export(model, (inputs,), str(folder / f"dynamo-{name}-external.onnx"), dynamo=True, dynamic_shapes=shapes, external_data=True, verbose=False)
    for path in folder.glob(f"*-{name}*.onnx"):
        without_paths(path)
    write_sample(folder / f"pytorch-{name}.json", inputs.numpy(), outputs.numpy())


for seed, model_class in enumerate([Residual, Mobile, Branches, Sequence, Hourglass, Perceptron]):
    export(model_class, seed)
