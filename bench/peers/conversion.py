"""Converters of other libraries on our ReLU networks: time to convert, and accuracy of what they make."""

import time
from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from llif_file import Graph, Link, Pool, per_neuron


class Relu(nn.Module):
    """The ReLU network of a synchronous rate network, in standard modules; values are shares of a tick's largest rate."""

    def __init__(self, network: dict) -> None:
        super().__init__()
        self.graph = Graph(network)
        self.operations = nn.ModuleDict()
        self.steps: list[tuple[str, list[str], str]] = []
        for node, operation, bias in self.graph.nodes:
            name = node["name"]
            if isinstance(operation, Pool):
                self.operations[key(name, operation.source)] = pool(operation)
                self.steps.append((name, [operation.source], "pool"))
                continue
            scale = self.graph.units[name] if node["kind"] == "output" else 1 / per_neuron(node["threshold"], node["shape"])
            for index, link in enumerate(operation):
                self.operations[key(name, link.source)] = linear(link, scale, bias if index == 0 else torch.zeros(1))
            if node["kind"] == "population":
                self.operations[key(name, "relu")] = nn.ReLU()
            self.steps.append((name, [link.source for link in operation], node["kind"]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        computed = {self.graph.input: x}
        for name, sources, kind in self.steps:
            total = None
            for source in sources:
                charge = self.operations[key(name, source)](computed[source])
                total = charge if total is None else total + charge
            computed[name] = self.operations[key(name, "relu")](total) if kind == "population" else total
        return computed[self.steps[-1][0]]


def key(target: str, source: str) -> str:
    return f"{target}<{source}".replace(".", "_")


class Shift(nn.Module):
    """A bias that differs from place to place: normalisation folded into a layer that pads."""

    def __init__(self, values: torch.Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.values


def linear(link: Link, scale: torch.Tensor, bias: torch.Tensor) -> nn.Module:
    """Weights and bias times `scale` of the target; standard modules, so that converters know them."""
    bias = bias * scale
    scale = scale if scale.dim() == 0 else scale.flatten(1)[:, 0] if scale.dim() > 1 else scale
    if link.kind == "dense":
        module = nn.Linear(link.weights.shape[1], link.weights.shape[0])
        module.weight.data = link.weights * scale.reshape(-1, 1)
        module.bias.data = bias.expand(link.weights.shape[0]).clone()
        return nn.Sequential(nn.Flatten(), module)
    channels = link.target[0]
    if link.kind == "conv2d":
        weights, options, pad = link.weights, dict(link.options), link.pad
    else:
        weights = link.weights.expand(channels, 1, 1).reshape(channels, 1, 1, 1)
        options, pad = {"groups": channels}, (0, 0, 0, 0)
    groups = options["groups"]
    module = nn.Conv2d(weights.shape[1] * groups, channels, tuple(weights.shape[2:]), **options)
    module.weight.data = weights * scale.reshape(-1, 1, 1, 1)
    uniform = bias.dim() < 3 or bias.shape[1] * bias.shape[2] == 1
    module.bias.data = bias.reshape(-1).expand(channels).clone() if uniform else torch.zeros(channels)
    parts: list[nn.Module] = [module]
    if link.kind == "conv2d" and not link.even:
        parts.insert(0, nn.ZeroPad2d(pad))
    if not uniform:
        parts.append(Shift(bias))
    return parts[0] if len(parts) == 1 else nn.Sequential(*parts)


def pool(operation: Pool) -> nn.Module:
    if any(operation.pad):
        raise ValueError("expected a pool without padding")
    return nn.MaxPool2d(**operation.options) if operation.mode == "max" else nn.AvgPool2d(**operation.options, divisor_override=1)


def ann2snn(mode: str) -> Callable[[nn.Module, list[torch.Tensor], int], nn.Module]:
    def convert(network: nn.Module, images: list[torch.Tensor], _: int) -> nn.Module:
        from spikingjelly.activation_based import ann2snn

        return ann2snn.Converter(ann2snn.RateCodingRecipe(dataloader=images, mode=mode)).convert(network)

    return convert


def from_model(network: nn.Module, _: list[torch.Tensor], batch: int) -> nn.Module:
    """sinabs takes no calibration images: rectifiers become neurons with the threshold 1, which is our scale."""
    import sinabs.from_torch

    return sinabs.from_torch.from_model(network, batch_size=batch, synops=False).spiking_model


CONVERTERS = {"ann2snn-max": ann2snn("max"), "ann2snn-99.9": ann2snn("99.9%"), "sinabs-from-model": from_model}
BATCH = 50


def as_tensor(values: np.ndarray, shape: list[int]) -> torch.Tensor:
    tensor = torch.from_numpy(values.astype(np.float32)).reshape(-1, *shape)
    return tensor.permute(0, 3, 1, 2).contiguous() if len(shape) == 3 else tensor


class Conversion:
    """Converts with the calibration images; `outcome` is what the ReLU network gives before, the images' logits."""

    def __init__(self, library: str, network: dict, inputs: dict, threads: int) -> None:
        self.threads, self.convert, self.shape = threads, CONVERTERS[library], network["input"]["shape"]
        self.sinabs = library.startswith("sinabs")
        self.network = Relu(network).eval()
        self.images = list(as_tensor(inputs["calibration"], self.shape).split(BATCH))
        self.values = as_tensor(inputs["values"], self.shape)

    def run(self, times: int) -> int:
        spent = 0
        for _ in range(times):
            network = deepcopy(self.network)
            start = time.perf_counter_ns()
            self.convert(network, self.images, BATCH)
            spent += time.perf_counter_ns() - start
        return spent

    def outcome(self) -> list:
        return self.network(self.values).tolist()

    def accuracy(self, images: str, ticks: list[int]) -> dict[int, int]:
        data = dict(np.load(images))
        labels = torch.from_numpy(data["labels"].astype(np.int64))
        spiking = self.convert(deepcopy(self.network), self.images, BATCH)
        correct = dict.fromkeys(ticks, 0)
        for values, expected in zip(as_tensor(data["values"], self.shape).split(BATCH), labels.split(BATCH)):
            reset(spiking, self.sinabs)
            total = torch.zeros(1)
            for tick in range(1, max(ticks) + 1):
                total = total + spiking(values)
                if tick in correct:
                    correct[tick] += int((total.argmax(1) == expected).sum())
        return correct


def reset(spiking: nn.Module, sinabs: bool) -> None:
    if sinabs:
        for module in spiking.modules():
            if hasattr(module, "reset_states"):
                module.reset_states()
    else:
        from spikingjelly.activation_based import functional

        functional.reset_net(spiking)
