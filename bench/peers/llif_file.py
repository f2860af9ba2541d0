"""Prepares the synapses of a network read from a .llif file as torch operations."""

import numpy as np
import torch
import torch.nn.functional as F


def channels_first(shape: list[int]) -> list[int]:
    return [shape[2], shape[0], shape[1]] if len(shape) == 3 else list(shape)


def per_neuron(values: np.ndarray, shape: list[int]) -> torch.Tensor:
    """One value a channel or a neuron, channels last → a tensor that broadcasts over [samples, channels first]."""
    tensor = torch.from_numpy(np.array(values, np.float32))
    if len(shape) != 3:
        return tensor if len(tensor) == int(np.prod(shape)) else tensor.repeat(int(np.prod(shape)) // len(tensor)).reshape(shape)
    if len(tensor) == shape[2]:
        return tensor.reshape(-1, 1, 1)
    return tensor.reshape(shape).permute(2, 0, 1).contiguous()


class Link:
    """One synapse: maps [samples, source, channels first] to charges of the target."""

    def __init__(self, synapse: dict, source: list[int], target: list[int]) -> None:
        self.source = synapse["from"]
        self.kind = synapse["kind"]
        weights = torch.from_numpy(np.array(synapse["weights"], np.float32))
        self.target = channels_first(target)
        if self.kind == "dense":
            weights = weights.reshape(-1, int(np.prod(source)))
            if len(source) == 3:
                weights = weights.reshape(-1, *source).permute(0, 3, 1, 2).reshape(len(weights), -1)
            self.weights = weights.contiguous()
        elif self.kind == "conv2d":
            kh, kw = synapse["kernel"]
            self.weights = weights.reshape(kh, kw, source[2] // synapse["groups"], target[2]).permute(3, 2, 0, 1).contiguous()
            pad = synapse["padding"]
            self.pad = (pad["left"], pad["right"], pad["top"], pad["bottom"])
            even = pad["left"] == pad["right"] and pad["top"] == pad["bottom"]
            self.options = {"stride": synapse["stride"], "dilation": synapse["dilation"], "groups": synapse["groups"], "padding": (pad["top"], pad["left"]) if even else 0}
            self.even = even
        else:
            self.weights = per_neuron(weights.numpy(), target)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if self.kind == "dense":
            charge = F.linear(x.flatten(1), self.weights)
            return charge.reshape(len(x), *self.target)
        if self.kind == "conv2d":
            return F.conv2d(x if self.even else F.pad(x, self.pad), self.weights, **self.options)
        return x.reshape(len(x), *self.target) * self.weights


class Pool:
    def __init__(self, node: dict) -> None:
        self.source, self.mode = node["from"], node["mode"]
        pad = node["padding"]
        self.pad = (pad["left"], pad["right"], pad["top"], pad["bottom"])
        self.options = {"kernel_size": tuple(node["kernel"]), "stride": tuple(node["stride"])}
        self.size = node["kernel"][0] * node["kernel"][1]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        x = F.pad(x, self.pad) if any(self.pad) else x
        return F.max_pool2d(x, **self.options) if self.mode == "max" else F.avg_pool2d(x, **self.options) * self.size


class Graph:
    """The nodes in order, each with its operations."""

    def __init__(self, network: dict) -> None:
        self.network = network
        shapes = {network["input"]["name"]: network["input"]["shape"], **{node["name"]: node["shape"] for node in network["nodes"]}}
        self.input = network["input"]["name"]
        self.input_shape = channels_first(network["input"]["shape"])
        self.nodes = []
        for node in network["nodes"]:
            if node["kind"] == "pool":
                self.nodes.append((node, Pool(node), None))
                continue
            links = [Link(synapse, shapes[synapse["from"]], node["shape"]) for synapse in network["synapses"] if synapse["to"] == node["name"]]
            self.nodes.append((node, links, per_neuron(node["bias"], node["shape"])))
        self.units = {node["name"]: per_neuron(node["unit"], node["shape"]) for node in network["nodes"] if node["kind"] == "output"}
