"""Brian2 on dense networks of synchronous integrate-and-fire neurons: answers as worker.py does, without `accuracy`.

`brian2` runs code that Brian2 compiles through Cython, `brian2-standalone` a C++ program that it writes and compiles whole, its fastest.
Samples are simulated one after the other in one run, a window each, so that the set-up of a run does not count.
"""

import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import brian2
import numpy as np
from brian2 import ms

from container import read_llif

# A standalone program runs as many windows as it was compiled for.
STANDALONE_WINDOWS = 32


class Contender:
    def __init__(self, library: str, network: str, inputs: str, ticks: int, batch: int, threads: int) -> None:
        if batch != 1 or threads != 1:
            raise ValueError("Brian2 has one sample and one thread")
        self.graph = read_llif(Path(network))
        self.inputs = dict(np.load(inputs))
        self.ticks, self.standalone = ticks, library == "brian2-standalone"
        self.samples = len(self.inputs["values"]) if "values" in self.inputs else 1
        brian2.start_scope()
        brian2.prefs.core.default_float_dtype = np.float32
        brian2.defaultclock.dt = 1 * ms
        self.started = 0
        self.build()

    def build(self) -> None:
        """Layers lie one tick behind each other, as synapses deliver after thresholds are compared; a window has room for that."""
        nodes = self.graph["nodes"]
        self.window = self.ticks + len(nodes)
        groups = {}
        objects = []
        input_name = self.graph["input"]["name"]
        if "ticks" in self.inputs:
            size = int(np.prod(self.graph["input"]["shape"]))
            groups[input_name] = brian2.SpikeGeneratorGroup(size, self.inputs["neurons"], self.inputs["ticks"] * ms, period=self.window * ms)
        for number, node in enumerate(nodes):
            objects += self.add_node(groups, node, number, input_name)
        self.first = groups[nodes[0]["name"]]
        self.spikes = brian2.SpikeMonitor(self.first, record=False)
        # Before a window begins, the potentials are those at the end of the former one.
        self.ends = brian2.StateMonitor(groups[nodes[-1]["name"]], "v", record=True, dt=self.window * ms, when="start", order=-1)
        objects += [self.spikes, self.ends, *groups.values()]
        if not self.standalone:
            objects.append(brian2.NetworkOperation(self.note_start, dt=self.window * ms, when="start"))
        self.simulation = brian2.Network(objects)
        if self.standalone:
            self.folder = tempfile.TemporaryDirectory()
            # One tick more records the potentials at the end of the last window.
            self.simulation.run((STANDALONE_WINDOWS * self.window + 1) * ms, namespace={})
            brian2.device.build(directory=self.folder.name, compile=True, run=True, debug=False)

    def add_node(self, groups: dict, node: dict, number: int, input_name: str) -> list:
        """Adds the node's group; returns its synapses."""
        size = int(np.prod(node["shape"]))
        incoming = [synapse for synapse in self.graph["synapses"] if synapse["to"] == node["name"]]
        spiking = node["kind"] == "population"
        active = f"t_in_timesteps % {self.window} >= {number} and t_in_timesteps % {self.window} < {number + self.ticks}"
        firing = {}
        start = 0.0
        if spiking:
            threshold = float(node["threshold"][0])
            start = float(node["initialPotential"][0])
            condition = f"v >= {threshold!r}" if "ticks" in self.inputs else f"v >= {threshold!r} and {active}"
            firing = {"threshold": condition, "reset": f"v -= {threshold!r}"}
        drive = np.broadcast_to(np.asarray(node["bias"], np.float32), (self.samples, size)).copy()
        spiking_inputs = []
        for synapse in incoming:
            if synapse["kind"] != "dense":
                raise ValueError(f"expected dense synapses, got {synapse['kind']}")
            weights = np.asarray(synapse["weights"], np.float32).reshape(size, -1)
            if synapse["from"] == input_name and "values" in self.inputs:
                # The same in every tick: computed once.
                drive += self.inputs["values"].reshape(self.samples, -1).astype(np.float32) @ weights.T
            else:
                spiking_inputs.append((groups[synapse["from"]], weights))
        group = brian2.NeuronGroup(size, "v : 1", **firing)
        groups[node["name"]] = group
        group.run_regularly(f"v = {start!r}", dt=self.window * ms, when="start")
        if drive.any():
            group.namespace["drive"] = brian2.TimedArray(drive, dt=self.window * ms)
            group.run_regularly(f"v += drive((t_in_timesteps % {self.window * self.samples}) * dt, i) * int({active})", when="groups")
        synapses = []
        for source, weights in spiking_inputs:
            synapse = brian2.Synapses(source, group, "w : 1", on_pre="v_post += w")
            synapse.connect()
            # Made source by source.
            synapse.w = weights.T.ravel()
            synapses.append(synapse)
        return synapses

    def note_start(self) -> None:
        self.started = self.started or time.perf_counter_ns()

    def run(self, times: int) -> int:
        windows = times * self.samples
        if self.standalone:
            brian2.device.run(self.folder.name, with_output=False, run_args=[])
            return round(brian2.device._last_run_time * 1e9 * windows / STANDALONE_WINDOWS)
        self.started = 0
        self.simulation.run(windows * self.window * ms, namespace={})
        return time.perf_counter_ns() - self.started

    def outcome(self) -> list:
        if not self.standalone:
            self.simulation.run((self.samples + 1) * self.window * ms, namespace={})
        node = self.graph["nodes"][-1]
        if node["kind"] == "population":
            windows = STANDALONE_WINDOWS if self.standalone else 2
            counts = np.asarray(self.spikes.count)
            return [(counts // windows).tolist()]
        # The first is the potential before anything ran.
        charges = np.asarray(self.ends.v)[:, 1 : self.samples + 1].T
        unit = np.asarray(node["unit"], np.float64)
        return (charges * unit / self.ticks).tolist()


def main() -> None:
    logging.disable(logging.WARNING)
    answers = sys.stdout
    sys.stdout = sys.stderr
    contender: Contender | None = None
    for number, line in enumerate(sys.stdin):
        command, _, rest = line.strip().partition(" ")
        if command == "open":
            options = json.loads(rest)
            if options["library"] == "brian2-standalone":
                brian2.set_device("cpp_standalone", build_on_run=False)
                brian2.device.reinit()
                brian2.device.activate(build_on_run=False)
            contender = Contender(**options)
            answer: object = number
        elif command == "run":
            answer = contender.run(int(rest.split(" ")[1]))
        elif command == "outcome":
            answer = contender.outcome()
        elif command == "close":
            contender = None
            answer = True
        else:
            raise ValueError(f"unknown command {command!r}")
        print(json.dumps(answer), file=answers, flush=True)


main()
