"""The figures of a sample, for every draw: by label and overall."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from pipeline.evaluation.arrays import Floats, means_defined
from pipeline.evaluation.bootstrap import Estimate, estimates
from pipeline.evaluation.calibration import calibration_error
from pipeline.evaluation.metrics import balanced_accuracy, ranked, ranking, spearman, top_k
from pipeline.evaluation.sample import POSITIVE, Sample


@dataclass(frozen=True, slots=True)
class Overall:
    """Shares of pictures, and means over the labels that have positives. The lower calibration error is the better one.

    top1, top3, top5: the target is among the 1, 3, 5 highest of all labels. balanced: mean recall over the targets.
    """

    top1: Estimate
    top3: Estimate
    top5: Estimate
    balanced: Estimate
    auc: Estimate
    average_precision: Estimate
    spearman: Estimate
    calibration_error: Estimate


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One label against all pictures: ROC-AUC, average precision, Spearman's rho, expected calibration error."""

    label: str
    positives: int
    auc: Estimate
    average_precision: Estimate
    spearman: Estimate
    calibration_error: Estimate


OVERALL = tuple(field.name for field in fields(Overall))
BY_LABEL = tuple(field.name for field in fields(LabelFigures))[2:]
LOWER_IS_BETTER = ("calibration_error",)
_RANGES = {"spearman": (-1.0, 1.0), "calibration_error": (0.0, 1.0)}
"""Of the figures that resampling biases."""
_BIASED, _BIASED_BY_LABEL = (
    {names.index(name): ends for name, ends in _RANGES.items()} for names in (OVERALL, BY_LABEL)
)
_BIASED_LEADS = dict.fromkeys(_BIASED, (-np.inf, np.inf))


@dataclass(frozen=True, slots=True)
class Draws:
    """`overall` is (8, draws) in the order of OVERALL; `by_label` is (labels, 4, draws) in the order of BY_LABEL.

    Column 0 is the sample itself.
    """

    overall: Floats
    by_label: Floats

    def as_overall(self) -> Overall:
        """The overall figures with their intervals."""
        return Overall(*estimates(self.overall, _BIASED))

    def less(self, others: Floats) -> Overall:
        """The overall figures less `others`, (8, draws), on the same draws."""
        return Overall(*estimates(self.overall - others, _BIASED_LEADS))

    def as_labels(self, sample: Sample) -> tuple[LabelFigures, ...]:
        """The figures of the labels that have positives in `sample`."""
        return tuple(
            LabelFigures(label, positives, *estimates(draws, _BIASED_BY_LABEL))
            for label, positives, draws in zip(sample.labels, positive_counts(sample), self.by_label, strict=True)
            if positives
        )


def joined(blocks: Iterable[Draws]) -> Draws:
    """Blocks of draws as one."""
    overall, by_label = zip(*((block.overall, block.by_label) for block in blocks), strict=True)
    return Draws(np.concatenate(overall, axis=-1), np.concatenate(by_label, axis=-1))


def positive_counts(sample: Sample) -> list[int]:
    """How many pictures show each label."""
    counts: list[int] = (sample.truth >= POSITIVE).sum(0).tolist()
    return counts


def measure(sample: Sample, times: Floats) -> Draws:
    """Every figure in every draw; `times` is (pictures, draws). A label without positives has none (nan)."""
    by_label = np.full((len(sample.labels), len(BY_LABEL), times.shape[1]), np.nan)
    for column, positives in enumerate(positive_counts(sample)):
        if positives:
            by_label[column] = _label_draws(sample.scores[:, column], sample.truth[:, column], times)
    shares = [top_k(sample.scores, sample.targets, k, times) for k in (1, 3, 5)]
    balanced = balanced_accuracy(sample.scores, sample.targets, times)
    return Draws(np.vstack([*shares, balanced, means_defined(by_label, axis=0)]), by_label)


def _label_draws(scores: Floats, truth: Floats, times: Floats) -> Floats:
    """The rows BY_LABEL of one label, over the pictures that are labelled for it."""
    known = ~np.isnan(truth)
    if not known.all():
        scores, truth, times = scores[known], truth[known], times[known]
    pictures = ranked(scores, times)
    auc, precision = ranking(pictures, truth >= POSITIVE)
    return np.stack([auc, precision, spearman(pictures, truth), calibration_error(pictures, truth)])
