"""The architectures. Layer names here become node names in the ONNX files."""

from collections import OrderedDict

import torch
from torch import nn


class ResidualBlock(nn.Module):
    """relu(main(x) + shortcut(x)); the shortcut is the identity, or a strided 1×1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
                bn1=nn.BatchNorm2d(outputs),
                relu1=nn.ReLU(),
                conv2=nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
                bn2=nn.BatchNorm2d(outputs),
            )
        )
        if stride == 1 and inputs == outputs:
            self.shortcut: nn.Module = nn.Identity()
        else:
            convolution = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(OrderedDict(conv=convolution, bn=nn.BatchNorm2d(outputs)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.relu(self.main(x) + self.shortcut(x))


def mnist_mlp() -> nn.Sequential:
    """784-1200-1200-10."""
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            dropout0=nn.Dropout(0.1),
            dense1=nn.Linear(784, 1200),
            relu1=nn.ReLU(),
            dropout1=nn.Dropout(0.4),
            dense2=nn.Linear(1200, 1200),
            relu2=nn.ReLU(),
            dropout2=nn.Dropout(0.4),
            dense3=nn.Linear(1200, 10),
        )
    )


def plain_cnn(
    input_channels: int, stages: list[list[int]], image_size: int, hidden: int, dropout: float, classes: int = 10
) -> nn.Sequential:
    """3×3 convolutions with BatchNorm and ReLU; 2×2 max pooling after each stage; then one hidden dense layer.

    `stages` lists the output channels of the convolutions, stage by stage.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels, number = input_channels, 0
    for stage, widths in enumerate(stages, 1):
        for width in widths:
            number += 1
            layers[f"conv{number}"] = nn.Conv2d(channels, width, 3, padding=1, bias=False)
            layers[f"bn{number}"] = nn.BatchNorm2d(width)
            layers[f"relu{number}"] = nn.ReLU()
            channels = width
        layers[f"pool{stage}"] = nn.MaxPool2d(2, 2)
        layers[f"dropout{stage}"] = nn.Dropout(dropout / 2)
    size = image_size // 2 ** len(stages)
    layers["flatten"] = nn.Flatten()
    layers["dense1"] = nn.Linear(channels * size * size, hidden)
    layers["relu_dense1"] = nn.ReLU()
    layers["dropout_dense1"] = nn.Dropout(dropout)
    layers["dense2"] = nn.Linear(hidden, classes)
    return nn.Sequential(layers)


def mnist_cnn() -> nn.Sequential:
    return plain_cnn(1, [[16, 32], [32, 64]], 28, hidden=128, dropout=0.3)


def fashion_cnn() -> nn.Sequential:
    return plain_cnn(1, [[16, 32], [32, 64]], 28, hidden=256, dropout=0.4)


def cifar10_vgg() -> nn.Sequential:
    return plain_cnn(3, [[32, 48], [96, 96], [192, 192]], 32, hidden=256, dropout=0.3)


def cifar10_resnet20() -> nn.Sequential:
    """He 2016, section 4.2, n = 3, with projection shortcuts."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(3, 16, 3, padding=1, bias=False), bn1=nn.BatchNorm2d(16), relu1=nn.ReLU()
    )
    channels = 16
    for stage, width in enumerate((16, 32, 64), 1):
        for block in range(1, 4):
            stride = 2 if stage > 1 and block == 1 else 1
            layers[f"stage{stage}block{block}"] = ResidualBlock(channels, width, stride)
            channels = width
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["dense"] = nn.Linear(64, 10)
    return nn.Sequential(layers)
