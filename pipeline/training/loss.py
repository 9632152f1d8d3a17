"""What training makes small: a weighted loss for each head, of its own."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.training.examples import Examples, Part
from pipeline.training.labels import Kind

PRESENT = {"rating": 1.0, "vote": 3.5}
"""From which target on an emotion counts as present, by kind of label: a rating of 1, or half of the votes."""
STEEPNESS = 2.0
"""Votes: P(yes) = sigmoid(STEEPNESS x (score - 3.5)), so that scores of 2.4 and 4.6 mean 10 % and 90 %."""
MIDDLE = 3.5
HIGHEST_WEIGHT = 100.0


@dataclass(frozen=True, slots=True)
class Objective:
    """The loss of every head, and how much pictures with (`present`, (40,)) and without its emotion (`absent`) count.

    Ratings: squared error. Votes: cross-entropy between the share of yes and P(yes). Both are weighted by the label's own
    weight and by class: present and absent pictures get half of a head's weight each, as far as a picture then counts at
    most 100 times. Scores thus answer "how strongly, if both were as common"; they are not frequencies.
    """

    kind: Kind
    present: Tensor
    absent: Tensor

    def losses(self, scores: Tensor, values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted losses and weights, both (n, 40). All arguments are (n, 40)."""
        weights = weights * torch.where(values >= PRESENT[self.kind], self.present, self.absent)
        if self.kind == "vote":
            logits = STEEPNESS * (scores - MIDDLE)
            each = torch.nn.functional.binary_cross_entropy_with_logits(logits, values / 7, reduction="none")
        else:
            each = (scores - values) ** 2
        return each * weights, weights

    def to(self, device: torch.device) -> "Objective":
        """The same on a device."""
        return Objective(self.kind, self.present.to(device), self.absent.to(device))


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the training pictures: mean and standard deviation of embeddings (width,), weighted mean target (40,) under
    `objective`, and whether an emotion is present in any (`taught`, (40,))."""

    centre: Tensor
    scale: Tensor
    objective: Objective
    mean_target: Tensor
    taught: Tensor


def measure(examples: Examples, part: Part, kind: Kind) -> Statistics:
    """One pass over the training pictures; memory holds a block."""
    total = squares = torch.zeros(1, dtype=torch.float64)
    with_it = without = sum_with = sum_without = torch.zeros(1, dtype=torch.float64)
    for batch in examples.blocks(part.rows):
        embeddings, values, weights = batch.embeddings.double(), batch.values.double(), batch.weights.double()
        total, squares = total + embeddings.sum(0), squares + (embeddings**2).sum(0)
        is_there = values >= PRESENT[kind]
        with_it, without = with_it + (weights * is_there).sum(0), without + (weights * ~is_there).sum(0)
        sum_with = sum_with + (weights * values * is_there).sum(0)
        sum_without = sum_without + (weights * values * ~is_there).sum(0)
    count = len(part.rows)
    centre = total / count
    scale = (squares / count - centre**2).clamp(min=0).sqrt()
    present, absent = _balanced(with_it, without, count)
    mean = (present * sum_with + absent * sum_without) / (present * with_it + absent * without).clamp(min=1e-12)
    objective = Objective(kind, present.float(), absent.float())
    return Statistics(
        centre.float(), torch.where(scale > 1e-6, scale, 1.0).float(), objective, mean.float(), with_it > 0
    )


def _balanced(with_it: Tensor, without: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Class weights under which both classes weigh count / 2; a class that is not there gives the other all of it."""
    share = torch.where((with_it > 0) & (without > 0), 0.5, 1.0) * count
    return (share / with_it.clamp(min=1e-12)).clamp(max=HIGHEST_WEIGHT), (share / without.clamp(min=1e-12)).clamp(
        max=HIGHEST_WEIGHT
    )
