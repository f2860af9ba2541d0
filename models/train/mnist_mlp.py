"""Trains models/mnist-mlp.onnx: 784-1200-1200-10."""

import torch

from augmentation import shift
from model_card import InputConvention
from networks import mnist_mlp
from training import Recipe, train_and_export


def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return shift(batch, generator, 1)


if __name__ == "__main__":
    recipe = Recipe(
        name="mnist-mlp", task="handwritten digits", data="mnist", epochs=20, batch_size=128,
        peak_learning_rate=1e-3, weight_decay=0.02, optimizer="adamw", convention=InputConvention(),
        augment=augment, half_weights=True,
    )
    train_and_export(recipe, mnist_mlp)
