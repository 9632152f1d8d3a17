"""Agreement of every two annotators: quadratic weighted Cohen's kappa.

Source: J. Cohen, "Weighted kappa" (1968). With weights (a - b)^2 it is 1 - sum (a - b)^2 / its expectation when the two
rate independently, and both follow from sums over the shared units; so all pairs and emotions take one matrix product
(scikit-learn, which takes one pair at a time, needs 8 s for HQ; the tests hold this against it). On 0/1 answers it is
plain Cohen's kappa. Labels nobody uses change nothing.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.arrays import Floats, ratio


@dataclass(frozen=True, slots=True)
class PairKappa:
    """Two annotators on the `n` units (of votes) or images (of ratings) that both answered; kappa is nan if undefined."""

    first: str
    second: str
    n: int
    kappa: float


def kappa_matrix(values: Floats) -> tuple[Floats, Floats]:
    """Kappa of all pairs. `values` is (annotators, units, items), whole numbers, nan where missing.

    Returns kappa and the number of shared units, both (items, annotators, annotators). Kappa is nan where a pair shares
    no unit or where both give one and the same value throughout; an annotator who always gives one value that the other
    does not always give has 0.
    """
    by_item = np.ascontiguousarray(np.moveaxis(values, 2, 0))  # else matmul does without BLAS: 20 times slower
    filled = np.nan_to_num(by_item, nan=0.0)
    sides = np.concatenate([~np.isnan(by_item), filled, filled**2], axis=1)
    items, annotators = filled.shape[:2]
    products = (sides @ sides.swapaxes(1, 2)).reshape(items, 3, annotators, 3, annotators)
    shared, total, square = products[:, 0, :, 0], products[:, 1, :, 0], products[:, 2, :, 0]
    squares = square + square.swapaxes(1, 2)
    observed = squares - 2 * products[:, 1, :, 1]
    expected = squares - 2 * np.nan_to_num(ratio(total * total.swapaxes(1, 2), shared))
    return 1 - ratio(observed, expected), shared


def pair_kappas(names: tuple[str, ...], kappa: Floats, shared: Floats) -> tuple[PairKappa, ...]:
    """Every two of `names`, in order; `kappa` and `shared` are (annotators, annotators)."""
    first, second = np.triu_indices(len(names), 1)
    return tuple(
        PairKappa(names[a], names[b], int(shared[a, b]), float(kappa[a, b]))
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
    )
