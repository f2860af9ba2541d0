"""Trains models/cifar10-vgg.onnx: VGG-style, six 3×3 convolutions with BatchNorm, three max poolings."""

import torch

from augmentation import flip, shift
from model_card import InputConvention
from networks import cifar10_vgg
from training import Recipe, train_and_export

CONVENTION = InputConvention(mean=[0.4914, 0.4822, 0.4465], std=[0.247, 0.2435, 0.2616], channel_order="RGB")


def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return shift(flip(batch, generator), generator, 4)


if __name__ == "__main__":
    recipe = Recipe(
        name="cifar10-vgg", task="natural images", data="cifar10", epochs=24, batch_size=128,
        peak_learning_rate=0.15, weight_decay=5e-4, convention=CONVENTION, augment=augment,
        label_smoothing=0.05, half_products=True, half_weights=True,
    )
    train_and_export(recipe, cifar10_vgg)
