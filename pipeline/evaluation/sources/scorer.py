"""What gives scores, and scores in the order of the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pipeline.errors import InputError
from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.sources.pictures import PictureFolder
from pipeline.labels.emotions import emotion_names
from pipeline.store.folder import DatasetFolder

ZERO_SHOT = "zero-shot:"
"""What the name of a text-image model begins with, before its hub id or folder."""


class Scorer(Protocol):
    """Scores pictures from about 0 to 7 on each of `emotions`; a row of nan is a picture that it could not score."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def emotions(self) -> tuple[str, ...]:
        """Names, in the order of the scores."""

    @property
    def cautions(self) -> tuple[str, ...]:
        """What not to read into its figures, and why."""

    def score_dataset(self, folder: DatasetFolder, ids: Sequence[str], split: str) -> Floats:
        """(pictures, emotions) in the order of `ids`, which are those of `split` ("all" is every one)."""

    def score_files(self, pictures: PictureFolder) -> Floats:
        """(pictures, emotions) of picture files, in their order."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A model's scores, (pictures, emotions). `missed` pictures could not be scored and have 0 on every emotion."""

    name: str
    emotions: tuple[str, ...]
    values: Floats
    missed: int
    told: tuple[str, ...] = ()
    """The scorer's own cautions."""

    @property
    def cautions(self) -> tuple[str, ...]:
        """What must be said beside its figures."""
        if not self.missed:
            return self.told
        unscored = (
            f"{self.name} gave {self.missed:,} pictures no score, such as where it found no face: they count as 0."
        )
        return (*self.told, unscored)


def complete(scorer: Scorer, values: Floats) -> Scored:
    """A scorer's `values` in the taxonomy's order, without gaps; InputError where it does not score an emotion.

    Pictures without scores count as 0 on every emotion: a model that finds no face is not excused.
    """
    emotions = emotion_names()
    lacking = [name for name in emotions if name not in scorer.emotions]
    if lacking:
        raise InputError(f"{scorer.name}: does not score {lacking[0]}; {len(lacking)} of {len(emotions)} are missing")
    ordered = values[:, [scorer.emotions.index(name) for name in emotions]]
    without = np.any(np.isnan(ordered), axis=1, keepdims=True)
    return Scored(scorer.name, emotions, np.where(without, 0.0, ordered), int(without.sum()), scorer.cautions)


def in_order(found: Sequence[str], values: Floats, ids: Sequence[str], where: str) -> Floats:
    """`values`, whose rows are `found`, in the order of `ids`; InputError names a picture that is missing."""
    row_of = {picture: row for row, picture in enumerate(found)}
    missing = [picture for picture in ids if picture not in row_of]
    if missing:
        raise InputError(f"{where}: no scores of {missing[0]}; {len(missing)} of {len(ids)} pictures are missing")
    return values[[row_of[picture] for picture in ids]]
