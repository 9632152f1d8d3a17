"""Means and shares where some values are undefined (nan)."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """part / whole, elementwise; nan where whole is 0."""
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)


def mean_defined(values: npt.ArrayLike, axis: int | None = None) -> Any:  # noqa: ANN401 - a float or an array
    """The mean over the values that are not nan; nan where none is left."""
    values = np.asarray(values, float)
    defined = ~np.isnan(values)
    mean = ratio(np.where(defined, values, 0).sum(axis), defined.sum(axis))
    return float(mean) if mean.ndim == 0 else mean
