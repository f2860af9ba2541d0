"""Writes the first 500 test images of MNIST and Fashion-MNIST, as gzipped IDX, for tests without a download."""

import gzip
from pathlib import Path

from datasets import first_samples, idx_bytes

SAMPLES = 500
MODELS = Path(__file__).resolve().parent.parent

for name in ("mnist", "fashion-mnist"):
    for kind, rank in (("images", 3), ("labels", 1)):
        cut = first_samples(idx_bytes(name, "test", kind), SAMPLES)
        target = MODELS / f"{name}-{SAMPLES}-{kind}-idx{rank}-ubyte.gz"
        target.write_bytes(gzip.compress(cut, 9, mtime=0))
        print(f"{target.name}: {target.stat().st_size} bytes")
