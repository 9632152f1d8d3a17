"""Means and shares where some values are undefined (nan)."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """part / whole, elementwise; nan where whole is 0."""
    above, below = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    quotient = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotient, where=below != 0)
    return quotient


def mean_defined(values: npt.ArrayLike) -> float:
    """The mean over the values that are not nan; nan where none is left."""
    return float(means_defined(np.ravel(np.asarray(values, np.float64)), axis=0))


def means_defined(values: Floats, axis: int) -> Floats:
    """As `mean_defined`, along one axis."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis), defined.sum(axis))
