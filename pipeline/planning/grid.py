"""The grid: four axes, their cells, and the exact quota of every cell."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, did_you_mean
from pipeline.planning.spec import AxisName, DatasetSpec, Names
from pipeline.planning.vocabulary import Emotion, Level, Preset, Vocabulary, find_level

# Steps of a Kronecker sequence in four dimensions: powers of 1/g, where g > 1 solves g^5 = g + 1. They spread the
# cells of a product of axes evenly over [0, 1) (M. Roberts, "The unreasonable effectiveness of quasirandom sequences").
_STEPS = 1.1673039782614187 ** -np.arange(1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of an emotion with an ethnicity, an age in years and a gender."""

    emotion: Emotion
    ethnicity: Level
    age: int
    gender: Level

    @property
    def slug(self) -> str:
        """The part of a slot id that names the cell: awe-black-woman-040."""
        return f"{self.emotion.slug}-{self.ethnicity.slug}-{self.gender.slug}-{self.age:03d}"


@dataclass(frozen=True)
class Grid:
    """The cells of a spec in emotion-major order, and their quotas."""

    emotions: tuple[Emotion, ...]
    ethnicities: tuple[Level, ...]
    ages: tuple[int, ...]
    genders: tuple[Level, ...]
    quotas: NDArray[np.int64]
    """Accepted pictures asked of each cell, shape (cells,)."""
    phases: NDArray[np.float64]
    """A number in [0, 1) for each cell, shape (cells,); follows from the cell's place in the vocabulary alone."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Levels of emotion, ethnicity, age and gender."""
        return len(self.emotions), len(self.ethnicities), len(self.ages), len(self.genders)

    def cell(self, number: int) -> Cell:
        """Cell `number` (0 up) of the emotion-major order."""
        emotion, ethnicity, age, gender = np.unravel_index(number, self.shape)
        return Cell(self.emotions[emotion], self.ethnicities[ethnicity], self.ages[age], self.genders[gender])

    @cached_property
    def levels(self) -> NDArray[np.int64]:
        """The level of each cell on each axis, shape (cells, 4), counted from 0 within its axis."""
        return np.stack(np.unravel_index(np.arange(len(self.quotas)), self.shape), axis=1)

    @cached_property
    def number_of(self) -> Mapping[str, int]:
        """Cell number by cell slug."""
        return {self.cell(number).slug: number for number in range(len(self.quotas))}

    def level_names(self, axis: str) -> tuple[str, ...]:
        """The labels of an axis, as the dataset writes them."""
        if axis == "age":
            return tuple(str(age) for age in self.ages)
        named: dict[str, tuple[Emotion, ...] | tuple[Level, ...]] = {
            "emotion": self.emotions, "ethnicity": self.ethnicities, "gender": self.genders,
        }  # fmt: skip
        return tuple(level.name for level in named[axis])


def make_grid(spec: DatasetSpec, vocabulary: Vocabulary) -> Grid:
    """The grid that `spec` declares. InputError where it names what prompts/ does not, or weights cannot be met."""
    wanted = spec.grid
    preset = _preset(wanted.demographics, vocabulary)
    emotions = vocabulary.emotions if wanted.emotions == "all" else tuple(map(vocabulary.emotion, wanted.emotions))
    ethnicities = _chosen(wanted.ethnicities, preset.ethnicities, "ethnicity", vocabulary)
    genders = _chosen(wanted.genders, preset.genders, "gender", vocabulary)
    ages = preset.ages if wanted.ages == "all" else wanted.ages
    axes = (
        _axis("emotion", [(e.slug, e.name, *e.aliases) for e in emotions], map(vocabulary.emotions.index, emotions)),
        _axis("ethnicity", [(e.slug, e.name) for e in ethnicities], map(preset.ethnicities.index, ethnicities)),
        _axis("age", [(str(age),) for age in ages], ages),
        _axis("gender", [(g.slug, g.name) for g in genders], map(preset.genders.index, genders)),
    )
    ranks = np.meshgrid(*(axis.ranks for axis in axes), indexing="ij")
    phases = np.mod(sum(rank.ravel() * step for rank, step in zip(ranks, _STEPS, strict=True)), 1.0)
    weights = np.einsum("i,j,k,l->ijkl", *(axis.factors(spec) for axis in axes)).ravel()
    return Grid(emotions, ethnicities, ages, genders, _quotas(spec.images_per_cell, weights, phases), phases)


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis, as weights and phases need it."""

    name: AxisName
    positions: Mapping[str, int]
    """Every spelling of a level, in lower case, and the level's position in the grid."""
    ranks: tuple[int, ...]
    """The levels' positions in the vocabulary; of ages, the years."""

    def factors(self, spec: DatasetSpec) -> NDArray[np.float64]:
        """The weight of each level, 1 where the spec says nothing."""
        factors = np.ones(len(self.ranks))
        for level, weight in spec.weights.get(self.name, {}).items():
            if level.lower() not in self.positions:
                near = did_you_mean(level, self.positions)
                raise InputError(f"weights.{self.name}: {level!r} is not a level of the grid{near}")
            if not (math.isfinite(weight) and weight > 0):
                raise InputError(f"weights.{self.name}.{level}: {weight:g} cannot be met; a weight is above 0")
            factors[self.positions[level.lower()]] = weight
        return factors


def _axis(name: AxisName, spellings: Sequence[tuple[str, ...]], ranks: Iterable[int]) -> _Axis:
    if len(set(spellings)) < len(spellings):
        raise InputError(f"grid: a level of {name} is named twice")
    positions = {word.lower(): position for position, words in enumerate(spellings) for word in words}
    return _Axis(name, positions, tuple(ranks))


def _chosen(wanted: Names, levels: tuple[Level, ...], axis: str, vocabulary: Vocabulary) -> tuple[Level, ...]:
    if wanted == "all":
        return levels
    return tuple(find_level(name, levels, axis, vocabulary.folder) for name in wanted)


def _quotas(images_per_cell: int, weights: NDArray[np.float64], phases: NDArray[np.float64]) -> NDArray[np.int64]:
    """Largest remainder: whole numbers that sum to the rounded total; equal remainders are served by phase."""
    exact = images_per_cell * weights
    quotas = np.floor(exact + 1e-9).astype(np.int64)
    missing = round(float(exact.sum())) - int(quotas.sum())
    remainders = np.round(exact - quotas, 9)
    order = np.lexsort((phases, -remainders))
    quotas[order[:missing]] += 1
    if (quotas == 0).any():
        least = float(weights.min())
        raise InputError(
            f"weights: {int((quotas == 0).sum())} cells would get no picture (least weight {least:g}); "
            f"raise images_per_cell to {math.ceil(1 / least)} or more, or leave the level out of the grid"
        )
    return quotas


def _preset(name: str, vocabulary: Vocabulary) -> Preset:
    if name not in vocabulary.presets:
        near = did_you_mean(name, vocabulary.presets)
        raise InputError(
            f"grid.demographics: unknown preset {name!r}{near} (one of: {', '.join(vocabulary.presets)}; "
            f"{vocabulary.folder / 'demographics.yaml'})"
        )
    return vocabulary.presets[name]
