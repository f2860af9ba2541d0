"""Whole networks: synchronous rate on a peer's neurons, and few-spike (phase) in plain PyTorch."""

import torch

from llif_file import Graph, Pool, per_neuron
from neurons import LAYERS


class RateNetwork:
    """Layer by layer, ticks folded into the batch for the linear maps: the fastest form these libraries have."""

    def __init__(self, network: dict, library: str, ticks: int) -> None:
        self.graph, self.ticks = Graph(network), ticks
        self.layers = {}
        for node, _, _ in self.graph.nodes:
            if node["kind"] == "population":
                self.layers[node["name"]] = LAYERS[library](float(node["threshold"][0]), float(node["initialPotential"][0]))

    def __call__(self, values: torch.Tensor, read_at: tuple[int, ...] = ()) -> tuple[dict[str, torch.Tensor], dict[int, torch.Tensor]]:
        """`values`: constant input [samples, …] or spikes [ticks, samples, …].

        Returns spikes of the populations, and logits by tick (at the end, and at `read_at`).
        """
        ticks, samples = self.ticks, values.shape[-len(self.graph.input_shape) - 1]
        constant = values.dim() == len(self.graph.input_shape) + 1
        computed = {} if constant else {self.graph.input: values}
        spikes, logits = {}, {}
        for node, operation, bias in self.graph.nodes:
            name = node["name"]
            if isinstance(operation, Pool):
                source = computed[operation.source]
                computed[name] = operation(source.flatten(0, 1)).unflatten(0, (ticks, samples))
            elif node["kind"] == "output":
                unit = self.graph.units[name]
                for tick in (*read_at, ticks):
                    charge = sum(link(computed[link.source][:tick].sum(0)) for link in operation) + tick * bias
                    logits[tick] = unit * charge / tick
            else:
                charges = None
                once = bias
                for link in operation:
                    if constant and link.source == self.graph.input:
                        # The same in every tick: computed once.
                        once = once + link(values)
                    else:
                        charge = link(computed[link.source].flatten(0, 1)).unflatten(0, (ticks, samples))
                        charges = charge if charges is None else charges + charge
                charges = once.expand(ticks, samples, *once.shape[-len(bias.shape) :]) if charges is None else charges + once
                computed[name] = spikes[name] = self.layers[name](charges)
        return spikes, logits


class FewSpikeNetwork:
    """Our exported integer network with K-bit phase windows, as float32.

    `ticks=True` sends the spikes of every tick through the synapses, folded into the batch. Otherwise a neuron's K spikes are summed
    with their weights before the synapse, as the code published with few-spike neurons does: one linear map a layer.
    """

    def __init__(self, network: dict, ticks: bool) -> None:
        self.graph, self.bits, self.ticks = Graph(network), network["windowTicks"], ticks
        self.payloads = 2.0 ** torch.arange(self.bits - 1, -1, -1)
        self.weights = self.payloads.tolist()
        self.constants = {}
        for node, _, bias in self.graph.nodes:
            if node["kind"] == "population":
                threshold = per_neuron(node["threshold"], node["shape"])
                self.constants[node["name"]] = (bias + per_neuron(node["initialPotential"], node["shape"]), threshold)

    def fire(self, potential: torch.Tensor, threshold: torch.Tensor) -> torch.Tensor:
        """Counts, or the spikes of each tick stacked in front."""
        spikes, counts = [], torch.zeros_like(potential)
        for payload in self.weights:
            spike = (potential >= threshold * payload).float()
            potential = potential - spike * (threshold * payload)
            if self.ticks:
                spikes.append(spike)
            else:
                counts = counts + spike * payload
        return torch.stack(spikes) if self.ticks else counts

    def deliver(self, link, x: torch.Tensor, constant: bool) -> torch.Tensor:
        if not self.ticks or constant:
            return link(x)
        charges = link(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return torch.tensordot(self.payloads, charges, dims=1)

    def pool(self, operation: Pool, x: torch.Tensor) -> torch.Tensor:
        if not self.ticks:
            return operation(x)
        if operation.mode == "sum":
            return operation(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        counts = operation(torch.tensordot(self.payloads, x, dims=1))
        return self.fire(counts, torch.ones(()))

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        computed = {self.graph.input: values}
        for node, operation, bias in self.graph.nodes:
            if isinstance(operation, Pool):
                computed[node["name"]] = self.pool(operation, computed[operation.source])
                continue
            charge = sum(self.deliver(link, computed[link.source], link.source == self.graph.input) for link in operation)
            if node["kind"] == "output":
                return self.graph.units[node["name"]] * (charge + bias)
            start, threshold = self.constants[node["name"]]
            computed[node["name"]] = self.fire(charge + start, threshold)
        raise ValueError("the network has no output")
