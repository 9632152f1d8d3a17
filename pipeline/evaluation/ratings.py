"""Agreement of ratings from 0 to 7 (hq.csv) among its people."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.alpha import AlphaInterval, alpha_intervals, krippendorff_alpha
from pipeline.evaluation.arrays import Floats, mean_defined, means_defined, ratio
from pipeline.evaluation.pairs import PairKappa, kappa_matrix, pair_kappas
from pipeline.labels.published import HIGHEST, Ratings

RELIABLE_ALPHA = 0.3


@dataclass(frozen=True, slots=True)
class RaterPattern:
    """How many images got ratings of this many people."""

    people: int
    images: int


@dataclass(frozen=True, slots=True)
class RatingShares:
    """Shares (0 to 1, nan without units) of the `units` that two or more people rated, on ratings cut to whole numbers.

    equal: all the same; near: within one point; apart: further apart. pairwise: of all pairs of ratings of the same
    unit, the share that are equal. zero: everybody gave 0, which is part of `equal`.
    """

    units: int
    equal: float
    near: float
    apart: float
    pairwise: float
    zero: float


@dataclass(frozen=True, slots=True)
class AnnotatorRatings:
    """What one annotator gave: images, mean rating, and the share of ratings above 0."""

    annotator: str
    human: bool
    images: int
    mean: float
    true_rate: float


@dataclass(frozen=True, slots=True)
class EmotionRatings:
    """One emotion among the people: mean rating, share of ratings above 0, agreement, interval alpha."""

    emotion: str
    mean: float
    true_rate: float
    shares: RatingShares
    alpha: AlphaInterval


@dataclass(frozen=True, slots=True)
class RatingAgreement:
    """`pooled` counts every unit (image x emotion) alike, `averaged` every emotion; alpha is Krippendorff's, interval.

    All figures are of the people but `pairs` and `annotators`, which hold the models too. A pair's kappa is quadratic
    weighted, per emotion and then averaged. `cautions` says what not to read into the figures, and why.
    """

    rows: int
    repeats: int
    images: int
    units: int
    patterns: tuple[RaterPattern, ...]
    pooled: RatingShares
    averaged: RatingShares
    alpha: float
    alpha_averaged: float
    pairs: tuple[PairKappa, ...]
    annotators: tuple[AnnotatorRatings, ...]
    emotions: tuple[EmotionRatings, ...]
    cautions: tuple[str, ...]


def rating_agreement(ratings: Ratings) -> RatingAgreement:
    """Every figure of agreement that ratings allow."""
    people = ratings.of_humans
    emotions = _emotions(ratings)
    pooled = rating_shares(people)
    kappa, shared = kappa_matrix(np.trunc(ratings.values))
    raters = (~np.isnan(people[:, :, 0])).sum(0).tolist()
    alpha = float(krippendorff_alpha(people.reshape(len(people), -1, 1))[0])
    return RatingAgreement(
        rows=ratings.rows,
        repeats=ratings.repeats,
        images=len(ratings.images),
        units=sum(count > 0 for count in raters) * len(ratings.emotions),
        patterns=tuple(RaterPattern(*item) for item in sorted(Counter(raters).items(), reverse=True)),
        pooled=pooled,
        averaged=_averaged(pooled.units, [emotion.shares for emotion in emotions]),
        alpha=alpha,
        alpha_averaged=mean_defined([emotion.alpha.alpha for emotion in emotions]),
        pairs=pair_kappas(ratings.annotators, means_defined(kappa, axis=0), shared[0]),
        annotators=_annotators(ratings),
        emotions=emotions,
        cautions=_cautions(pooled, emotions, ratings.repeats),
    )


def rating_shares(values: Floats) -> RatingShares:
    """The shares of a block of ratings, (annotators, images) or (annotators, images, emotions), nan where missing."""
    values = np.trunc(values.reshape(len(values), -1))
    values = values[:, (~np.isnan(values)).sum(0) >= 2]
    missing = np.isnan(values)
    highest = np.where(missing, -1, values).max(0)
    spread = highest - np.where(missing, HIGHEST + 1, values).min(0)
    by_value = [_pairs((values == value).sum(0)).sum() for value in range(HIGHEST + 1)]
    return RatingShares(
        units=values.shape[1],
        equal=mean_defined(spread == 0),
        near=mean_defined(spread == 1),
        apart=mean_defined(spread > 1),
        pairwise=float(ratio(sum(by_value), _pairs((~missing).sum(0)).sum())),
        zero=mean_defined(highest == 0),
    )


def _emotions(ratings: Ratings) -> tuple[EmotionRatings, ...]:
    alphas = alpha_intervals(ratings.of_humans)
    blocks = np.moveaxis(ratings.of_humans, 2, 0)
    return tuple(
        EmotionRatings(name, *_mean_and_rate(block), rating_shares(block), alpha)
        for name, block, alpha in zip(ratings.emotions, blocks, alphas, strict=True)
    )


def _annotators(ratings: Ratings) -> tuple[AnnotatorRatings, ...]:
    return tuple(
        AnnotatorRatings(name, human, int((~np.isnan(block[:, 0])).sum()), *_mean_and_rate(block))
        for name, human, block in zip(ratings.annotators, ratings.human, ratings.values, strict=True)
    )


def _mean_and_rate(block: Floats) -> tuple[float, float]:
    return mean_defined(block), mean_defined(np.where(np.isnan(block), np.nan, block > 0))


def _averaged(units: int, shares: list[RatingShares]) -> RatingShares:
    parts = np.array([(one.equal, one.near, one.apart, one.pairwise, one.zero) for one in shares])
    return RatingShares(units, *means_defined(parts, axis=0).tolist())


def _pairs(count: Floats) -> Floats:
    return count * (count - 1) / 2


def _cautions(pooled: RatingShares, emotions: tuple[EmotionRatings, ...], repeats: int) -> tuple[str, ...]:
    cautions = []
    if not pooled.units:
        cautions.append("No image was rated by two people, so no figure of agreement is defined.")
    if pooled.zero > 0.25:
        cautions.append(
            f"On {pooled.zero:.0%} of the units everybody gave 0, which counts as agreement in the shares and pairwise: "
            "read kappa and alpha, which allow for it."
        )
    defined = [emotion for emotion in emotions if not np.isnan(emotion.alpha.alpha)]
    if len(defined) > 1:
        good = sum(emotion.alpha.alpha >= RELIABLE_ALPHA for emotion in defined)
        cautions.append(
            "Pooled alpha also rewards knowing which emotions are common. It is not agreement on an emotion: read the "
            "mean over emotions."
        )
        cautions.append(
            f"{good} of {len(defined)} emotions reach an alpha of {RELIABLE_ALPHA}; means over the rest are mostly noise."
        )
    if repeats:
        cautions.append(f"{repeats:,} rows rate an image that the same annotator had rated: the mean counts.")
    return tuple(cautions)
