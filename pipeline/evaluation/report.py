"""Figures for people and for machines."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.output.agreement import protocol_blocks, rating_blocks, vote_blocks
from pipeline.evaluation.output.evaluation import evaluation_blocks
from pipeline.evaluation.output.people import binary_blocks, hq_blocks
from pipeline.evaluation.output.tables import Block, as_text
from pipeline.evaluation.people import BinaryEvaluation, HqEvaluation
from pipeline.evaluation.protocol import HqScores
from pipeline.evaluation.ratings import RatingAgreement
from pipeline.evaluation.votes import VoteAgreement

Figures = VoteAgreement | RatingAgreement | HqScores | Evaluation | HqEvaluation | BinaryEvaluation
_KIND = {
    VoteAgreement: "votes",
    RatingAgreement: "ratings",
    HqScores: "protocol",
    Evaluation: "evaluation",
    HqEvaluation: "hq",
    BinaryEvaluation: "binary",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one file or folder."""

    file: str
    figures: Figures

    def as_dict(self) -> dict[str, Any]:
        """For JSON, in full precision: file, kind (votes, ratings, protocol, evaluation, hq or binary), figures.

        Undefined figures are None.
        """
        figures = _without_nan(asdict(self.figures))
        return {"file": self.file, "kind": _KIND[type(self.figures)], "figures": figures}

    def as_text(self) -> str:
        """For a terminal; an undefined figure is a dash. What not to read into a figure stands below the figures."""
        cautions = "\n".join(f"! {caution}" for caution in self.figures.cautions)
        return f"{self.file}: {as_text([*self.blocks(), cautions])}"

    def blocks(self) -> list[Block]:
        """The figures as paragraphs and tables, first of all what they are of; without the cautions."""
        match self.figures:
            case VoteAgreement():
                return vote_blocks(self.figures)
            case RatingAgreement():
                return rating_blocks(self.figures)
            case HqScores():
                return protocol_blocks(self.figures)
            case Evaluation():
                return evaluation_blocks(self.figures)
            case HqEvaluation():
                return hq_blocks(self.figures)
            case BinaryEvaluation():
                return binary_blocks(self.figures)


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - whatever asdict gives
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
