# Simulates networks with Brian2 (method "exact") and writes how often and when neurons fire: test/live/brian2.json, which
# test/live/brian2.test.ts compares with the naive definition in float64.
#   python -m venv <folder>; <folder>/bin/pip install "numpy<2.4" brian2==2.9.0
#   <folder>/bin/python scripts/brian2/spikes.py [random networks, default 100] [seconds of CUBA and Brunel, default 1]
import hashlib
import json
import os
import sys

import brian2
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, Synapses, second

from networks import brunel, cuba, draw

brian2.prefs.codegen.target = "numpy"


def group_of(population, dt):
    currents, adaptation, clamp = population["currents"], population["adaptation"], population["clamp"]

    def flag(name):
        return " (unless refractory)" if name in clamp else ""

    lines = ["drive : 1", "theta : 1", "level : 1", "silent : second"]
    if population["tau"] is None:
        lines += ["v : 1"]
    else:
        inside = " + ".join(["drive"] + [current["name"] for current in currents])
        lines += [f"dv/dt = ({inside}{' - w' if adaptation else ''} - v) / tau : 1{flag('v')}", "tau : second"]
    for current in currents:
        name = current["name"]
        equal = current["tau"] is population["tau"]
        lines.append(f"d{name}/dt = -{name} / {'tau' if equal else 'tau_' + name} : 1{flag(name)}")
        lines += [] if equal else [f"tau_{name} : second"]
    if adaptation:
        lines += ["dw/dt = -w / tau_w : 1", "tau_w : second", "jump : 1"]
    # Solutions that are not simplified may divide by zero while a neuron is refractory; simplifying takes long.
    solving = {"method": "exact", "method_options": {"simplify": "v" in clamp}}
    reset = ["v -= theta" if population["reset"] is None else "v = level"]
    reset += [f"{name} = 0" for name in population["clears"]] + (["w += jump"] if adaptation else [])
    group = NeuronGroup(
        population["n"],
        "\n".join(lines),
        threshold="v > theta" if population["strict"] else "v >= theta",
        reset="; ".join(reset),
        refractory=False if population["refractory"] == [0] else "silent",
        **({} if population["tau"] is None else solving),
    )

    def assign(name, values, unit=1):
        setattr(group, name, [value * unit for value in values] if len(values) > 1 else values[0] * unit)

    assign("drive", population["drive"] or [0])
    assign("theta", population["threshold"])
    assign("level", population["reset"] or [0])
    assign("silent", population["refractory"], dt * second)
    assign("v", population["initial"])
    if population["tau"] is not None:
        assign("tau", population["tau"], dt * second)
    for current in currents:
        if current["tau"] is not population["tau"]:
            assign("tau_" + current["name"], current["tau"], dt * second)
    if adaptation:
        assign("tau_w", [adaptation["tau"]], dt * second)
        assign("jump", adaptation["jump"])
    if population["floor"] is not None:
        group.run_regularly(f"v = clip(v, {population['floor']!r}, inf)", when="before_thresholds")
    return group


def simulate(network):
    """(tick, population, neuron) of each spike, in order."""
    brian2.start_scope()
    dt, before, spikes = network["dt"], network["before"], network["input"]["spikes"]
    brian2.defaultclock.dt = dt * second
    net = Network()
    groups = {population["name"]: group_of(population, dt) for population in network["populations"]}
    monitors = [SpikeMonitor(group) for group in groups.values()]
    groups["input"] = SpikeGeneratorGroup(
        network["input"]["n"], [neuron for _, neuron in spikes], [tick * dt for tick, _ in spikes] * second
    )
    for synapse in network["synapses"]:
        if not synapse["edges"]:
            continue
        joins = Synapses(groups[synapse["from"]], groups[synapse["to"]], "weight : 1", on_pre=f"{synapse['into']} += weight")
        sources, targets, weights, delays = zip(*synapse["edges"])
        joins.connect(i=list(sources), j=list(targets))
        joins.weight = list(weights)
        joins.delay = [(delay - (1 if before else 0)) * dt for delay in delays] * second
        net.add(joins)
    net.add(*groups.values(), *monitors)
    if before:
        net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    net.run(network["ticks"] * dt * second)
    return sorted(
        (round(float(time / second) / dt), number, int(neuron))
        for number, monitor in enumerate(monitors)
        for time, neuron in zip(monitor.t, monitor.i)
    )


def written(spikes):
    text = ",".join(":".join(map(str, spike)) for spike in spikes)
    return {"spikes": len(spikes), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def large(network):
    spikes = simulate(network)
    ticks = network["ticks"]
    # The whole, and the beginning, which tests of every day compare.
    spans = sorted({min(1000, ticks), ticks})
    return {
        "spans": [{"ticks": span, **written([spike for spike in spikes if spike[0] < span])} for span in spans],
        "first": [[tick, neuron] for tick, _, neuron in spikes[:300]],
    }


def main():
    networks = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    ticks = round((float(sys.argv[2]) if len(sys.argv) > 2 else 1) * 10_000)
    found = {"brian2": brian2.__version__, "random": []}
    for seed in range(networks):
        found["random"].append({"seed": seed, **written(simulate(draw(seed)))})
        print(found["random"][-1], flush=True)
    for name, network in [
        ("cuba", lambda: cuba(ticks)),
        ("brunelAfter", lambda: brunel(ticks, False)),
        ("brunelBefore", lambda: brunel(ticks, True)),
    ]:
        found[name] = large(network())
        print(name, found[name]["spans"], flush=True)
    path = os.path.join(os.path.dirname(__file__), "..", "..", "test", "live", "brian2.json")
    lines = json.dumps(found).replace('{"seed"', '\n{"seed"').replace('"cuba"', '\n"cuba"').replace('"brunel', '\n"brunel')
    with open(path, "w") as file:
        file.write(lines + "\n")
    print(sum(each["spikes"] for each in found["random"]), "spikes of random networks")


if __name__ == "__main__":
    main()
