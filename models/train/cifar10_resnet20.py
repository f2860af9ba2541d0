"""Trains models/cifar10-resnet20.onnx: ResNet-20 (He 2016), residual, global average pooling."""

import torch

from augmentation import flip, shift
from model_card import InputConvention
from networks import cifar10_resnet20
from training import Cycle, Recipe, train_and_export

CONVENTION = InputConvention(mean=[0.4914, 0.4822, 0.4465], std=[0.247, 0.2435, 0.2616], channel_order="RGB")


def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return shift(flip(batch, generator), generator, 4)


if __name__ == "__main__":
    recipe = Recipe(
        name="cifar10-resnet20", task="natural images", data="cifar10", epochs=36, batch_size=128,
        peak_learning_rate=0.2, weight_decay=5e-4, convention=CONVENTION, augment=augment,
        half_products=True, further_cycles=(Cycle(epochs=12, peak_learning_rate=0.05),),
    )
    train_and_export(recipe, cifar10_resnet20)
