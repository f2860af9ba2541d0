"""Brian2 on the rule `pair`, as a C++ program that it writes and compiles, its fastest: answers as learning_worker.py does.

What Brian2 has no words for, the largest of a group and a sum of weights once an image, are functions in C++ (learning_winner.h).
"""

import json
import logging
import sys
import tempfile
from pathlib import Path

import brian2
import numpy as np
from brian2 import ms

HERE = str(Path(__file__).parent)


def shared(name: str, arguments: int) -> brian2.Function:
    function = brian2.Function(lambda *_: 0, arg_units=[1] * arguments, arg_types=["any"] * arguments, return_unit=1, return_type="float", stateless=False)
    inside = brian2.implementation("cpp", "// in the header", name=name, headers=['"learning_winner.h"'], include_dirs=[HERE])
    return inside(function)


FUNCTIONS = {name: shared(name, arguments) for name, arguments in [("note_over", 2), ("is_winner", 1), ("is_won", 1), ("note_weight", 2), ("sum_of", 1)]}


class Contender:
    def __init__(self, library: str, inputs: str, ticks: int, **rule: float) -> None:
        arrays = dict(np.load(inputs))
        self.ticks, self.images = ticks, int(arrays["images"].max()) + 1
        brian2.prefs.core.default_float_dtype = np.float32
        brian2.defaultclock.dt = 1 * ms
        inputs_count, neurons = arrays["weights"].shape
        spikes = np.zeros((self.images * ticks, inputs_count), np.float32)
        spikes[arrays["images"] * ticks + arrays["ticks"], arrays["neurons"]] = 1
        decay = float(np.exp(-1 / rule["tau"]))
        names = {**FUNCTIONS, "sent": brian2.TimedArray(spikes, dt=1 * ms), "d": decay}
        names |= {"plus": rule["plus"], "minus": rule["minus"], "rise": rule["rise"], "total": rule["sum"]}
        window = ticks * ms
        source = brian2.NeuronGroup(inputs_count, "x : 1", threshold="sent(t, i) > 0", reset="x = 1", namespace=names)
        layer = brian2.NeuronGroup(neurons, "v : 1\ny : 1\ntheta : 1\nover : 1", threshold="is_winner(i) > 0", reset="y = 1\ntheta += rise", namespace=names)
        # A tick: traces decay, inputs fire, charge and depression, the furthest fires, potentiation, resets.
        source.run_regularly("x *= d", when="before_groups")
        layer.run_regularly("y *= d", when="before_groups")
        source.run_regularly("x = 0", dt=window, when="start")
        layer.run_regularly("v = 0\ny = 0", dt=window, when="start")
        source.resetter["spike"].when = "before_synapses"
        layer.run_regularly("over = note_over(i, v - theta)", when="after_synapses", order=0)
        layer.thresholder["spike"].when = "after_synapses"
        layer.thresholder["spike"].order = 1
        layer.resetter["spike"].when = "after_resets"
        layer.run_regularly("v *= 1 - is_won(i)", when="after_resets", order=1)
        learn = brian2.Synapses(
            source,
            layer,
            "w : 1\nnoted : 1",
            on_pre="v_post += w\nw = clip(w - minus * y_post, 0, 1)",
            on_post="w = clip(w + plus * x_pre, 0, 1)",
            namespace=names,
        )
        learn.pre.when = "synapses"
        learn.post.when = "resets"
        learn.connect()
        learn.w = arrays["weights"].ravel()
        learn.run_regularly("noted = note_weight(j, w)", dt=window, when="start", order=1)
        learn.run_regularly("w = w * total / sum_of(j)", dt=window, when="start", order=2)
        layer.theta = rule["threshold"]
        self.monitor = brian2.SpikeMonitor(layer)
        network = brian2.Network(source, layer, learn, self.monitor)
        self.folder = tempfile.TemporaryDirectory()
        network.run(self.images * window)
        brian2.device.build(directory=self.folder.name, compile=True, run=True, debug=False)

    def run(self, times: int) -> int:
        seconds = 0.0
        for _ in range(times):
            brian2.device.run(self.folder.name, with_output=False, run_args=[])
            seconds += brian2.device._last_run_time
        return round(seconds * 1e9)

    def outcome(self) -> list:
        winners, times = np.asarray(self.monitor.i), np.asarray(self.monitor.t / ms)
        return [len(winners), winners[times < self.ticks - 0.5].tolist()]


def main() -> None:
    logging.disable(logging.WARNING)
    answers = sys.stdout
    sys.stdout = sys.stderr
    contender: Contender | None = None
    for line in sys.stdin:
        command, _, rest = line.strip().partition(" ")
        answer: object = True
        if command == "open":
            brian2.set_device("cpp_standalone", build_on_run=False)
            brian2.device.reinit()
            brian2.device.activate(build_on_run=False)
            contender = Contender(**json.loads(rest))
        elif command == "run":
            answer = contender.run(int(rest))
        elif command == "outcome":
            answer = contender.outcome()
        else:
            raise ValueError(f"unknown command {command!r}")
        print(json.dumps(answer), file=answers, flush=True)


main()
