"""A model beside the people of EmoNet-Face HQ (ratings) and Binary (votes)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.evaluation.arrays import Bools, Floats, Ints, means_defined
from pipeline.evaluation.bootstrap import RESAMPLES, SEED, Estimate, draw_times, estimates
from pipeline.evaluation.metrics import ranked, ranking
from pipeline.evaluation.protocol import HqScores, score_hq
from pipeline.evaluation.sources.scorer import Scored
from pipeline.evaluation.votes import VoteAgreement, vote_agreement
from pipeline.labels.published import HIGHEST, Ratings, Votes


@dataclass(frozen=True, slots=True)
class HqEvaluation:
    """The HQ protocol with `models`, the one that was asked for first, among the annotators of the file."""

    models: tuple[str, ...]
    protocol: HqScores
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VotedFigures:
    """One emotion: the yes and no answers it got, and how well the scores tell a yes from a no."""

    emotion: str
    yes: int
    no: int
    auc: Estimate
    average_precision: Estimate


@dataclass(frozen=True, slots=True)
class ModelVotes:
    """A model against votes: means over the emotions that got both answers, and each of these emotions."""

    model: str
    auc: Estimate
    average_precision: Estimate
    emotions: tuple[VotedFigures, ...]


@dataclass(frozen=True, slots=True)
class BinaryEvaluation:
    """`models`, the one that was asked for first, against the votes, beside the annotators' agreement.

    Every answer is a case of its own, so that a unit on which people differ counts on both sides: the chance that a yes
    was given to a picture with a higher score than a no. Draws are of pictures, which keeps the answers to one together.
    """

    models: tuple[ModelVotes, ...]
    without: tuple[str, ...]
    agreement: VoteAgreement
    cautions: tuple[str, ...]


def evaluate_hq(ratings: Ratings, models: Sequence[Scored]) -> HqEvaluation:
    """Every point of the protocol for `models`, scored on the pictures of `ratings`, people and the file's own models."""
    names: list[str] = []
    for model in models:
        ratings = _with_model(ratings, model)
        names.append(ratings.annotators[-1])
    scores = score_hq(ratings)
    return HqEvaluation(tuple(names), scores, (*_missed(models), *scores.cautions))


def evaluate_binary(
    votes: Votes, models: Sequence[Scored], resamples: int = RESAMPLES, seed: int = SEED
) -> BinaryEvaluation:
    """ROC-AUC and average precision of `models`, scored on the images of `voted_images`, against every answer."""
    cases = [_cases(votes, position) for position in range(len(votes.emotions))]
    both = [one for one in cases if one.yes and one.no]
    agreement = vote_agreement(votes)
    return BinaryEvaluation(
        models=tuple(_model_votes(model, both, votes.images, resamples, seed) for model in models),
        without=tuple(one.emotion for one in cases if one not in both),
        agreement=agreement,
        cautions=(*_missed(models), *agreement.cautions),
    )


def voted_images(votes: Votes) -> tuple[str, ...]:
    """The images that were voted on, each once, in the order that scores of them have."""
    return tuple(dict.fromkeys(votes.image_of))


@dataclass(frozen=True, slots=True, eq=False)
class _Cases:
    """The answers to one emotion: for each, the position of its image and whether it is a yes."""

    emotion: str
    image: Ints
    answer: Bools

    @property
    def yes(self) -> int:
        return int(self.answer.sum())

    @property
    def no(self) -> int:
        return len(self.answer) - self.yes


def _cases(votes: Votes, position: int) -> _Cases:
    row_of = {image: row for row, image in enumerate(voted_images(votes))}
    images = np.array([row_of[image] for image in votes.image_of])
    given, unit = np.nonzero(~np.isnan(votes.answers) & (votes.emotion_of == position))
    return _Cases(votes.emotions[position], images[unit], votes.answers[given, unit] == 1)


def _model_votes(model: Scored, cases: Sequence[_Cases], images: int, resamples: int, seed: int) -> ModelVotes:
    blocks = []
    for times in draw_times(images, resamples, seed):
        figures = [ranking(ranked(_scores(model, one), times[one.image]), one.answer) for one in cases]
        blocks.append(np.array(figures).reshape(len(cases), 2, times.shape[1]))
    draws = np.concatenate(blocks, axis=-1)
    auc, precision = estimates(means_defined(draws, axis=0))
    emotions = (
        VotedFigures(one.emotion, one.yes, one.no, *estimates(figures))
        for one, figures in zip(cases, draws, strict=True)
    )
    return ModelVotes(model.name, auc, precision, tuple(emotions))


def _scores(model: Scored, cases: _Cases) -> Floats:
    column: Floats = model.values[cases.image, model.emotions.index(cases.emotion)]
    return column


def _with_model(ratings: Ratings, model: Scored) -> Ratings:
    """`ratings` with one annotator more, last: scores cut to 0 to 7, named apart where the file has that name."""
    name = model.name if model.name not in ratings.annotators else f"{model.name} (evaluated)"
    columns = [model.emotions.index(emotion) for emotion in ratings.emotions]
    values = np.clip(model.values[:, columns], 0, HIGHEST)
    return replace(
        ratings,
        rows=ratings.rows + len(values),
        annotators=(*ratings.annotators, name),
        human=(*ratings.human, False),
        values=np.concatenate([ratings.values, values[None]]),
    )


def _missed(models: Sequence[Scored]) -> list[str]:
    return [caution for model in models for caution in model.cautions]
