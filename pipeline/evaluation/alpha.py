"""Krippendorff's alpha, and how sure one can be of it.

Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), interval metric (a - b)^2. Alpha is
1 - Do/De; with that metric both disagreements are sums of squares, so four sums per unit are all that is needed, and a
bootstrap over images is a matrix product. On 0/1 answers (a - b)^2 is the nominal metric, so this serves votes as well.
The krippendorff package computes one alpha at a time from a table of values; the tests hold this against it.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.arrays import Floats, ratio

RESAMPLES = 1_000
SEED = 42
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class AlphaInterval:
    """Alpha (at most 1, 0 is chance, nan where undefined) and the 2.5 % and 97.5 % points of its bootstrap."""

    alpha: float
    low: float
    high: float


def krippendorff_alpha(values: Floats) -> Floats:
    """Alpha of each item. `values` is (annotators, units, items), nan where missing; returns (items,).

    A unit counts where two or more annotators rated it. nan where no unit does, or where all values are the same.
    """
    return _alpha(*(sums.sum(0) for sums in _unit_sums(values)))


def alpha_intervals(values: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> tuple[AlphaInterval, ...]:
    """Alpha of each item with a 95 % percentile interval over units drawn anew; `values` as in `krippendorff_alpha`.

    Every item sees the same draws. Draws in which alpha is undefined are left out of the percentiles.
    """
    point = krippendorff_alpha(values)
    drawn = bootstrap_alpha(values, resamples, seed)
    intervals = []
    for alpha, draws in zip(point, drawn.T, strict=True):
        defined = draws[~np.isnan(draws)]
        low, high = np.quantile(defined, [0.025, 0.975]) if len(defined) else (np.nan, np.nan)
        intervals.append(AlphaInterval(float(alpha), float(low), float(high)))
    return tuple(intervals)


def bootstrap_alpha(values: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """Alpha of each item in each resample of the units: (resamples, items)."""
    sums = _unit_sums(values)
    units = values.shape[1]
    rng = np.random.default_rng(seed)
    drawn = []
    for start in range(0, resamples, _AT_ONCE):
        times = rng.multinomial(units, np.full(units, 1 / units), size=min(_AT_ONCE, resamples - start)).astype(float)
        drawn.append(_alpha(*(times @ part for part in sums)))
    return np.concatenate(drawn)


def _unit_sums(values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Per unit and item: ratings m, their sum, their sum of squares, and m/(m - 1) x squares about the unit's mean.

    Units with fewer than two ratings are all zeros. Values are counted from each item's smallest, which changes no
    difference, and makes the squares of a constant exactly 0.
    """
    given = ~np.isnan(values)
    smallest = np.where(given, values, np.inf).min((0, 1))
    shifted = np.where(given, values - smallest, 0.0)
    count = given.sum(0).astype(float)
    count[count < 2] = 0
    total, square = shifted.sum(0) * (count > 0), (shifted**2).sum(0) * (count > 0)
    deviation = np.where(given, shifted - ratio(total, count), 0.0)
    within = (deviation**2).sum(0) * ratio(count, count - 1)
    return count, total, square, np.where(count > 0, within, 0.0)


def _alpha(count: Floats, total: Floats, square: Floats, within: Floats) -> Floats:
    """1 - (n - 1)/n x within / squares about the mean of all ratings that can be paired."""
    about_mean = square - ratio(total**2, count)
    return 1 - ratio((count - 1) * within, count * about_mean)
