"""Random changes of a batch of training images, float32 [batch, channels, height, width], drawn from a generator."""

import torch
from torch.nn import functional


def shift(batch: torch.Tensor, generator: torch.Generator, pixels: int) -> torch.Tensor:
    """Moves each image by up to `pixels` in both directions; zeros come in."""
    count, channels, height, width = batch.shape
    padded = functional.pad(batch, [pixels] * 4)
    top = torch.randint(0, 2 * pixels + 1, (count, 1), generator=generator)
    left = torch.randint(0, 2 * pixels + 1, (count, 1), generator=generator)
    rows = (top + torch.arange(height)).reshape(count, 1, height, 1)
    columns = (left + torch.arange(width)).reshape(count, 1, 1, width)
    return padded[torch.arange(count).reshape(-1, 1, 1, 1), torch.arange(channels).reshape(1, -1, 1, 1), rows, columns]


def flip(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirrors half of the images left to right."""
    chosen = torch.rand(len(batch), generator=generator) < 0.5
    return torch.where(chosen.reshape(-1, 1, 1, 1), batch.flip(3), batch)


def rotate_and_scale(batch: torch.Tensor, generator: torch.Generator, degrees: float, scale: float) -> torch.Tensor:
    """Turns each image by up to `degrees` and resizes it by up to the fraction `scale`; zeros come in."""
    count = len(batch)
    angle = torch.deg2rad((torch.rand(count, generator=generator) * 2 - 1) * degrees)
    zoom = 1 + (torch.rand(count, generator=generator) * 2 - 1) * scale
    cosine, sine, zero = torch.cos(angle) * zoom, torch.sin(angle) * zoom, torch.zeros(count)
    matrix = torch.stack([torch.stack([cosine, -sine, zero], 1), torch.stack([sine, cosine, zero], 1)], 1)
    grid = functional.affine_grid(matrix, list(batch.shape), align_corners=False)
    return functional.grid_sample(batch, grid, align_corners=False)


def erase(batch: torch.Tensor, generator: torch.Generator, size: int) -> torch.Tensor:
    """Sets one square of `size` pixels of each image to zero; it may reach over the border."""
    count, _, height, width = batch.shape
    top = torch.randint(1 - size, height, (count, 1), generator=generator)
    left = torch.randint(1 - size, width, (count, 1), generator=generator)
    rows, columns = torch.arange(height) - top, torch.arange(width) - left
    inside = ((rows >= 0) & (rows < size)).unsqueeze(2) & ((columns >= 0) & (columns < size)).unsqueeze(1)
    return batch.masked_fill(inside.unsqueeze(1), 0.0)
