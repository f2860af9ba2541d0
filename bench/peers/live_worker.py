"""Simulates a network of suite `live` in another simulator: `live_worker.py LIBRARY FOLDER`. It answers each line with one line.

`open` builds and compiles, and gives the seconds that took; `run N` gives the nanoseconds on a processor that N runs of the model took,
each from its first tick; `outcome` gives the number of spikes of one run.
"""

import importlib
import json
import sys
import time

from live_model import Model


def main() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr
    library, folder = sys.argv[1:]
    simulation = None
    for line in sys.stdin:
        command, _, rest = line.strip().partition(" ")
        if command == "open":
            start = time.perf_counter()
            module = "live_brian2" if library.startswith("brian2") else f"live_{library}"
            simulation = importlib.import_module(module).Simulation(library, Model(folder))
            answer: object = time.perf_counter() - start
        elif command == "run":
            answer = sum(simulation.run()[0] for _ in range(int(rest)))
        elif command == "outcome":
            answer = simulation.run()[1]
        else:
            raise ValueError(f"unknown command {command!r}")
        print(json.dumps(answer), file=answers, flush=True)


main()
