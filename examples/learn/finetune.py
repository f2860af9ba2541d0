"""Trains the network that `llif learn` wrote a little further with scikit-learn, and writes it back.

pip install onnx scikit-learn
npx llif learn --data mnist -o learnt.onnx
python3 examples/learn/finetune.py learnt.onnx ~/.cache/llif/datasets/mnist tuned.onnx
npx llif evaluate tuned.onnx --data mnist
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from sklearn.neural_network import MLPClassifier

EPOCHS, RATE, BATCH = 2, 1e-3, 64


def idx(path):
    """The array of an IDX file of bytes, gzipped or not."""
    path = path if path.exists() else path.with_name(path.name + ".gz")
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    shape = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def main(source, folder, target, images="train-images-idx3-ubyte"):
    model = onnx.load(source)
    initializers = {each.name: each for each in model.graph.initializer}
    weights = {name: numpy_helper.to_array(initializers[name]) for name in initializers}
    pixels = idx(Path(folder).expanduser() / images)
    x = pixels.reshape(len(pixels), -1).astype(np.float32) / 255
    y = idx(Path(folder).expanduser() / images.replace("images-idx3", "labels-idx1"))

    classes = np.arange(len(weights["readout.bias"]))
    network = MLPClassifier((len(weights["features.bias"]),), learning_rate_init=RATE, batch_size=BATCH)
    # One small step makes the arrays, which then take the learnt weights.
    network.partial_fit(x[:BATCH], y[:BATCH], classes=classes)
    layers = ["features", "readout"]
    for layer, coefficients, intercepts in zip(layers, network.coefs_, network.intercepts_):
        coefficients[:] = weights[f"{layer}.weight"].T
        intercepts[:] = weights[f"{layer}.bias"]
    random = np.random.default_rng(0)
    for epoch in range(EPOCHS):
        order = random.permutation(len(x))
        for first in range(0, len(x), 1024):
            part = order[first : first + 1024]
            network.partial_fit(x[part], y[part])
        print(f"epoch {epoch + 1}: {100 * network.score(x, y):.2f} % of the training images", flush=True)

    for layer, coefficients, intercepts in zip(layers, network.coefs_, network.intercepts_):
        for name, values in [("weight", coefficients.T), ("bias", intercepts)]:
            array = np.ascontiguousarray(values, np.float32)
            initializers[f"{layer}.{name}"].CopyFrom(numpy_helper.from_array(array, f"{layer}.{name}"))
    onnx.save(model, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
