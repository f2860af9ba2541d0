"""Suite `live` in Brian2: code compiled through Cython (`brian2`), or a C++ program that Brian2 writes (`brian2-standalone`)."""

import logging
import time
from pathlib import Path

import brian2
import numpy as np
from brian2 import Hz, ms

from live_model import Model

logging.disable(logging.WARNING)


class Simulation:
    def __init__(self, library: str, model: Model) -> None:
        self.model, self.standalone = model, library == "brian2-standalone"
        if self.standalone:
            brian2.set_device("cpp_standalone", build_on_run=False)
        else:
            brian2.prefs.codegen.target = "cython"
        brian2.prefs.core.default_float_dtype = np.float32
        brian2.defaultclock.dt = model.tick_ms * ms
        cells = self.cells()
        sources = {"cells": cells}
        objects = [cells]
        if model.inputs > 0:
            spikes = (model.array("input-neurons"), model.array("input-ticks") * model.tick_ms * ms)
            sources["input"] = brian2.SpikeGeneratorGroup(model.inputs, *spikes)
            objects.append(sources["input"])
        objects += [self.synapses(sources[each["from"]], cells, each) for each in model.connections]
        if model.background is not None:
            # As many sources as excitatory connections in the network, as in the original.
            count, rate = 1000, model.background["rateHz"]
            objects.append(brian2.PoissonInput(cells, "v", count, rate / count * Hz, weight=model.background["weight"]))
        self.monitor = brian2.SpikeMonitor(cells, record=False)
        objects.append(self.monitor)
        if self.standalone:
            self.network = brian2.Network(objects)
            self.compile()
            return
        self.started = 0
        # The first tick comes after the set-up of a run.
        objects.append(brian2.NetworkOperation(self.note_start, when="start", order=-1))
        self.network = brian2.Network(objects)
        # Compiles.
        self.network.run(0 * ms, namespace={})
        self.network.store()

    def cells(self) -> brian2.NeuronGroup:
        model = self.model
        clamped = lambda name: " (unless refractory)" if name in model.clamp else ""
        currents = "".join(f" + {name}" for name in model.currents)
        equations = [f"dv/dt = (level{currents} - v) / tau : 1{clamped('v')}"]
        equations += [f"d{name}/dt = -{name} / ({value!r}*ms) : 1{clamped(name)}" for name, value in model.currents.items()]
        same = len(model.level) == 1
        if not same:
            equations.append("level : 1 (constant)")
        namespace = {"tau": model.tau_ms * ms}
        if same:
            namespace["level"] = float(model.level[0])
        cells = brian2.NeuronGroup(
            model.neurons,
            "\n".join(equations),
            threshold=f"v > {model.threshold!r}",
            reset="\n".join([f"v = {model.reset_value!r}", *(f"{name} = 0" for name in model.clears)]),
            refractory=(model.refractory_ticks + 1) * model.tick_ms * ms,
            method="exact",
            namespace=namespace,
        )
        cells.v = model.initial
        if not same:
            cells.level = model.level
        return cells

    def synapses(self, source, cells, connection: dict) -> brian2.Synapses:
        sources, targets, weights = self.model.edges(connection)
        into, rule = connection.get("into", "v"), connection.get("stdp")
        delay = connection["delayTicks"] * self.model.tick_ms * ms
        uniform = rule is None and bool(np.all(weights == weights[0]))
        if rule is not None:
            tau = rule["timeConstantTicks"] * self.model.tick_ms
            synapses = brian2.Synapses(
                source,
                cells,
                f"w : 1\ndx/dt = -x / ({tau!r}*ms) : 1 (event-driven)\ndy/dt = -y / ({tau!r}*ms) : 1 (event-driven)",
                on_pre=f"{into}_post += w\nx += 1\nw = clip(w - {rule['minus']!r}*y, 0, {rule['maximum']!r})",
                on_post=f"y += 1\nw = clip(w + {rule['plus']!r}*x, 0, {rule['maximum']!r})",
                delay={"pre": delay},
            )
        elif uniform:
            synapses = brian2.Synapses(source, cells, on_pre=f"{into}_post += {float(weights[0])!r}", delay=delay)
        else:
            synapses = brian2.Synapses(source, cells, "w : 1", on_pre=f"{into}_post += w", delay=delay)
        synapses.connect(i=sources, j=targets)
        if not uniform:
            synapses.w = weights
        return synapses

    def compile(self) -> None:
        self.folder = self.model.folder / "brian2-program"
        device = brian2.device
        device.insert_code("before_network_run", "std::clock_t llif_start = std::clock();")
        device.insert_code(
            "after_network_run",
            'std::ofstream("llif-seconds.txt") << double(std::clock() - llif_start) / CLOCKS_PER_SEC;',
        )
        self.network.run(self.model.milliseconds * ms, namespace={})
        device.build(directory=str(self.folder), compile=True, run=False, debug=False)

    def note_start(self) -> None:
        self.started = self.started or time.process_time_ns()

    def run(self) -> tuple:
        """Nanoseconds on a processor, and spikes."""
        if self.standalone:
            brian2.device.run(str(self.folder), with_output=False, run_args=[])
            seconds = float(Path(self.folder, "llif-seconds.txt").read_text())
            return round(seconds * 1e9), int(self.monitor.num_spikes)
        self.network.restore()
        self.started = 0
        self.network.run(self.model.milliseconds * ms, namespace={})
        return time.process_time_ns() - self.started, int(self.monitor.num_spikes)
