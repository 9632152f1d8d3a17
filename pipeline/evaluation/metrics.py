"""Figures of scores against labels, for many bootstrap draws at once.

scikit-learn and scipy compute one figure of one sample at a time, which for 40 emotions and 1,000 draws takes minutes.
Here a draw is a column of `times` (see `bootstrap`). Pictures are sorted by score once for all draws and all figures, and
how many drawn ones lie above a place is one running sum. The tests hold every function against scikit-learn or scipy on
the pictures drawn, ties included.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from pipeline.evaluation.arrays import Bools, Floats, Ints, means_defined, ratio


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Pictures in the order of their scores, highest first, with every draw.

    `order` gives their positions, `scores` (pictures,) descends, `drawn` is (pictures, draws), and row k of `above`
    (pictures + 1, draws) is how many drawn pictures are among the first k.
    """

    order: Ints
    scores: Floats
    drawn: Floats
    above: Floats

    def run_of(self, places: Ints) -> tuple[Ints, Ints]:
        """Where the run of equal scores around each place begins, and the place after its end."""
        ascending = -self.scores
        wanted = ascending[places]
        return np.searchsorted(ascending, wanted, "left"), np.searchsorted(ascending, wanted, "right")


def ranked(scores: Floats, times: Floats) -> Ranked:
    """Sorts `scores`, (pictures,); `times` is (pictures, draws)."""
    order = np.argsort(-scores, kind="stable")
    drawn = times[order]
    return Ranked(order, scores[order], drawn, _accumulated(drawn))


def ranking(pictures: Ranked, positive: Bools) -> tuple[Floats, Floats]:
    """ROC-AUC and average precision of each draw, (draws,) both; nan where a draw lacks positives or negatives.

    AUC is the chance that a positive scores higher than a negative, a tie counting half (J. Hanley and B. McNeil, 1982).
    Average precision is sum (R_k - R_k-1) P_k over the distinct scores from the highest down, as in scikit-learn.
    `positive` is (pictures,), in their own order.
    """
    places = np.flatnonzero(positive[pictures.order])
    start, end = pictures.run_of(places)
    hits, above = pictures.drawn[places], pictures.above
    hits_above = _accumulated(hits)
    hits_before, hits_through = (hits_above[np.searchsorted(places, edge)] for edge in (start, end))
    misses_before, misses_through = above[start] - hits_before, above[end] - hits_through
    positives = hits_above[-1]
    negatives = above[-1] - positives
    beaten = negatives - (misses_before + misses_through) / 2
    auc = ratio((hits * beaten).sum(0), positives * negatives)
    precision = np.nan_to_num(ratio(hits_through, above[end]))
    return auc, np.where(negatives > 0, ratio((hits * precision).sum(0), positives), np.nan)


def spearman(pictures: Ranked, truth: Floats) -> Floats:
    """Spearman's rho of scores and `truth` in each draw, (draws,); nan where either is constant.

    It is Pearson's r of ranks, ties sharing their mean rank. Ranks less their mean sum to 0, so pictures of the
    commonest label add nothing once its rank is taken from every other one's: only the rest is looked at.
    `truth` is (pictures,), in their own order.
    """
    drawn, total = pictures.drawn, pictures.above[-1]
    levels, level_of, counts = np.unique(truth[pictures.order], return_inverse=True, return_counts=True)
    commonest = int(counts.argmax())
    sums = np.zeros((len(levels), drawn.shape[1]))
    places = np.flatnonzero(level_of != commonest)
    np.add.at(sums, level_of[places], drawn[places])
    sums[commonest] = total - sums.sum(0)
    theirs = np.cumsum(sums, axis=0) - sums / 2 - total / 2
    start, end = pictures.run_of(places)
    ours = total / 2 - (pictures.above[start] + pictures.above[end]) / 2
    shared = (drawn[places] * ours * (theirs[level_of[places]] - theirs[commonest])).sum(0)
    squares = (total**3 - _tie_cubes(pictures)) / 12 * (sums * theirs**2).sum(0)
    return ratio(shared, np.sqrt(squares))


def credits(scores: Floats, k: int) -> Floats:
    """For each picture and label, the chance that the label is among the k highest: (pictures, labels).

    It is 0 or 1 but where scores tie across the k-th place: then ties are broken at random, and this is the expectation.
    """
    lowest, highest = (rankdata(scores, method=method, axis=1) for method in ("min", "max"))
    higher, tied = scores.shape[1] - highest, highest - lowest + 1
    return np.asarray(np.clip((k - higher) / tied, 0.0, 1.0))


def top_k(scores: Floats, targets: Floats, k: int, times: Floats) -> Floats:
    """Share of pictures whose target is among the k highest scores, (draws,); nan where no picture has a target.

    `targets` is (pictures, labels): each row sums to 1 (shared out where several labels are the target) or to 0, which
    leaves the picture out. A label that no picture has competes like any other.
    """
    return ratio((targets * credits(scores, k)).sum(1) @ times, targets.sum(1) @ times)


def recalls(scores: Floats, targets: Floats, times: Floats) -> Floats:
    """Per label, the share of its pictures on which it scores highest: (labels, draws); nan where it has no picture."""
    made = np.full((targets.shape[1], times.shape[1]), np.nan)
    occurring = targets.any(axis=0)
    right = targets * credits(scores, 1)
    made[occurring] = ratio(right[:, occurring].T @ times, targets[:, occurring].T @ times)
    return made


def balanced_accuracy(scores: Floats, targets: Floats, times: Floats) -> Floats:
    """Mean recall over the labels that a draw holds, (draws,), as in scikit-learn."""
    return means_defined(recalls(scores, targets, times), axis=0)


def confusion(scores: Floats, targets: Floats) -> Floats:
    """Pictures of each target (rows) by the label that scores highest (columns): (labels, labels); ties are shared out."""
    return np.asarray(targets.T @ credits(scores, 1))


def _accumulated(drawn: Floats) -> Floats:
    """Row k: the sum of the first k rows."""
    sums = np.zeros((len(drawn) + 1, drawn.shape[1]))
    np.cumsum(drawn, axis=0, out=sums[1:])
    return sums


def _tie_cubes(pictures: Ranked) -> Floats:
    """Sum over runs of equal scores of their size cubed, (draws,). A picture drawn twice ties with itself.

    (n^3 - this) / 12 is the sum of squares of n ranks about their mean (M. Kendall, 1945).
    """
    edges = np.flatnonzero(np.diff(pictures.scores, prepend=np.nan, append=np.nan) != 0)
    lengths = np.diff(edges)
    alone = pictures.drawn if (lengths == 1).all() else pictures.drawn[edges[:-1][lengths == 1]]
    runs = lengths > 1
    together = pictures.above[edges[1:][runs]] - pictures.above[edges[:-1][runs]]
    return np.asarray(np.einsum("nd,nd,nd->d", alone, alone, alone) + (together**3).sum(0))
