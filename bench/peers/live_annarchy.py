"""Suite `live` in ANNarchy: C++ that it writes and compiles, on one thread; its own connection rule, with the model's statistics."""

import time

import ANNarchy as ann
import numpy as np

from live_model import Model


class Simulation:
    def __init__(self, library: str, model: Model) -> None:
        self.model = model
        self.network = ann.Network(dt=model.tick_ms, seed=1)
        self.network.config(num_threads=1, dtype=ann.float32)
        targets = self.targets()
        arriving = "".join(f" + g_{target}" for target in targets.values())
        equations = []
        if model.currents:
            equations = [ann.Variable(f"tau*dv/dt = level{arriving} - v", init=0.0, method="exponential")]
            equations += [
                ann.Variable(f"{value!r}*dg_{targets[name]}/dt = -g_{targets[name]}", method="exponential")
                for name, value in model.currents.items()
            ]
        else:
            weight, mean = model.background["weight"], model.background["rateHz"] * model.tick_ms / 1000
            equations = [f"v += (level - v)*decay{arriving} + {weight!r}*Binomial(1000, {mean / 1000!r})"]
        neuron = ann.Neuron(
            parameters={
                "tau": model.tau_ms,
                "level": float(model.level[0]),
                "decay": float(1 - np.exp(-model.tick_ms / model.tau_ms)),
            },
            equations=equations,
            spike=f"v > {model.threshold!r}",
            reset=f"v = {model.reset_value!r}",
            refractory=(model.refractory_ticks + 1) * model.tick_ms,
        )
        cells = self.network.create(geometry=model.neurons, neuron=neuron)
        cells.v = model.initial
        for connection in model.connections:
            self.connect(cells, connection, targets[connection.get("into", connection["name"])])
        self.monitor = self.network.monitor(cells, "spike")
        self.network.compile(directory=str(model.folder / "annarchy-program"), silent=True)

    def targets(self) -> dict:
        """ANNarchy's name for each variable that synapses reach."""
        names = list(self.model.currents) or [connection["name"] for connection in self.model.connections]
        return dict(zip(names, ["exc", "inh"]))

    def connect(self, cells, connection: dict, target: str) -> None:
        sources, _, weights = self.model.edges(connection)
        first, last = int(sources.min()), int(sources.max())
        projection = self.network.connect(pre=cells[first : last + 1], post=cells, target=target)
        projection.fixed_number_pre(
            len(sources) // self.model.neurons,
            weights=float(weights[0]),
            delays=connection["delayTicks"] * self.model.tick_ms,
        )

    def run(self) -> tuple:
        """Nanoseconds on a processor, and spikes."""
        self.network.reset(populations=True)
        start = time.process_time_ns()
        self.network.simulate(self.model.milliseconds)
        spent = time.process_time_ns() - start
        spikes = self.monitor.get("spike")
        return spent, sum(len(times) for times in spikes.values())
