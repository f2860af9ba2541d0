"""Suite `live` in NEST: its own connection rules, with the statistics of the model's connections."""

import time

import nest
import numpy as np

from live_model import Model

nest.set_verbosity("M_ERROR")


class Simulation:
    def __init__(self, library: str, model: Model) -> None:
        self.model = model
        nest.ResetKernel()
        nest.SetKernelStatus({"resolution": model.tick_ms, "local_num_threads": 1, "rng_seed": 1, "print_time": False})
        # Its refractory time has no tick more than the clamped ones.
        parameters = {
            "C_m": 1.0,
            "E_L": 0.0,
            "tau_m": model.tau_ms,
            "V_th": model.threshold,
            "V_reset": model.reset_value,
            "t_ref": model.refractory_ticks * model.tick_ms,
            "I_e": float(model.level[0]) / model.tau_ms,
        }
        names = list(model.currents)
        if names:
            parameters |= {"tau_syn_ex": model.currents[names[0]], "tau_syn_in": model.currents[names[-1]]}
        self.cells = nest.Create("iaf_psc_exp" if names else "iaf_psc_delta", model.neurons, parameters)
        self.cells.V_m = model.initial.astype(np.float64)
        # A current acts on the potential by its value / τ.
        scale = 1 / model.tau_ms if names else 1.0
        for connection in model.connections:
            sources, _, weights = model.edges(connection)
            first, last = int(sources.min()), int(sources.max())
            nest.Connect(
                self.cells[first : last + 1],
                self.cells,
                {"rule": "fixed_indegree", "indegree": len(sources) // model.neurons, "allow_multapses": False},
                {"weight": float(weights[0]) * scale, "delay": connection["delayTicks"] * model.tick_ms},
            )
        if model.background is not None:
            noise = nest.Create("poisson_generator", params={"rate": model.background["rateHz"]})
            # The delay of the network, so that it does not exchange spikes more often.
            delay = model.connections[0]["delayTicks"] * model.tick_ms
            nest.Connect(noise, self.cells, syn_spec={"weight": model.background["weight"], "delay": delay})
        nest.Prepare()
        self.first = True

    def run(self) -> tuple:
        """Nanoseconds on a processor, and spikes. Later runs go on from where the last one ended."""
        start = time.process_time_ns()
        nest.Run(self.model.milliseconds)
        spent = time.process_time_ns() - start
        return spent, int(nest.GetKernelStatus("local_spike_counter"))
