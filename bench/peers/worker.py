"""Peers on the cases of suite `peers`: obeys a line at a time (bench/peers.ts) and answers each with a line of JSON.

`open {…}`      library, network (.llif), inputs (.npz), ticks, batch, threads → a number for what follows
`run ID N`      nanoseconds that N simulations of every sample took together
`outcome ID`    counts of a single layer, or logits, sample by sample; of a converter, logits of the network that it is given
`accuracy ID {…}` images (.npz with values and labels), ticks to read at → correct decisions by tick
`close ID`
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from container import read_llif
from conversion import CONVERTERS, Conversion
from networks import FewSpikeNetwork, RateNetwork


def load_inputs(network: dict, inputs: dict, ticks: int) -> torch.Tensor:
    """[samples, …] of constant values, or [ticks, samples = 1, …] of spikes, channels first."""
    shape = network["input"]["shape"]
    if "values" in inputs:
        values = torch.from_numpy(inputs["values"].astype(np.float32)).reshape(-1, *shape)
        return values.permute(0, 3, 1, 2).contiguous() if len(shape) == 3 else values
    spikes = np.zeros((ticks, int(np.prod(shape))), np.float32)
    spikes[inputs["ticks"], inputs["neurons"]] = 1
    tensor = torch.from_numpy(spikes).reshape(ticks, 1, *shape)
    return tensor.permute(0, 1, 4, 2, 3).contiguous() if len(shape) == 3 else tensor


class Contender:
    def __init__(self, library: str, network: str, inputs: str, ticks: int, batch: int, threads: int) -> None:
        self.network, self.ticks, self.threads = read_llif(Path(network)), ticks, threads
        if library.startswith("fewspike"):
            model = FewSpikeNetwork(self.network, ticks=library == "fewspike-ticks")
            # As fast as PyTorch gets: one kernel for each firing loop, generated for this processor.
            self.model = torch.compile(model.__call__, dynamic=False) if library == "fewspike-compiled" else model
            self.rate = False
        else:
            self.model, self.rate = RateNetwork(self.network, library, ticks), True
        values = load_inputs(self.network, dict(np.load(inputs)), ticks)
        # A batch of more samples than there are holds some twice; the time of all is scaled to the samples there are.
        axis = values.dim() - len(self.network["input"]["shape"]) - 1
        self.samples = values.shape[axis]
        order = torch.arange(-(-self.samples // batch) * batch) % self.samples
        self.batches = [values.index_select(axis, part).contiguous() for part in order.split(batch)]
        self.scale = self.samples / len(order)

    def run(self, times: int) -> int:
        start = time.perf_counter_ns()
        for _ in range(times):
            for batch in self.batches:
                self.model(batch)
        return round((time.perf_counter_ns() - start) * self.scale)

    def answer(self, batch: torch.Tensor) -> list:
        if not self.rate:
            return self.model(batch).tolist()
        spikes, logits = self.model(batch)
        if logits:
            return logits[self.ticks].tolist()
        counts = spikes[self.network["nodes"][0]["name"]].sum(0)
        return (counts.permute(0, 2, 3, 1) if counts.dim() == 4 else counts).flatten(1).int().tolist()

    def outcome(self) -> list:
        return [row for batch in self.batches for row in self.answer(batch)][: self.samples]

    def accuracy(self, images: str, ticks: list[int]) -> dict[int, int]:
        data = dict(np.load(images))
        labels = torch.from_numpy(data["labels"].astype(np.int64))
        correct = dict.fromkeys(ticks, 0)
        for values, expected in zip(load_inputs(self.network, data, self.ticks).split(20), labels.split(20)):
            logits = self.model(values, tuple(ticks))[1] if self.rate else {ticks[0]: self.model(values)}
            for tick in ticks:
                correct[tick] += int((logits[tick].argmax(1) == expected).sum())
        return correct


def make(library: str, network: str, inputs: str, ticks: int, batch: int, threads: int) -> Contender | Conversion:
    if library in CONVERTERS:
        return Conversion(library, read_llif(Path(network)), dict(np.load(inputs)), threads)
    return Contender(library, network, inputs, ticks, batch, threads)


def main() -> None:
    torch.set_grad_enabled(False)
    contenders: dict[int, Contender | Conversion] = {}
    answers = sys.stdout
    # Libraries print; answers alone may reach the runner.
    sys.stdout = sys.stderr
    for number, line in enumerate(sys.stdin):
        command, _, rest = line.strip().partition(" ")
        if command == "open":
            contenders[number] = make(**json.loads(rest))
            answer: object = number
        else:
            ident, _, parameter = rest.partition(" ")
            contender = contenders[int(ident)]
            # Compiled code is made for a number of threads: answers and times must come with the same.
            torch.set_num_threads(contender.threads)
            if command == "run":
                answer = contender.run(int(parameter))
            elif command == "outcome":
                answer = contender.outcome()
            elif command == "accuracy":
                answer = contender.accuracy(**json.loads(parameter))
            elif command == "close":
                answer = bool(contenders.pop(int(ident)))
            else:
                raise ValueError(f"unknown command {command!r}")
        print(json.dumps(answer), file=answers, flush=True)


main()
