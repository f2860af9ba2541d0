"""One seeded training loop for all models: OneCycle learning rate, checkpoint an epoch, resumable.

No quantisation is simulated here: the networks are ordinary ReLU networks.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

import datasets
from model_card import MODELS, InputConvention, write_card
from onnx_writer import OnnxWriter

Augmentation = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
THREADS = 1
# Of the models that lie directly in models/.
FIRST_SEED = 1


@dataclass(frozen=True)
class Cycle:
    """One rise and fall of the learning rate."""

    epochs: int
    peak_learning_rate: float


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, but for the order of floating-point sums in the libraries."""

    name: str
    task: str
    data: str
    epochs: int
    batch_size: int
    peak_learning_rate: float
    weight_decay: float
    convention: InputConvention
    augment: Augmentation
    optimizer: str = "sgd"
    label_smoothing: float = 0.0
    half_weights: bool = False
    # Products in bfloat16, sums and weights in float32: 1.7 times as fast on one AVX-512 core.
    half_products: bool = False
    seed: int = FIRST_SEED
    # Warm restarts after the first cycle, each with a fresh optimizer.
    further_cycles: tuple[Cycle, ...] = ()
    # Goes into the JSON file.
    note: str = ""

    @property
    def file(self) -> str:
        """Path below models/ without its suffix: further seeds have a folder of their own."""
        return self.name if self.seed == FIRST_SEED else f"seeds/{self.name}-{self.seed}"


def train_and_export(recipe: Recipe, build: Callable[[], nn.Sequential]) -> None:
    """Trains, writes `models/<name>.onnx`, measures that file and writes `models/<name>.json`.

    `--seed n` on the command line draws other first weights and batches and writes to models/seeds/.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=recipe.seed)
    recipe = replace(recipe, seed=parser.parse_args().seed)
    torch.set_num_threads(THREADS)
    torch.set_flush_denormal(True)
    torch.manual_seed(recipe.seed)
    network = build().to(memory_format=torch.channels_last)
    train(recipe, network)
    export(recipe, network)


def export(recipe: Recipe, network: nn.Sequential) -> None:
    images, _ = datasets.load(recipe.data, "test")
    writer = OnnxWriter(half_weights=recipe.half_weights)
    path = MODELS / f"{recipe.file}.onnx"
    path.parent.mkdir(exist_ok=True)
    writer.save(path, network, images.shape[1:], len(datasets.CLASSES[recipe.data]))
    script = f"models/train/{recipe.name.replace('-', '_')}.py"
    origin = {"license": "MIT", "trainedBy": script} | ({"note": recipe.note} if recipe.note else {})
    write_card(recipe.file, recipe.task, recipe.data, recipe.convention, origin)


def train(recipe: Recipe, network: nn.Sequential) -> None:
    """Trains in place; continues from the last checkpoint of the same recipe, if there is one."""
    pixels, labels = datasets.load(recipe.data, "train")
    images = torch.from_numpy(recipe.convention.apply(pixels))
    targets = torch.from_numpy(labels)
    done = 0
    for cycle in (Cycle(recipe.epochs, recipe.peak_learning_rate), *recipe.further_cycles):
        _cycle(recipe, cycle, done, network, images, targets)
        done += cycle.epochs


def _cycle(recipe: Recipe, cycle: Cycle, done: int, network: nn.Sequential, images: torch.Tensor, targets: torch.Tensor) -> None:
    optimizer = _optimizer(recipe, cycle, network)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, cycle.peak_learning_rate, total_steps=cycle.epochs * (len(images) // recipe.batch_size), pct_start=0.25, cycle_momentum=False
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    last = done + cycle.epochs
    checkpoint = _checkpoint_path(recipe, last)
    first_epoch = _resume(checkpoint, network, optimizer, schedule)
    for epoch in range(max(done, first_epoch), last):
        start = time.monotonic()
        # Seeded by epoch, so that a resumed run sees the same batches as an uninterrupted one.
        generator = torch.Generator().manual_seed(recipe.seed * 1000 + epoch)
        torch.manual_seed(recipe.seed * 1000 + epoch)
        loss = _epoch(recipe, network, optimizer, schedule, criterion, images, targets, generator)
        state = {"epoch": epoch + 1, "network": network.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
        partial = checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, checkpoint)
        print(f"{recipe.name} epoch {epoch + 1}/{last}: loss {loss:.4f}, {time.monotonic() - start:.0f} s", flush=True)


def _epoch(
    recipe: Recipe,
    network: nn.Sequential,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    criterion: nn.CrossEntropyLoss,
    images: torch.Tensor,
    targets: torch.Tensor,
    generator: torch.Generator,
) -> float:
    """One pass over the training images; returns the mean loss."""
    network.train()
    order = torch.randperm(len(images), generator=generator)
    losses = []
    for start in range(0, len(images) - recipe.batch_size + 1, recipe.batch_size):
        chosen = order[start : start + recipe.batch_size]
        batch = recipe.augment(images[chosen], generator).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.half_products):
            loss = criterion(network(batch), targets[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def _optimizer(recipe: Recipe, cycle: Cycle, network: nn.Sequential) -> torch.optim.Optimizer:
    """Weight decay on weights only: decayed BatchNorm scales and biases cost accuracy."""
    groups = [
        {"params": [p for p in network.parameters() if p.dim() > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in network.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=cycle.peak_learning_rate)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=cycle.peak_learning_rate, momentum=0.9, nesterov=True)
    raise ValueError(f'optimizer expected "adamw" or "sgd", got "{recipe.optimizer}"')


def _checkpoint_path(recipe: Recipe, epochs: int) -> Path:
    folder = datasets.cache_folder() / "checkpoints"
    folder.mkdir(exist_ok=True)
    return folder / f"{recipe.name}-seed{recipe.seed}-epochs{epochs}.pt"


def _resume(
    checkpoint: Path,
    network: nn.Sequential,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> int:
    """Restores the last checkpoint; returns the epoch to train next."""
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    print(f"continues {checkpoint.name} after epoch {state['epoch']}", flush=True)
    return state["epoch"]
