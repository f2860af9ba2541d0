"""BindsNET and SpikingJelly on the rule `pair`: one layer, one winner a tick, the same weights, spikes and ticks (bench/peers-learning.ts).

A line each, answered by a line of JSON:
`open {…}`   library, inputs (.npz: weights of shape [inputs, neurons], ticks, neurons and images of the spikes) and the rule
`run N`      nanoseconds that N times learning all images took, each time from the first weights
`outcome`    spikes of the layer in all images, and its winners in the first, in the order of ticks
"""

import json
import sys
import time

import numpy as np
import torch
from bindsnet.learning import PostPre
from bindsnet.network import Network
from bindsnet.network.nodes import DiehlAndCookNodes, Input, Nodes
from bindsnet.network.topology import Connection
from spikingjelly.activation_based import learning


def dense_spikes(inputs: dict, ticks: int) -> torch.Tensor:
    """[images, ticks, inputs]"""
    images = int(inputs["images"].max()) + 1
    spikes = np.zeros((images, ticks, len(inputs["weights"])), np.float32)
    spikes[inputs["images"], inputs["ticks"], inputs["neurons"]] = 1
    return torch.from_numpy(spikes)


def winner(potential: torch.Tensor, threshold: torch.Tensor) -> int:
    """The neuron that is furthest above its threshold, −1 for none."""
    over = potential - threshold
    best = int(over.argmax())
    return best if over.view(-1)[best] >= 0 else -1


class FurthestNodes(DiehlAndCookNodes):
    """DiehlAndCookNodes chooses one spike by chance; here the furthest fires, and inhibits all others."""

    def forward(self, x: torch.Tensor) -> None:
        self.v.add_(x)
        best = winner(self.v, self.thresh + self.theta)
        self.s = torch.zeros_like(self.v, dtype=torch.bool)
        if best >= 0:
            self.s.view(-1)[best] = True
            self.theta[best] += self.theta_plus
            self.v.zero_()
            self.found.append(best)
        Nodes.forward(self, x)


class BindsNet:
    def __init__(self, weights: torch.Tensor, rule: dict) -> None:
        inputs, neurons = weights.shape
        self.first, self.ticks = weights, rule["ticks"]
        self.network = Network(dt=1.0)
        source = Input(n=inputs, traces=True, tc_trace=rule["tau"])
        self.layer = FurthestNodes(
            n=neurons, traces=True, tc_trace=rule["tau"], thresh=rule["threshold"], rest=0.0, reset=0.0, theta_plus=rule["rise"]
        )
        self.connection = Connection(
            source, self.layer, w=weights.clone(), update_rule=PostPre, nu=(rule["minus"], rule["plus"]), wmin=0.0, wmax=1.0, norm=rule["sum"]
        )
        self.network.add_layer(source, name="X")
        self.network.add_layer(self.layer, name="Y")
        self.network.add_connection(self.connection, source="X", target="Y")

    def reset(self) -> None:
        self.connection.w.data.copy_(self.first)
        self.layer.theta.zero_()

    def present(self, spikes: torch.Tensor) -> list[int]:
        self.layer.found = []
        self.network.run(inputs={"X": spikes}, time=self.ticks, one_step=True)
        self.network.reset_state_variables()
        return self.layer.found


class Furthest(torch.nn.Module):
    """The same competition behind a linear layer."""

    def __init__(self, neurons: int, rule: dict) -> None:
        super().__init__()
        self.v, self.threshold = torch.zeros(1, neurons), torch.full((1, neurons), rule["threshold"])
        self.rise, self.found = rule["rise"], []

    def forward(self, charge: torch.Tensor) -> torch.Tensor:
        self.v.add_(charge)
        best = winner(self.v, self.threshold)
        spikes = torch.zeros_like(self.v)
        if best >= 0:
            spikes[0, best] = 1
            self.threshold[0, best] += self.rise
            self.v.zero_()
            self.found.append(best)
        return spikes


class SpikingJelly:
    def __init__(self, weights: torch.Tensor, rule: dict) -> None:
        inputs, neurons = weights.shape
        self.first, self.rule = weights, rule
        self.linear = torch.nn.Linear(inputs, neurons, bias=False)
        self.layer = Furthest(neurons, rule)
        plus, minus = torch.full((neurons, inputs), rule["plus"]), torch.full((neurons, inputs), rule["minus"])
        self.learner = learning.STDPLearner(
            "s", self.linear, self.layer, rule["tau"], rule["tau"], f_pre=lambda _: minus, f_post=lambda _: plus
        )

    def reset(self) -> None:
        self.linear.weight.data.copy_(self.first.t())
        self.layer.threshold.fill_(self.rule["threshold"])

    def present(self, spikes: torch.Tensor) -> list[int]:
        self.layer.found = []
        weights = self.linear.weight.data
        for tick in spikes:
            self.layer(self.linear(tick[None]))
            weights.add_(self.learner.step(on_grad=False)).clamp_(0, 1)
        self.learner.reset()
        self.layer.v.zero_()
        weights.mul_(self.rule["sum"] / weights.sum(1, keepdim=True))
        return self.layer.found


class Contender:
    def __init__(self, library: str, inputs: str, **rule: float) -> None:
        arrays = dict(np.load(inputs))
        self.spikes = dense_spikes(arrays, int(rule["ticks"]))
        kind = BindsNet if library == "bindsnet" else SpikingJelly
        self.model = kind(torch.from_numpy(arrays["weights"]), rule)

    def learn(self) -> list[list[int]]:
        self.model.reset()
        return [self.model.present(spikes) for spikes in self.spikes]

    def run(self, times: int) -> int:
        start = time.perf_counter_ns()
        for _ in range(times):
            self.learn()
        return time.perf_counter_ns() - start

    def outcome(self) -> list:
        found = self.learn()
        return [sum(map(len, found)), found[0]]


def main() -> None:
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    contender: Contender | None = None
    answers = sys.stdout
    # Libraries print; answers alone may reach the runner.
    sys.stdout = sys.stderr
    for line in sys.stdin:
        command, _, rest = line.strip().partition(" ")
        answer: object = True
        if command == "open":
            contender = Contender(**json.loads(rest))
        elif command == "run":
            answer = contender.run(int(rest))
        elif command == "outcome":
            answer = contender.outcome()
        else:
            raise ValueError(f"unknown command {command!r}")
        print(json.dumps(answer), file=answers, flush=True)


main()
