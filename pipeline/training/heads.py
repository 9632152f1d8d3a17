"""One small network an emotion, all of them computed at once."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

SIZES = {"small": (128, 32), "large": (1024, 512, 256)}
"""Hidden widths of the two sizes of Empathic-Insight-Face (EmoNet-Face, arXiv 2505.20033)."""


class StackedHeads(nn.Module):
    """`count` multilayer perceptrons width -> hidden -> 1 with ReLU and dropout, as one batched computation.

    Layer l holds weights (count, out, in) and biases (count, out, 1). Every head sees the same input, so the first layer
    is one matrix product over all heads; each later one is a `baddbmm`. No head sees another's values: the result and the
    gradients are those of `count` separate networks, up to the order of floating-point sums.
    """

    def __init__(self, count: int, width: int, hidden: Sequence[int], dropout: float = 0.0) -> None:
        """Weights are zero until `initialise` or a state dict fills them. `dropout` is a share, 0 to 1 (exclusive)."""
        super().__init__()
        sizes = (width, *hidden, 1)
        pairs = list(pairwise(sizes))
        self.dropout = dropout
        self.weights = nn.ParameterList(nn.Parameter(torch.zeros(count, out, wide)) for wide, out in pairs)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(count, out, 1)) for _, out in pairs)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draws every weight and bias as `nn.Linear` does: uniform in +-1/sqrt(inputs). `generator` is on the CPU."""
        for weight, bias in zip(self.weights, self.biases, strict=True):
            bound = 1 / math.sqrt(weight.shape[2])
            for values in (weight, bias):
                values.copy_(torch.empty(values.shape).uniform_(-bound, bound, generator=generator))

    def forward(self, inputs: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Scores (n, count) of inputs (n, width). In training mode dropout masks are drawn from `generator`.

        Hidden values are (count, out, n), so that no layer has to reorder what the one before wrote.
        """
        count, out, width = self.weights[0].shape
        flat = torch.addmm(self.biases[0].view(-1, 1), self.weights[0].view(-1, width), inputs.T)
        values = flat.view(count, out, len(inputs))
        for weight, bias in list(zip(self.weights, self.biases, strict=True))[1:]:
            values = torch.baddbmm(bias, weight, self._drop(torch.relu(values), generator))
        scores: Tensor = values.squeeze(1).T
        return scores

    def _drop(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        if not self.training or self.dropout == 0:
            return values
        kept = torch.empty_like(values).bernoulli_(1 - self.dropout, generator=generator)
        return values * kept / (1 - self.dropout)
