"""The evaluation protocol of EmoNet-Face HQ (arXiv 2505.20033): people and models against people.

1. Ratings 0 to 7, missing = 0, repeats averaged: `published.Ratings`.
2. Quadratic weighted kappa on the ratings cut to whole numbers, per emotion and pair of annotators. A person's score is
   the mean over the other people, a model's the mean over the people; then the mean over emotions.
3. Krippendorff's alpha (interval) of the people per emotion, with a bootstrap over images.
4. Spearman's rho of a model against the median person of each image, per emotion; then the mean over emotions.
5. Groups of annotators: two-sided Mann-Whitney U, and a bootstrap (seed 42) of the difference of means.
6. Binary: the shares of full and partial agreement and of disagreement: `votes.vote_shares`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import mannwhitneyu, spearmanr

from pipeline.errors import InputError
from pipeline.evaluation.alpha import RESAMPLES, SEED, AlphaInterval, alpha_intervals
from pipeline.evaluation.arrays import Floats, mean_defined, means_defined
from pipeline.evaluation.pairs import kappa_matrix
from pipeline.labels.published import Ratings

RELIABLE = ("Elation", "Amusement", "Anger", "Astonishment/Surprise", "Thankfulness/Gratitude")
"""The emotions on which the people of HQ reach an alpha of 0.3 (arXiv 2610.08162)."""


@dataclass(frozen=True, slots=True)
class Score:
    """One figure per emotion, its mean over all of them and over the reliable five.

    It is nan where an emotion leaves it undefined (a constant rater); the means are over the `defined` rest.
    """

    all: float
    reliable: float
    defined: int
    by_emotion: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AnnotatorScore:
    """One annotator: kappa with the people (with the others, for a person); rho with their median, for models only."""

    annotator: str
    human: bool
    images: int
    kappa: Score
    spearman: Score | None


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """Two groups by their members' kappa scores: U of the first, two-sided p, difference of means with its 95 % interval.

    nan where a group is empty; the interval also where one has a single member.
    """

    first: str
    second: str
    first_n: int
    second_n: int
    u: float
    p: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class HqScores:
    """The protocol's figures; every tuple `by_emotion`, and `alphas`, is in the order of `emotions`."""

    emotions: tuple[str, ...]
    reliable: tuple[str, ...]
    annotators: tuple[AnnotatorScore, ...]
    alphas: tuple[AlphaInterval, ...]
    alpha: Score
    groups: tuple[GroupComparison, ...]
    cautions: tuple[str, ...]


def score_hq(ratings: Ratings, groups: Mapping[str, tuple[str, ...]] | None = None) -> HqScores:
    """The protocol over a whole file. `groups` are named sets of annotators; by default the people and the models."""
    kappas = human_kappas(ratings)
    rhos = median_correlations(ratings)
    alphas = alpha_intervals(ratings.of_humans)
    annotators = tuple(
        AnnotatorScore(
            annotator=name,
            human=ratings.human[row],
            images=int((~np.isnan(ratings.values[row, :, 0])).sum()),
            kappa=_score(kappas[row], ratings.emotions),
            spearman=None if ratings.human[row] else _score(rhos[row], ratings.emotions),
        )
        for row, name in enumerate(ratings.annotators)
    )
    return HqScores(
        emotions=ratings.emotions,
        reliable=RELIABLE,
        annotators=annotators,
        alphas=alphas,
        alpha=_score(np.array([one.alpha for one in alphas]), ratings.emotions),
        groups=_compare_all(annotators, groups or _people_and_models(annotators)),
        cautions=(
            "Only the reliable emotions reach a human alpha of 0.3 in HQ: the mean over all emotions is mostly noise.",
        ),
    )


def human_kappas(ratings: Ratings) -> Floats:
    """Each annotator's mean kappa with the people other than itself: (annotators, emotions), nan where undefined."""
    kappa, _ = kappa_matrix(np.trunc(ratings.values))
    itself = np.eye(len(ratings.annotators), dtype=bool)
    with_people = np.where(itself, np.nan, kappa)[:, :, np.array(ratings.human, bool)]
    return means_defined(with_people, axis=2).T


def median_correlations(ratings: Ratings) -> Floats:
    """Each model's rho with the median person, over the images that it and a person rated: (annotators, emotions).

    Ties share their mean rank. nan where either side is constant or fewer than two images are shared, and for people,
    whose own ratings are in the median.
    """
    by_people = np.isfinite(ratings.of_humans).any((0, 2))
    median = np.nanmedian(ratings.of_humans[:, by_people], axis=0)
    rhos = np.full((len(ratings.annotators), len(ratings.emotions)), np.nan)
    for row in range(len(ratings.of_humans), len(ratings.annotators)):
        values = ratings.values[row, by_people]
        rated = ~np.isnan(values[:, 0])
        for emotion in range(len(ratings.emotions)):
            ours, theirs = values[rated, emotion], median[rated, emotion]
            if len(ours) >= 2 and np.ptp(ours) > 0 and np.ptp(theirs) > 0:
                rhos[row, emotion] = spearmanr(ours, theirs).statistic
    return rhos


def compare_groups(first: Floats, second: Floats, names: tuple[str, str]) -> GroupComparison:
    """Compares two groups' scores, (members,) each; undefined ones (nan) are left out.

    The interval is the percentile one of 1,000 draws with replacement within each group.
    """
    first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    u = p = difference = low = high = np.nan
    if len(first) and len(second):
        u, p = mannwhitneyu(first, second, alternative="two-sided")
        difference = first.mean() - second.mean()
    if min(len(first), len(second)) >= 2:
        rng = np.random.default_rng(SEED)
        drawn = [rng.choice(group, (RESAMPLES, len(group))).mean(1) for group in (first, second)]
        low, high = np.quantile(drawn[0] - drawn[1], [0.025, 0.975])
    figures = (float(figure) for figure in (u, p, difference, low, high))
    return GroupComparison(*names, len(first), len(second), *figures)


def _score(by_emotion: Floats, emotions: tuple[str, ...]) -> Score:
    reliable = by_emotion[[emotion in RELIABLE for emotion in emotions]]
    defined = int((~np.isnan(by_emotion)).sum())
    return Score(mean_defined(by_emotion), mean_defined(reliable), defined, tuple(by_emotion.tolist()))


def _people_and_models(annotators: tuple[AnnotatorScore, ...]) -> dict[str, tuple[str, ...]]:
    return {
        "people": tuple(one.annotator for one in annotators if one.human),
        "models": tuple(one.annotator for one in annotators if not one.human),
    }


def _compare_all(
    annotators: tuple[AnnotatorScore, ...], groups: Mapping[str, tuple[str, ...]]
) -> tuple[GroupComparison, ...]:
    scores = {one.annotator: one.kappa.all for one in annotators}
    unknown = [name for members in groups.values() for name in members if name not in scores]
    if unknown:
        raise InputError(f"no annotator {unknown[0]!r} to compare; known are {', '.join(scores)}")
    members = {name: np.array([scores[one] for one in group], float) for name, group in groups.items()}
    return tuple(
        compare_groups(members[first], members[second], (first, second))
        for first, second in combinations(members, 2)
        if len(members[first]) and len(members[second])
    )
