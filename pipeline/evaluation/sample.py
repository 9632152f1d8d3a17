"""Pictures with what a model says of them and what they are labelled: arrays, whatever they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.evaluation.arrays import Floats, Ints
from pipeline.labels.published import HIGHEST

POSITIVE = 3.5
"""A picture shows an emotion where its label is at least half of the scale. Requested labels are 0 or 7."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`scores` (about 0 to 7) and `truth` (0 to 7) are (pictures, labels); `truth` is nan where it is not known.

    `targets`, of the same shape, is what top-k asks for: a row is 1 at the picture's one label, shared out where several
    are highest, or all 0 where the picture has none.
    """

    labels: tuple[str, ...]
    scores: Floats
    truth: Floats
    targets: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def of(self, pictures: Ints) -> "Sample":
        """These pictures of it."""
        return replace(self, scores=self.scores[pictures], truth=self.truth[pictures], targets=self.targets[pictures])

    def scored(self, scores: Floats) -> "Sample":
        """The same pictures with another model's scores."""
        return replace(self, scores=scores)


def named_sample(labels: tuple[str, ...], scores: Floats, names: Sequence[str]) -> Sample:
    """Pictures with one label each: `names`, all of them in `labels`. That label is 7 and every other 0."""
    column_of = {label: column for column, label in enumerate(labels)}
    targets = np.zeros(scores.shape)
    targets[np.arange(len(names)), [column_of[name] for name in names]] = 1
    return Sample(labels, scores, targets * HIGHEST, targets)


def rated_sample(labels: tuple[str, ...], scores: Floats, ratings: Floats) -> Sample:
    """Pictures rated from 0 to 7 on every label, nan where not. The target is what is rated highest, if anything is.

    A picture with a missing rating has no target: what is missing might be the highest.
    """
    highest = ratings.max(axis=1, keepdims=True)
    best = (ratings == highest) & (highest > 0)
    return Sample(labels, scores, ratings, best / np.maximum(best.sum(axis=1, keepdims=True), 1))


Groups = Mapping[str, Sequence[str]]
"""Axis -> the level of each picture, (pictures,)."""
