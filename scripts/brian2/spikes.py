# Simulates networks with Brian2 (method "exact") and writes how often and when each neuron fires: test/live/brian2.json, which
# test/live/brian2.test.ts compares with the naive definition in float64. Both sides draw the same networks from PCG32.
#   python -m venv <folder>; <folder>/bin/pip install "numpy<2.4" brian2==2.9.0
#   <folder>/bin/python scripts/brian2/spikes.py
import hashlib
import json
import math
import os

import brian2
from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, ms

brian2.prefs.codegen.target = "numpy"
TICKS = 1000


class Pcg32:
    def __init__(self, seed):
        self.state = (1442695040888963407 + seed) % 2**64
        self.next()

    def next(self):
        old = self.state
        self.state = (old * 6364136223846793005 + 1442695040888963407) % 2**64
        word = (((old >> 18) ^ old) >> 27) % 2**32
        rotation = old >> 59
        return ((word >> rotation) | (word << (-rotation % 32))) % 2**32

    def unit(self):
        return self.next() / 2**32

    def integer(self, low, high):
        return low + self.next() % (high - low + 1)


def draw(seed):
    random = Pcg32(seed)
    kind = ["currentCleared", "currentKept", "deltaAfter", "deltaBefore"][seed % 4]
    n = random.integer(10, 60)
    current = kind.startswith("current")
    network = {
        "kind": kind,
        "n": n,
        "tau": [5 + 25 * random.unit() for _ in range(n)],
        "tauCurrent": 2 + 8 * random.unit(),
        "drive": [0.8 + 0.5 * random.unit() for _ in range(n)],
        "initial": [random.unit() * 0.9 for _ in range(n)],
        "reset": -0.5 * random.unit(),
        "strict": random.integer(0, 1) == 1,
        "refractory": random.integer(2, 6),
        "edges": [],
    }
    for source in range(n):
        for target in range(n):
            if random.unit() < 0.15:
                weight = (random.unit() - 0.45) * (1.5 if current else 0.3)
                network["edges"].append((source, target, weight, random.integer(1, 9)))
    return network


def simulate(network):
    brian2.start_scope()
    brian2.defaultclock.dt = 1 * ms
    kind, n = network["kind"], network["n"]
    clears = kind == "currentCleared"
    equations = {
        "currentCleared": "dv/dt = (g + drive - v) / tau : 1 (unless refractory)\ndg/dt = -g / tau_g : 1 (unless refractory)",
        "currentKept": "dv/dt = (g + drive - v) / tau : 1 (unless refractory)\ndg/dt = -g / tau_g : 1",
    }.get(kind, "dv/dt = (drive - v) / tau : 1 (unless refractory)")
    group = NeuronGroup(
        n,
        equations + "\ntau : second\ndrive : 1",
        threshold="v > 1" if network["strict"] else "v >= 1",
        reset=f"v = {network['reset']!r}" + ("; g = 0" if clears else ""),
        refractory=network["refractory"] * ms,
        method="exact",
        namespace={"tau_g": network["tauCurrent"] * ms},
    )
    group.tau = [tau * ms for tau in network["tau"]]
    group.drive, group.v = network["drive"], network["initial"]
    synapses = Synapses(group, group, "w : 1", on_pre="g += w" if kind.startswith("current") else "v += w")
    sources, targets, weights, delays = zip(*network["edges"])
    synapses.connect(i=list(sources), j=list(targets))
    synapses.w = list(weights)
    earlier = 1 if kind == "deltaBefore" else 0
    synapses.delay = [(delay - earlier) * ms for delay in delays]
    spikes = SpikeMonitor(group)
    net = Network(group, synapses, spikes)
    if kind == "deltaBefore":
        net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    net.run(TICKS * ms)
    fired = sorted((round(float(time / ms)), int(neuron)) for time, neuron in zip(spikes.t, spikes.i))
    text = ",".join(f"{tick}:{neuron}" for tick, neuron in fired)
    return len(fired), hashlib.sha256(text.encode()).hexdigest()


def main():
    found = []
    for seed in range(100):
        network = draw(seed)
        count, digest = simulate(network)
        found.append({"seed": seed, "kind": network["kind"], "spikes": count, "sha256": digest})
    path = os.path.join(os.path.dirname(__file__), "..", "..", "test", "live", "brian2.json")
    with open(path, "w") as file:
        file.write(json.dumps({"brian2": brian2.__version__, "ticks": TICKS, "networks": found}, indent=1) + "\n")
    print(len(found), "networks,", sum(each["spikes"] for each in found), "spikes")


main()
