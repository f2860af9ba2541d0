"""Trains models/fashion-cnn.onnx: four 3×3 convolutions with BatchNorm, two max poolings, two dense layers."""

import torch

from augmentation import flip, shift
from model_card import InputConvention
from networks import fashion_cnn
from training import Recipe, train_and_export


def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return shift(flip(batch, generator), generator, 2)


if __name__ == "__main__":
    recipe = Recipe(
        name="fashion-cnn", task="pictures of clothing", data="fashion-mnist", epochs=8, batch_size=128,
        peak_learning_rate=0.08, weight_decay=5e-4, convention=InputConvention(), augment=augment, half_weights=True,
    )
    train_and_export(recipe, fashion_cnn)
