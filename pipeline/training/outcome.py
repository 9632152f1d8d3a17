"""What came of a training run: for its folder, for people, for machines."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.training.measures import Measures


@dataclass(frozen=True, slots=True)
class TrainOutcome:
    """A finished run. `untaught` emotions are present in no training picture: their heads are as they came (0 for a new
    model). `measures` are of the validation and the test split."""

    output: str
    dataset: str
    labels: str
    encoder: str
    heads: tuple[int, ...]
    train: int
    validation: int
    test: int
    faceless: int
    unlabelled: int
    untaught: tuple[str, ...]
    epochs: int
    seconds: float
    measures: tuple[Measures, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)


def outcome_text(outcome: Mapping[str, Any]) -> str:
    """What came of a run, in a few lines."""
    where = outcome["output"]
    done = "was finished before; nothing was done (another --output trains anew)"
    if not outcome["finished_before"]:
        done = f"{outcome['epochs']} epochs on {outcome['train']} pictures in {outcome['seconds']:.0f} s"
    lines = [f"{where}: {done}"]
    for part in outcome["measures"]:
        if part["auc"] is not None:
            first = "" if part["first"] is None else f", highest score on the highest label {part['first']:.2f}"
            lines.append(f"{part['part']}: {part['pictures']} pictures, mean AUC {part['auc']:.2f} (chance 0.5){first}")
    for count, what in ((outcome["faceless"], "no face"), (outcome["unlabelled"], "no label")):
        if count:
            lines.append(f"left out: {count} pictures with {what}")
    if outcome["untaught"]:
        lines.append(
            f"not trained, since no picture shows them: {len(outcome['untaught'])} of the emotions (see the card)"
        )
    return "\n".join([*lines, f"card: {where}/README.md"])
