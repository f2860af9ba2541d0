# The networks that spikes.py simulates, as test/live/drawn.ts draws them: 100 random ones over all options that Brian2 has, the CUBA
# benchmark of Brette et al. 2007 and a small network of Brunel 2000. Times are in ticks; a list of one value is for all neurons.
import math

from pcg32 import Pcg32


def draw(seed, ticks=1000):
    random = Pcg32(seed)
    before = random.chance(0.5)
    # All charges are multiples of 1/16, so that potentials often are at the threshold.
    sixteenths = random.chance(0.15)

    def between(low, high):
        value = random.between(low, high)
        return math.floor(value * 16) / 16 if sixteenths else value

    populations = []
    for name in ["a", "b"][: random.integer(1, 2)]:
        n = random.integer(5, 40)

        def row(low, high):
            return [between(low, high) for _ in range(1 if random.chance(0.5) else n)]

        names = [] if sixteenths else ["g", "h"][: random.integer(0, 2)]
        soft = random.chance(0.35)
        clears = [each for each in names if random.chance(0.4)]
        refractory = [0]
        clamp = []
        if random.chance(0.75):
            refractory = [random.integer(1, 7) for _ in range(1 if random.chance(0.5) else n)]
            # Brian2 has "unless refractory" for differential equations only, of which v without leak and drive has none.
            # What arrives in a neuron's own spike tick is lost to a clamped variable if Brian2 delivers after the threshold.
            clamp = ([] if sixteenths or soft and not before else ["v"]) + [each for each in names if before or each in clears]
            clamp = [each for each in clamp if random.chance(0.7)]
            # Brian2 integrates a clamped current into v as one that does not decay.
            clamp = [each for each in clamp if "v" in clamp or each in clears]
        population = {
            "name": name,
            "n": n,
            "tau": None if sixteenths else [random.between(5, 30) for _ in range(1 if random.chance(0.5) else n)],
            "currents": [],
            "drive": None if sixteenths else row(0.7, 1.3),
            "initial": row(-0.2, 0.7),
            "threshold": row(0.9, 1.2),
            "strict": random.chance(0.5),
            "reset": None if soft else [0] if random.chance(0.3) else row(-0.5, 0.2),
            "clears": clears,
            "refractory": refractory,
            "clamp": clamp,
            "floor": between(-0.9, -0.55) if random.chance(0.25) else None,
            "adaptation": None,
        }
        for each in names:
            # The equations that Brian2 solves divide by zero if v is clamped and has the time constant of a current.
            equal = "v" not in clamp and not any(each in clamp for each in names) and random.chance(0.5)
            constants = [random.between(2, 12) for _ in range(1 if random.chance(0.5) else n)]
            population["currents"].append({"name": each, "tau": population["tau"] if equal else constants})
        if not sixteenths and random.chance(0.35):
            population["adaptation"] = {"jump": row(0.02, 0.4), "tau": random.between(31, 90)}
        populations.append(population)
    sizes = {"input": 5, **{population["name"]: population["n"] for population in populations}}
    synapses = []
    for number in range(random.integer(2, 5)):
        to = populations[random.integer(0, len(populations) - 1)]
        sources = ["input"] if number == 0 else [to["name"]] if number == 1 else list(sizes)
        source = sources[random.integer(0, len(sources) - 1)]
        order = list(sizes)
        variables = ["v"] + [current["name"] for current in to["currents"]]
        into = variables[random.integer(0, len(variables) - 1)]
        first = 1 if before or order.index(source) >= order.index(to["name"]) else 0
        delay = random.integer(first, 8)
        own = random.chance(0.5)
        kinds = ["sparse", "sparse", "dense"] + (["identity"] if sizes[source] == to["n"] else [])
        kind = kinds[random.integer(0, len(kinds) - 1)]
        strength = (1.5 if into != "v" else 0.5) * (2 if source == "input" else 1)
        edges = []
        for i in range(sizes[source]):
            for j in range(to["n"]):
                if kind == "identity" and i != j or kind == "sparse" and random.unit() >= 0.2:
                    continue
                # More than one connection between the same two neurons.
                for _ in range(2 if kind == "sparse" and random.chance(0.05) else 1):
                    weight = between(-0.45, 0.55) * strength / (4 if kind == "dense" and not sixteenths else 1)
                    edges.append((i, j, weight, delay + (random.integer(0, 5) if own and kind == "sparse" else 0)))
        synapses.append({"from": source, "to": to["name"], "into": into, "kind": kind, "delay": delay, "edges": edges})
    spikes = [(tick, i) for tick in range(ticks) for i in range(5) if random.chance(0.08)]
    return {
        "dt": 1e-3,
        "ticks": ticks,
        "before": before,
        "populations": populations,
        "synapses": synapses,
        "input": {"n": 5, "spikes": spikes},
    }


def plain(name, n, **given):
    return {
        "name": name,
        "n": n,
        "currents": [],
        "drive": [0],
        "initial": [0],
        "strict": True,
        "reset": [0],
        "clears": [],
        "refractory": [0],
        "clamp": [],
        "floor": None,
        "adaptation": None,
        **given,
    }


# Millivolts above the reset (-60 mV), ticks of 0.1 ms. Each neuron has 80 targets, drawn with repetition.
def cuba(ticks, n=4000):
    random = Pcg32(1)
    edges = {"ge": [], "gi": []}
    for i in range(n):
        for _ in range(80):
            name, weight = ("ge", 1.62) if i < n * 4 // 5 else ("gi", -9.0)
            edges[name].append((i, random.integer(0, n - 1), weight, 1))
    initial = [10 * random.unit() for _ in range(n)]
    cells = plain(
        "cells",
        n,
        tau=[200],
        currents=[{"name": "ge", "tau": [50]}, {"name": "gi", "tau": [100]}],
        drive=[11],
        initial=initial,
        threshold=[10],
        refractory=[50],
        clamp=["v"],
    )
    synapses = [
        {"from": "cells", "to": "cells", "into": name, "kind": "sparse", "delay": 1, "edges": edges[name]} for name in edges
    ]
    return {
        "dt": 1e-4,
        "ticks": ticks,
        "before": False,
        "populations": [cells],
        "synapses": synapses,
        "input": {"n": 1, "spikes": []},
    }


# Millivolts, ticks of 0.1 ms: 1,000 excitatory and 250 inhibitory neurons, each with 125 targets, drawn with repetition, and a
# train of its own from outside of 1,000 Hz.
def brunel(ticks, before, n=1250):
    random = Pcg32(2)
    edges = []
    for i in range(n):
        for _ in range(125):
            edges.append((i, random.integer(0, n - 1), 0.4 if i < n * 4 // 5 else -2.0, 15))
    initial = [10 + 10 * random.unit() for _ in range(n)]
    spikes = [(tick, i) for tick in range(ticks) for i in range(n) if random.unit() < 0.1]
    cells = plain("cells", n, tau=[200], initial=initial, threshold=[20], reset=[10], refractory=[20], clamp=["v"])
    outside = [(i, i, 1.25, 1) for i in range(n)]
    return {
        "dt": 1e-4,
        "ticks": ticks,
        "before": before,
        "populations": [cells],
        "synapses": [
            {"from": "input", "to": "cells", "into": "v", "kind": "identity", "delay": 1, "edges": outside},
            {"from": "cells", "to": "cells", "into": "v", "kind": "sparse", "delay": 15, "edges": edges},
        ],
        "input": {"n": n, "spikes": spikes},
    }
