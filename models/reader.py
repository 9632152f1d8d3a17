"""The two networks that read faces, with one head an axis: the probe that ships and the judge that only measures.

They differ in all that could make them err alike: what they see (the probe an upright face, the judge the whole picture), how
they are built (a residual network, a ConvNeXt), their seed and the renders they learn from.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from models import networks
from models.tables import AGES, GENDERS, expressions, looks

SIZE = 96  # pixels of what both of them see
VISIBILITY = "visibility"
Weights = dict[str, torch.Tensor]


def levels() -> dict[str, tuple[str, ...]]:
    """Axis -> the levels that a head tells apart, as slugs."""
    return {
        "ethnicity": tuple(looks().ethnicities),
        "age": tuple(str(age) for age in AGES),
        "gender": GENDERS,
        "emotion": tuple(expressions()),
    }


class Reader(nn.Module):
    """A trunk, and linear heads on the mean of its last map; visibility also sees the maximum, for a finger is small."""

    def __init__(self, trunk: nn.Module, width: int, visibility: bool) -> None:
        super().__init__()
        self.trunk, self.width = trunk, width
        self.heads = nn.ModuleDict({axis: nn.Linear(width, len(names)) for axis, names in levels().items()})
        if visibility:
            self.heads[VISIBILITY] = nn.Linear(2 * width, 1)

    def forward(self, pictures: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Pictures (n, 3, SIZE, SIZE) in -1..1 to logits by axis and the embedding (n, width)."""
        maps = self.trunk(pictures)
        embedding, most = maps.mean((2, 3)), maps.amax((2, 3))
        read = {VISIBILITY: torch.cat([embedding, most], 1)}
        return {axis: head(read.get(axis, embedding)) for axis, head in self.heads.items()}, embedding


class Residual(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(after), nn.BatchNorm2d(after)])
        self.around = nn.Conv2d(before, after, 1) if before != after else nn.Identity()
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norms[1](self.second(functional.relu(self.norms[0](self.first(x)))))
        around = self.around(functional.avg_pool2d(x, 2) if self.stride == 2 else x)
        return functional.relu(y + around)


class Convolved(nn.Module):
    """A ConvNeXt block: a wide depthwise convolution, a two-layer perceptron at every place, a way around."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(width, width, 5, padding=2, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.widen, self.narrow = nn.Conv2d(width, 3 * width, 1), nn.Conv2d(3 * width, width, 1)
        self.scale = nn.Parameter(torch.full((width, 1, 1), 0.1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.narrow(functional.gelu(self.widen(self.norm(self.spread(x)))))
        return x + self.scale * y


def probe() -> Reader:
    """1.6 M parameters, 60 M multiplications a face."""
    trunk = nn.Sequential(
        nn.Conv2d(3, 24, 5, 2, 2, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        Residual(24, 48, 2),
        Residual(48, 48, 1),
        Residual(48, 96, 2),
        Residual(96, 96, 1),
        Residual(96, 192, 2),
        Residual(192, 192, 1),
    )
    return Reader(trunk, 192, visibility=True).to(memory_format=torch.channels_last)


def judge() -> Reader:
    """0.7 M parameters, 50 M multiplications a picture."""
    trunk = nn.Sequential(
        nn.Conv2d(3, 48, 4, 4),
        nn.GroupNorm(1, 48),
        Convolved(48),
        Convolved(48),
        nn.Conv2d(48, 96, 2, 2),
        Convolved(96),
        Convolved(96),
        nn.Conv2d(96, 192, 2, 2),
        Convolved(192),
        Convolved(192),
        nn.GroupNorm(1, 192),
    )
    return Reader(trunk, 192, visibility=False).to(memory_format=torch.channels_last)


def mean(ends: list[Weights]) -> Weights:
    """Of several networks' weights."""
    return {name: sum(one[name] / len(ends) for one in ends).to(value.dtype) for name, value in ends[0].items()}


def trained(which: str, work: Path) -> Reader:
    """The network of ``which``.pt: the mean of the ends of its runs."""
    state = networks.restore(work / f"{which}.pt")
    if state is None:
        raise SystemExit(f"{work}/{which}.pt is missing: run python -m models.train_reader {which} first")
    network = probe() if which == "probe" else judge()
    network.load_state_dict(mean(state["ends"]))
    return network


def as_input(pictures: torch.Tensor) -> torch.Tensor:
    """(n, SIZE, SIZE, 3) uint8 to (n, 3, SIZE, SIZE) in -1..1."""
    return pictures.permute(0, 3, 1, 2).float().div(127.5).sub(1)
