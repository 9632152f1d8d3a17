"""What `emonet agreement` and the evaluator ask of a published file."""

from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.protocol import score_hq
from pipeline.evaluation.ratings import rating_agreement
from pipeline.evaluation.report import Report
from pipeline.evaluation.votes import vote_agreement
from pipeline.labels.published import Votes, read_published


def agreement(path: Path) -> Report:
    """How far the annotators of a binary.csv or the people of an hq.csv agree."""
    published = read_published(path)
    if isinstance(published, Votes):
        return Report(str(path), vote_agreement(published))
    return Report(str(path), rating_agreement(published))


def protocol(path: Path) -> Report:
    """The HQ protocol: people and the models beside them against people."""
    published = read_published(path)
    if isinstance(published, Votes):
        raise InputError(f"{path}: holds votes; the HQ protocol needs ratings, so name an hq.csv")
    return Report(str(path), score_hq(published))
