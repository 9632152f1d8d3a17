"""What every generator offers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.attempts.attempt import Attempt


class Generator(Protocol):
    """Makes pictures in batches of one fixed size. Called from one thread."""

    @property
    def batch_size(self) -> int:
        """Attempts that one call takes. It can only fall, when memory ran out."""
        ...

    @property
    def recipe(self) -> Mapping[str, str | int | float | bool | None]:
        """What the pixels depend on besides prompt and seed: model, revision, dtype, steps, versions, batch size."""
        ...

    def generate(self, attempts: Sequence[Attempt]) -> list[NDArray[np.uint8]]:
        """One RGB picture of shape (height, width, 3) for each attempt; exactly `batch_size` attempts or fewer.

        A shorter sequence is filled up internally so that every batch has the same shape. Each picture follows from
        its prompt, seed and the recipe alone, whatever its neighbours.
        """
        ...
