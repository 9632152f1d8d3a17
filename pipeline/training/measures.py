"""How well scores agree with labels, for the card. `emonet evaluate` measures more, and against people."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from pipeline.training.examples import Examples, Part
from pipeline.training.labels import Kind
from pipeline.training.loss import PRESENT
from pipeline.training.model import EmotionModel

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EmotionMeasure:
    """One emotion: labelled pictures, those in which it is present, mean absolute error on the 0-7 scale, and the area under
    the ROC curve (0.5 is chance) of present against absent; None where one of the two is not there."""

    emotion: str
    pictures: int
    present: int
    error: float | None
    auc: float | None


@dataclass(frozen=True, slots=True)
class Measures:
    """One part of the pictures. Means are over the emotions that are present in some pictures and absent in others.

    `first` is the share of pictures whose highest score is the highest label, among emotions present in this part, over
    pictures with one highest label; `chance` is what guessing the most frequent would reach. None where undefined.
    """

    part: str
    pictures: int
    error: float | None
    auc: float | None
    first: float | None
    chance: float | None
    emotions: tuple[EmotionMeasure, ...]


def measure_part(model: EmotionModel, examples: Examples, part: Part, kind: Kind) -> Measures:
    """Scores a part's pictures and measures them; memory holds the scores and the labels."""
    blocks = [(model.score(batch.embeddings), batch.values, batch.weights) for batch in examples.blocks(part.rows)]
    if not blocks:
        return Measures(part.name, 0, None, None, None, None, ())
    scores, values, weights = (torch.cat(column).numpy() for column in zip(*blocks, strict=True))
    known, present = weights > 0, values >= PRESENT[kind]
    emotions = tuple(
        _emotion(name, scores[known[:, place], place], values[known[:, place], place], present[known[:, place], place])
        for place, name in enumerate(model.emotions)
    )
    first, chance = _first(scores, values, present & known)
    both = [one for one in emotions if one.auc is not None]  # a head whose answer is always right says nothing
    error, auc = _mean([one.error for one in both]), _mean([one.auc for one in both])
    return Measures(part.name, len(scores), error, auc, first, chance, emotions)


def _emotion(name: str, scores: Floats, values: Floats, present: NDArray[np.bool_]) -> EmotionMeasure:
    error = float(np.abs(scores - values).mean()) if len(scores) else None
    return EmotionMeasure(name, len(scores), int(present.sum()), error, area_under_curve(scores, present))


def area_under_curve(scores: Floats, present: NDArray[np.bool_]) -> float | None:
    """P(a present picture scores higher than an absent one), ties counting half; None without both kinds.

    The Mann-Whitney statistic (Hanley and McNeil 1982).
    """
    positives, negatives = int(present.sum()), int((~present).sum())
    if not positives or not negatives:
        return None
    above = mannwhitneyu(scores[present], scores[~present], method="asymptotic").statistic
    return float(above) / (positives * negatives)


def _first(scores: Floats, values: Floats, present: NDArray[np.bool_]) -> tuple[float | None, float | None]:
    occurring = np.flatnonzero(present.any(axis=0))
    if len(occurring) < 2:
        return None, None
    values, present = values[:, occurring], present[:, occurring]
    highest = values == values.max(axis=1, keepdims=True)
    single = (highest.sum(axis=1) == 1) & present.any(axis=1)
    if not single.any():
        return None, None
    wanted, found = values[single].argmax(axis=1), scores[single][:, occurring].argmax(axis=1)
    return float((wanted == found).mean()), float(np.bincount(wanted).max() / len(wanted))


def _mean(values: list[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
