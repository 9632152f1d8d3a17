"""The same figures by group of people, and how far each group is behind the best one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pipeline.evaluation.arrays import Floats, Ints
from pipeline.evaluation.bootstrap import Estimate
from pipeline.evaluation.figures import LOWER_IS_BETTER, OVERALL, Draws, LabelFigures, Overall
from pipeline.evaluation.sample import Groups, Sample

SMALL = 30
"""A group of fewer pictures is shown, and is named neither best nor worst."""
PAIRED = ("ethnicity", "age", "gender")


@dataclass(frozen=True, slots=True)
class Group:
    """One group: its figures, and each overall figure less that of the axis' best group (nan where none is named)."""

    level: str
    pictures: int
    small: bool
    overall: Overall
    behind: Overall
    labels: tuple[LabelFigures, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest difference on an axis, in one overall figure: worst group less best group."""

    figure: str
    best: str
    worst: str
    difference: Estimate


@dataclass(frozen=True, slots=True)
class AxisFigures:
    """The groups of an axis, or of a pair of axes ("ethnicity x age"). `gaps` is empty where fewer than two are not small.

    Best and worst are chosen on the sample itself, and the interval does not know that they were chosen: of many
    groups without any difference, the outermost two differ too.
    """

    axis: str
    groups: tuple[Group, ...]
    gaps: tuple[Gap, ...]


def with_pairs(groups: Groups) -> dict[str, tuple[str, ...]]:
    """`groups` and every two of the demographic axes together."""
    axes = {axis: tuple(levels) for axis, levels in groups.items()}
    for first, second in combinations([axis for axis in PAIRED if axis in axes], 2):
        levels = zip(axes[first], axes[second], strict=True)
        axes[f"{first} x {second}"] = tuple(f"{one}, {other}" for one, other in levels)
    return axes


def members(levels: tuple[str, ...]) -> dict[str, Ints]:
    """Level -> its pictures' positions, in name order."""
    names, level_of = np.unique(np.array(levels), return_inverse=True)
    return {str(name): np.flatnonzero(level_of == position) for position, name in enumerate(names)}


def axis_figures(axis: str, sample: Sample, pictures: Mapping[str, Ints], draws: Mapping[str, Draws]) -> AxisFigures:
    """What an axis shows: `pictures` are the positions and `draws` the figures of each of its groups."""
    large = [level for level, positions in pictures.items() if len(positions) >= SMALL]
    best = [_outermost(large, draws, row, best=True) for row in range(len(OVERALL))]
    worst = [_outermost(large, draws, row, best=False) for row in range(len(OVERALL))]
    groups = tuple(
        Group(
            level=level,
            pictures=len(positions),
            small=level not in large,
            overall=draws[level].as_overall(),
            behind=draws[level].less(_best_draws(draws, best)),
            labels=draws[level].as_labels(sample.of(positions)),
        )
        for level, positions in pictures.items()
    )
    behind = {group.level: group.behind for group in groups}
    gaps = tuple(
        Gap(figure, first, last, getattr(behind[last], figure))
        for figure, first, last in zip(OVERALL, best, worst, strict=True)
        if first is not None and last is not None and first != last
    )
    return AxisFigures(axis, groups, gaps)


def _outermost(levels: Sequence[str], draws: Mapping[str, Draws], row: int, best: bool) -> str | None:
    """The level whose overall figure number `row` is the best or the worst; None where none has one."""
    values = {level: draws[level].overall[row, 0] for level in levels}
    defined = [level for level in levels if not np.isnan(values[level])]
    highest = best != (OVERALL[row] in LOWER_IS_BETTER)
    return (max if highest else min)(defined, key=values.__getitem__) if defined else None


def _best_draws(draws: Mapping[str, Draws], best: Sequence[str | None]) -> Floats:
    """(8, draws): each overall figure of the group that is best in it; nan where none is."""
    width = next(iter(draws.values())).overall.shape[1]
    rows = (np.full(width, np.nan) if name is None else draws[name].overall[row] for row, name in enumerate(best))
    return np.stack(list(rows))
