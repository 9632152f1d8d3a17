"""Agreement of yes or no votes (binary.csv)."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.special import pdtr

from pipeline.evaluation.alpha import krippendorff_alpha
from pipeline.evaluation.arrays import Floats, mean_defined, means_defined, ratio
from pipeline.evaluation.pairs import PairKappa, kappa_matrix, pair_kappas
from pipeline.labels.published import Votes

_UNLIKELY = 0.01
_FEW = 30


@dataclass(frozen=True, slots=True)
class Pattern:
    """How many units got this many yes and no answers, whatever their order."""

    true: int
    false: int
    units: int


@dataclass(frozen=True, slots=True)
class VoteShares:
    """Shares (0 to 1, nan without units) of the `units` with two or more answers.

    full: all the same (2:0, 3:0, 0:2 ...); partial: a majority (2:1); split: as many yes as no (1:1). pairwise: of all
    pairs of answers to the same unit, the share that agree.
    """

    units: int
    full: float
    partial: float
    split: float
    pairwise: float


@dataclass(frozen=True, slots=True)
class AnnotatorVotes:
    """What one annotator answered; `true_rate` is the share of yes."""

    annotator: str
    answers: int
    true_rate: float


@dataclass(frozen=True, slots=True)
class EmotionVotes:
    """One emotion: its units (with any number of answers), share of yes, agreement and nominal alpha."""

    emotion: str
    units: int
    true_rate: float
    shares: VoteShares
    alpha: float


@dataclass(frozen=True, slots=True)
class VoteAgreement:
    """`pooled` counts every unit alike, `averaged` every emotion. Alpha is Krippendorff's, nominal; nan if undefined.

    `single` units have one answer and enter no figure of agreement. `sequential` says that the file looks as if
    voting on a unit stopped at the first no; `cautions` says what not to read into the figures, and why.
    """

    rows: int
    repeats: int
    images: int
    units: int
    single: int
    patterns: tuple[Pattern, ...]
    pooled: VoteShares
    averaged: VoteShares
    alpha: float
    alpha_averaged: float
    pairs: tuple[PairKappa, ...]
    annotators: tuple[AnnotatorVotes, ...]
    emotions: tuple[EmotionVotes, ...]
    sequential: bool
    cautions: tuple[str, ...]


def vote_agreement(votes: Votes) -> VoteAgreement:
    """Every figure of agreement that votes allow."""
    true, false = np.nansum(votes.answers, axis=0), np.nansum(1 - votes.answers, axis=0)
    emotions = tuple(_emotion(votes, position) for position in range(len(votes.emotions)))
    pooled = vote_shares(true, false)
    kappa, shared = kappa_matrix(votes.answers[:, :, None])
    pairs = pair_kappas(votes.annotators, kappa[0], shared[0])
    counted = Counter(zip(true.astype(int).tolist(), false.astype(int).tolist(), strict=True))
    single = int((true + false == 1).sum())
    sequential = is_sequential(true, false)
    return VoteAgreement(
        rows=votes.rows,
        repeats=votes.repeats,
        images=votes.images,
        units=len(true),
        single=single,
        patterns=tuple(Pattern(*pattern, units) for pattern, units in sorted(counted.items(), key=_most_answers_first)),
        pooled=pooled,
        averaged=_averaged(pooled.units, [emotion.shares for emotion in emotions]),
        alpha=_alpha(votes.answers),
        alpha_averaged=mean_defined([emotion.alpha for emotion in emotions]),
        pairs=pairs,
        annotators=_annotators(votes),
        emotions=emotions,
        sequential=sequential,
        cautions=_cautions(sequential, single, len(true), votes.repeats, pairs),
    )


def vote_shares(true: Floats, false: Floats) -> VoteShares:
    """The shares of units that got `true` yes and `false` no answers, both (units,)."""
    several = true + false >= 2
    true, false = true[several], false[several]
    full, split = (true == 0) | (false == 0), true == false
    pairwise = ratio((_pairs(true) + _pairs(false)).sum(), _pairs(true + false).sum())
    return VoteShares(
        units=len(true),
        full=mean_defined(full),
        partial=mean_defined(~full & ~split),
        split=mean_defined(split),
        pairwise=float(pairwise),
    )


def is_sequential(true: Floats, false: Floats) -> bool:
    """Whether voting seems to stop at a no: far fewer units hold two than answers given independently would leave.

    Expected is the sum over units of P(two or more no | its number of answers, the file's rate of no); agreement only
    raises it. Yes where a Poisson count with that mean is so low with a probability below 0.01, thus never for a few
    units. The order of votes is not published, so it cannot be read off directly.
    """
    answers = true + false
    no = float(false.sum() / answers.sum())
    expected = (1 - (1 - no) ** answers - answers * no * (1 - no) ** (answers - 1))[answers >= 2].sum()
    return bool(pdtr(int((false >= 2).sum()), expected) < _UNLIKELY)


def _emotion(votes: Votes, position: int) -> EmotionVotes:
    answers = votes.answers[:, votes.emotion_of == position]
    true, false = np.nansum(answers, axis=0), np.nansum(1 - answers, axis=0)
    return EmotionVotes(
        emotion=votes.emotions[position],
        units=answers.shape[1],
        true_rate=mean_defined(answers),
        shares=vote_shares(true, false),
        alpha=_alpha(answers),
    )


def _alpha(answers: Floats) -> float:
    return float(krippendorff_alpha(answers[:, :, None])[0])


def _averaged(units: int, shares: list[VoteShares]) -> VoteShares:
    parts = np.array([(one.full, one.partial, one.split, one.pairwise) for one in shares])
    return VoteShares(units, *means_defined(parts, axis=0).tolist())


def _annotators(votes: Votes) -> tuple[AnnotatorVotes, ...]:
    return tuple(
        AnnotatorVotes(name, int((~np.isnan(row)).sum()), mean_defined(row))
        for name, row in zip(votes.annotators, votes.answers, strict=True)
    )


def _pairs(count: Floats) -> Floats:
    return count * (count - 1) / 2


def _most_answers_first(item: tuple[tuple[int, int], int]) -> tuple[int, int]:
    (true, false), _ = item
    return -(true + false), -true


def _cautions(sequential: bool, single: int, units: int, repeats: int, pairs: tuple[PairKappa, ...]) -> tuple[str, ...]:
    cautions = []
    if sequential:
        cautions.append(
            "Voting looks sequential: units with two no are far too few, so a unit was shown to another annotator only "
            "after a yes. Kappa and alpha then measure that selection, not agreement (agreement on no cannot occur, "
            "which pushes both to 0 or below); full agreement is the share of units that kept getting yes, and true rates "
            "compare annotators who saw different units."
        )
    if single == units:
        cautions.append("No unit has two answers, so no figure of agreement is defined.")
    elif single:
        cautions.append(f"{single:,} of {units:,} units have one answer and enter no figure of agreement.")
    if repeats:
        cautions.append(f"{repeats:,} rows answer a unit that the same annotator had answered: the last answer counts.")
    few = sum(0 < pair.n < _FEW for pair in pairs)
    if few:
        cautions.append(
            f"{few} of {len(pairs)} pairs of annotators share fewer than {_FEW} units: their kappa is noise."
        )
    return tuple(cautions)
