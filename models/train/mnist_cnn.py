"""Trains models/mnist-cnn.onnx: four 3×3 convolutions with BatchNorm, two max poolings, two dense layers."""

import torch

from augmentation import rotate_and_scale, shift
from model_card import InputConvention
from networks import mnist_cnn
from training import Recipe, train_and_export


def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return shift(rotate_and_scale(batch, generator, degrees=12, scale=0.1), generator, 2)


if __name__ == "__main__":
    recipe = Recipe(
        name="mnist-cnn", task="handwritten digits", data="mnist", epochs=10, batch_size=128,
        peak_learning_rate=0.08, weight_decay=5e-4, convention=InputConvention(), augment=augment, half_weights=True,
    )
    train_and_export(recipe, mnist_cnn)
