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
    """Five points: eye at the picture's left, other eye, nose, mouth corner at the left, the other corner."""
    score: float
    """Confidence, 0 to 1."""

    @property
    def width(self) -> float:
        """Of the box, in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        """Of the box, in pixels."""
        return self.box[3] - self.box[1]

    def shared_with(self, other: "Face") -> float:
        """Area that the two boxes share, in square pixels."""
        wide = min(self.box[2], other.box[2]) - max(self.box[0], other.box[0])
        high = min(self.box[3], other.box[3]) - max(self.box[1], other.box[1])
        return max(0.0, wide) * max(0.0, high)

    def overlap(self, other: "Face") -> float:
        """Intersection over union of the two boxes, 0 to 1."""
        shared = self.shared_with(other)
        return shared / max(self.width * self.height + other.width * other.height - shared, 1e-9)


class FaceDetector(Protocol):
    """Finds faces. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What made the detections, model and provider included; goes into the recipe."""
        ...

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """Faces of an RGB picture of shape (height, width, 3), best first."""
        ...


class Visibility(Protocol):
    """Tells how whole and uncovered a face is. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What measured, its weights included; goes into the recipe."""
        ...

    def measure(self, picture: NDArray[np.uint8], face: Face) -> float:
        """0, covered or cut, to 1, whole, for a face in an RGB picture of shape (height, width, 3); 0.5 is the limit."""
        ...
