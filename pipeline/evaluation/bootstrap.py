"""How sure a figure is: pictures are drawn anew, with replacement, as many as there are.

Source: B. Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979); intervals are percentile intervals where
nothing else is said. Draws are not stratified, so the number of pictures of each emotion and group varies as it would in
another sample, and a group of one picture is not taken for certain. All figures, models and groups see the same draws:
differences are paired.

A draw is a column of `times`, (pictures, draws): how often each picture is in it. Column 0 is the sample itself, every
picture once, so that a figure and its draws come from one piece of code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from pipeline.evaluation.arrays import Floats

RESAMPLES = 1_000
SEED = 42
_AT_ONCE = 4_000_000
"""Counts held at once: 32 MB, and a few times that for what is computed from them."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the 2.5 % and 97.5 % points of its draws; nan where undefined."""

    value: float
    low: float
    high: float

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return self.value == self.value


def draw_times(pictures: int, resamples: int = RESAMPLES, seed: int = SEED) -> Iterator[Floats]:
    """`times` in blocks of columns, each (pictures, draws of this block); the first column of the first block is ones."""
    rng = np.random.default_rng(seed)
    columns = max(_AT_ONCE // pictures, 1)
    sample = np.ones((pictures, 1))
    for start in range(0, resamples, columns):
        block = _times(rng, pictures, min(columns, resamples - start))
        yield np.hstack([sample, block]) if start == 0 else block


UNBIASED: Mapping[int, tuple[float, float]] = MappingProxyType({})


def estimates(draws: Floats, biased: Mapping[int, tuple[float, float]] = UNBIASED) -> list[Estimate]:
    """One estimate a row of `draws` (figures, 1 + resamples), whose column 0 is the sample itself.

    Draws that leave the figure undefined (nan) are left out of its percentiles; a figure that the sample itself leaves
    undefined has none. A resample adds its own bias to the rows `biased` (a calibration error grows with noise, a
    correlation shrinks with the ties of pictures drawn twice), so their intervals are reflected about the sample's figure:
    "basic" ones (A. Davison and D. Hinkley, 1997, section 5.2), cut to the least and the greatest possible value, which
    `biased` gives, and widened to hold the figure itself, which a bias larger than the spread leaves out.
    """
    value = draws[:, 0]
    low, high = (_percentile(np.sort(draws[:, 1:], axis=1), share) for share in (0.025, 0.975))
    for row, (least, greatest) in biased.items():
        own = value[row]
        reflected = max(2 * own - high[row], least), min(2 * own - low[row], greatest)
        low[row], high[row] = min(reflected[0], own), max(reflected[1], own)
    ends = (np.where(np.isnan(value), np.nan, end) for end in (low, high))
    return [Estimate(*row) for row in np.column_stack([value, *ends]).tolist()]


def _times(rng: np.random.Generator, pictures: int, draws: int) -> Floats:
    """`pictures` drawn `draws` times, counted: the same as a multinomial, and faster."""
    drawn = rng.integers(0, pictures, (draws, pictures)) * draws + np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=pictures * draws).reshape(pictures, draws).astype(np.float64)


def _percentile(ordered: Floats, share: float) -> Floats:
    """Linear percentile of each row of ascending values with nan last; nan where a row has no value."""
    last = np.maximum((~np.isnan(ordered)).sum(1) - 1, 0)
    place = share * last
    below = np.floor(place).astype(np.int64)
    rows = np.arange(len(ordered))
    lower, upper = ordered[rows, below], ordered[rows, np.minimum(below + 1, last)]
    return np.asarray(lower + (place - below) * (upper - lower))
