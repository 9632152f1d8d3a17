"""All that is said of a model on pictures with labels: its figures, those of the baselines, and those of every group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.arrays import Floats, Ints
from pipeline.evaluation.bootstrap import RESAMPLES, SEED, draw_times
from pipeline.evaluation.calibration import CalibrationBin, calibration_curve
from pipeline.evaluation.figures import Draws, LabelFigures, Overall, joined, measure, positive_counts
from pipeline.evaluation.groups import SMALL, AxisFigures, axis_figures, members, with_pairs
from pipeline.evaluation.metrics import confusion
from pipeline.evaluation.sample import Groups, Sample


@dataclass(frozen=True, slots=True)
class Comparison:
    """A baseline on the same pictures. `lead` is the model's figure less the baseline's, on the same draws."""

    name: str
    overall: Overall
    lead: Overall


@dataclass(frozen=True, slots=True)
class Confusion:
    """`counts` has a row for each of `targets` and a column for each of `answers`, all labels: pictures, ties shared out."""

    targets: tuple[str, ...]
    answers: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`labels` holds the figures of those with positives; `without` names the others, which have none.

    `truth` says where the labels come from, `pictures` how many there are. `cautions` says what not to read into the
    figures, and why.
    """

    model: str
    truth: str
    split: str
    pictures: int
    overall: Overall
    labels: tuple[LabelFigures, ...]
    without: tuple[str, ...]
    baselines: tuple[Comparison, ...]
    confusion: Confusion
    calibration: tuple[CalibrationBin, ...]
    axes: tuple[AxisFigures, ...]
    resamples: int
    seed: int
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is evaluated: a model's name, where the labels come from, the split, and what must be said beside it."""

    model: str
    truth: str
    split: str = ""
    cautions: tuple[str, ...] = ()


def evaluate_sample(
    subject: Subject,
    sample: Sample,
    baselines: Mapping[str, Floats],
    groups: Groups,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Evaluation:
    """Every figure of a model's `sample`, of `baselines` (name -> scores as in the sample), and by `groups` and pairs."""
    axes = {axis: members(levels) for axis, levels in with_pairs(groups).items()}
    own, others, by_group = _all_draws(sample, baselines, axes, resamples, seed)
    counts = positive_counts(sample)
    figures = [axis_figures(axis, sample, pictures, by_group[axis]) for axis, pictures in axes.items()]
    return Evaluation(
        model=subject.model,
        truth=subject.truth,
        split=subject.split,
        pictures=len(sample),
        overall=own.as_overall(),
        labels=own.as_labels(sample),
        without=tuple(label for label, count in zip(sample.labels, counts, strict=True) if not count),
        baselines=tuple(
            Comparison(name, draws.as_overall(), own.less(draws.overall)) for name, draws in others.items()
        ),
        confusion=_confusion(sample),
        calibration=_calibration(sample, counts),
        axes=tuple(figures),
        resamples=resamples,
        seed=seed,
        cautions=(*subject.cautions, *_cautions(sample, counts, figures)),
    )


def _all_draws(
    sample: Sample, baselines: Mapping[str, Floats], axes: Mapping[str, Mapping[str, Ints]], resamples: int, seed: int
) -> tuple[Draws, dict[str, Draws], dict[str, dict[str, Draws]]]:
    """The model's draws, each baseline's, and by axis each group's; all from the same pictures drawn."""
    own: list[Draws] = []
    others: dict[str, list[Draws]] = {name: [] for name in baselines}
    by_group: dict[str, dict[str, list[Draws]]] = {
        axis: {level: [] for level in levels} for axis, levels in axes.items()
    }
    for times in draw_times(len(sample), resamples, seed):
        own.append(measure(sample, times))
        for name, scores in baselines.items():
            others[name].append(measure(sample.scored(scores), times))
        for axis, levels in axes.items():
            for level, pictures in levels.items():
                by_group[axis][level].append(measure(sample.of(pictures), times[pictures]))
    return (
        joined(own),
        {name: joined(blocks) for name, blocks in others.items()},
        {axis: {level: joined(blocks) for level, blocks in levels.items()} for axis, levels in by_group.items()},
    )


def _calibration(sample: Sample, counts: Sequence[int]) -> tuple[CalibrationBin, ...]:
    """The curve over all scores of the labels that have positives."""
    columns = np.flatnonzero(counts)
    return calibration_curve(sample.scores[:, columns], sample.truth[:, columns])


def _confusion(sample: Sample) -> Confusion:
    counts = confusion(sample.scores, sample.targets)
    occurring = np.flatnonzero(sample.targets.sum(0))
    return Confusion(
        targets=tuple(sample.labels[row] for row in occurring),
        answers=sample.labels,
        counts=tuple(tuple(row) for row in counts[occurring].tolist()),
    )


def _cautions(sample: Sample, counts: Sequence[int], axes: Sequence[AxisFigures]) -> list[str]:
    cautions = []
    few = [label for label, count in zip(sample.labels, counts, strict=True) if 0 < count < SMALL]
    if few:
        cautions.append(
            f"{len(few)} of {len(sample.labels) - counts.count(0)} labels have fewer than {SMALL} positives: their own "
            "figures and intervals are rough."
        )
    idle = int((sample.targets.sum(1) == 0).sum())
    if idle:
        cautions.append(f"{idle:,} pictures have no highest label, or lack one, and enter no top-k figure.")
    small = sum(group.small for axis in axes for group in axis.groups)
    if small:
        total = sum(len(axis.groups) for axis in axes)
        cautions.append(
            f"{small} of {total} groups have fewer than {SMALL} pictures (marked ~): none is named best or worst."
        )
    if any(axis.gaps for axis in axes):
        cautions.append(
            "The best and the worst group are chosen after the fact, on many axes: an interval that just leaves out 0 is "
            "no proof of a gap."
        )
    return cautions
