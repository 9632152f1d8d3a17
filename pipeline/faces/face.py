"""A found face, and what every face detector offers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Face:
    """One detection in pixels of the picture, x to the right and y down; it may reach beyond the picture."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom."""
    landmarks: tuple[tuple[float, float], ...]
    """Five points: eye at the picture's left, the other eye, nose, mouth corner at the left, mouth corner at the right."""
    score: float
    """Confidence, 0 to 1."""


class FaceDetector(Protocol):
    """Finds faces. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What made the detections, model and provider included; goes into the recipe."""
        ...

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """Faces of an RGB picture of shape (height, width, 3), best first."""
        ...
