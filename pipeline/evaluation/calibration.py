"""Whether a score means what it says: scores and labels, 0 to 7, are read as shares of 7.

Source: M. P. Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015), as used by C. Guo et
al., "On Calibration of Modern Neural Networks" (2017): over ten equal bins of the score,
ECE = sum (pictures in the bin / all pictures) x |mean score - mean label|. With a label of 0 or 7 the mean label is the
share of positives. Scores beyond the scale count as its end. A model that gives every emotion its share of the pictures
has an ECE of 0 and knows nothing: read it beside AUC.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.evaluation.arrays import Floats, Ints, ratio
from pipeline.evaluation.metrics import Ranked
from pipeline.labels.published import HIGHEST

BINS = 10


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """One bin that is not empty: how many scores fall into it, their mean, and the mean label beside them (0 to 1)."""

    count: int
    score: float
    label: float


def calibration_error(pictures: Ranked, truth: Floats) -> Floats:
    """Expected calibration error of each draw, (draws,), 0 to 1. Scores and `truth`, (pictures,), are 0 to 7."""
    scores = np.clip(pictures.scores / HIGHEST, 0, 1)
    gaps = scores - truth[pictures.order] / HIGHEST
    edges = np.searchsorted(-_bins(scores), np.arange(-BINS + 1, 2))
    sums = (gaps[start:end] @ pictures.drawn[start:end] for start, end in pairwise(edges))
    return ratio(sum(map(np.abs, sums)), pictures.above[-1])


def calibration_curve(scores: Floats, truth: Floats) -> tuple[CalibrationBin, ...]:
    """The bins of scores against labels, both 0 to 7 and of the same shape; pairs without a label (nan) are left out."""
    known = ~np.isnan(truth)
    scores, truth = np.clip(scores[known] / HIGHEST, 0, 1), truth[known] / HIGHEST
    bins = _bins(scores)
    counts, *sums = (np.bincount(bins, weights, BINS) for weights in (None, scores, truth))
    means = (ratio(total, counts) for total in sums)
    return tuple(
        CalibrationBin(int(count), score, label)
        for count, score, label in zip(counts.tolist(), *(mean.tolist() for mean in means), strict=True)
        if count
    )


def _bins(scores: Floats) -> Ints:
    return np.minimum((scores * BINS).astype(np.int64), BINS - 1)
