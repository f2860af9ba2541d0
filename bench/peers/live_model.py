"""A network of suite `live` as bench/live/peers.ts writes it: model.json and arrays beside it."""

import json
from pathlib import Path

import numpy as np


class Model:
    """Fields as in bench/live/models.ts; a tick is 0.1 ms."""

    tick_ms = 0.1

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        fields = json.loads((self.folder / "model.json").read_text())
        self.neurons: int = fields["neurons"]
        self.ticks: int = fields["ticks"]
        self.tau_ms: float = fields["timeConstantTicks"] * self.tick_ms
        self.threshold: float = fields["threshold"]
        self.reset_value: float = fields["resetValue"]
        self.refractory_ticks: int = fields["refractoryTicks"]
        self.clamp: list = fields["clamp"]
        self.clears: list = fields["clears"]
        self.currents: dict = {name: ticks * self.tick_ms for name, ticks in fields["currents"].items()}
        self.background: dict | None = fields.get("background")
        self.inputs: int = fields["inputs"]
        self.connections: list = fields["connections"]
        self.level = self.array("level")
        self.initial = self.array("initial")

    @property
    def milliseconds(self) -> float:
        return self.ticks * self.tick_ms

    def array(self, name: str) -> np.ndarray:
        return np.load(self.folder / f"{name}.npy")

    def edges(self, connection: dict) -> tuple:
        """Sources, targets and weights of each connection."""
        name = connection["name"]
        return self.array(f"{name}-from"), self.array(f"{name}-to"), self.array(f"{name}-weights")
