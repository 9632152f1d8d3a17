"""A model beside people, in tables."""

import numpy as np

from pipeline.evaluation.arrays import means_defined
from pipeline.evaluation.output.agreement import protocol_blocks, vote_blocks
from pipeline.evaluation.output.tables import Block, Table, estimate, named, number
from pipeline.evaluation.people import BinaryEvaluation, HqEvaluation
from pipeline.evaluation.protocol import HqScores


def hq_blocks(figures: HqEvaluation) -> list[Block]:
    """The protocol, and by emotion the model beside the mean person."""
    first, *others = protocol_blocks(figures.protocol)
    return [f"{figures.models[0]} by the HQ protocol, {first}", *others, _by_emotion(figures)]


def mean_person(scores: HqScores) -> tuple[float, ...]:
    """For each emotion the mean over the people of their kappa with the others; nan where none is defined."""
    people = np.array([one.kappa.by_emotion for one in scores.annotators if one.human])
    return tuple(means_defined(people, axis=0).tolist())


def binary_blocks(figures: BinaryEvaluation) -> list[Block]:
    """The models against the votes, then the annotators' agreement."""
    first, *agreement = vote_blocks(figures.agreement)
    main = figures.models[0]
    return [
        f"{main.model} against {first}",
        Table(
            ["", "ROC-AUC", "average precision"],
            [(one.model, estimate(one.auc), estimate(one.average_precision)) for one in figures.models],
            title="Scores against every answer, mean over emotions, 95 % intervals",
        ),
        Table(
            ["emotion", "yes", "no", "ROC-AUC", "average precision"],
            [
                (
                    one.emotion,
                    f"{one.yes:,}",
                    f"{one.no:,}",
                    estimate(one.auc),
                    estimate(one.average_precision),
                )
                for one in main.emotions
            ],
            title=f"{main.model} by emotion",
        ),
        named("Without both answers, so without figures", figures.without),
        *agreement,
    ]


def _by_emotion(figures: HqEvaluation) -> Table:
    scores = figures.protocol
    (model,) = (one for one in scores.annotators if one.annotator == figures.models[0])
    rhos = model.spearman.by_emotion if model.spearman else ()
    rows = [
        (f"{name}{' *' if name in scores.reliable else ''}", number(person), number(kappa), number(rho))
        for name, person, kappa, rho in zip(
            scores.emotions, mean_person(scores), model.kappa.by_emotion, rhos, strict=True
        )
    ]
    header = ["emotion (* reliable)", "people's kappa", "model's kappa", "model's rho"]
    return Table(header, rows, title=f"{model.annotator} by emotion, beside the mean person")
