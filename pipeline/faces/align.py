"""The common frame of faces: the frontal FACE_MODEL, in units of the distance between the eyes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.faces.face import Face
from pipeline.faces.pose import FACE_MODEL

Floats = NDArray[np.float64]

# The oval of a face in that frame, brows and chin included, the top of the forehead not: centre and half axes.
OVAL_CENTRE, OVAL_HALF = (0.0, 0.55), (1.0, 1.25)
OVAL_SAMPLES = 24  # along each axis
BEYOND = (127, 127, 127)  # colour of what lies outside the picture


@dataclass(frozen=True, slots=True)
class Alignment:
    """The similarity from the frame to the picture: pixel = turn @ point + origin."""

    turn: Floats
    """2x2: rotation times pixels between the eyes."""
    origin: Floats
    """Pixel of the frame's origin, the point between the eyes."""

    @property
    def scale(self) -> float:
        """Pixels between the eyes of a frontal face of this size."""
        return float(np.hypot(*self.turn[:, 0]))

    def to_picture(self, points: Floats) -> Floats:
        """Points (..., 2) of the frame in pixels of the picture."""
        pixels: Floats = points @ self.turn.T + self.origin
        return pixels


def align(face: Face) -> Alignment:
    """The similarity that takes FACE_MODEL's five points nearest to the landmarks (least squares)."""
    model, points = FACE_MODEL[:, :2], np.asarray(face.landmarks, np.float64)
    centred, target = model - model.mean(axis=0), points - points.mean(axis=0)
    cosine = (centred * target).sum() / (centred**2).sum()
    sine = (centred[:, 0] * target[:, 1] - centred[:, 1] * target[:, 0]).sum() / (centred**2).sum()
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return Alignment(turn, points.mean(axis=0) - turn @ model.mean(axis=0))


def straightened(
    picture: NDArray[np.uint8], face: Face, corner: tuple[float, float], span: float, size: int
) -> NDArray[np.uint8]:
    """A square of the frame, (size, size, 3): its top left `corner` and side `span` in distances between the eyes.

    `picture` is RGB, (height, width, 3). What lies outside it is grey.
    """
    alignment = align(face)
    unit = size / span
    shrink = max(1, int(alignment.scale / unit))
    step = alignment.turn / unit / shrink
    start = alignment.to_picture(np.array(corner)) / shrink
    coefficients = (step[0, 0], step[0, 1], start[0], step[1, 0], step[1, 1], start[1])
    small = Image.fromarray(picture).reduce(shrink)
    square = small.transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR, fillcolor=BEYOND
    )
    return np.asarray(square)


def oval_outside(face: Face, width: int, height: int) -> float:
    """Share of the face's oval, placed by the landmarks, that lies outside a picture of this size in pixels; 0 to 1.

    Detectors shrink the box of a face that the picture cuts; the landmarks still tell where the rest would be.
    """
    steps = np.linspace(-1, 1, OVAL_SAMPLES)
    square = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    disc = square[(square**2).sum(axis=1) <= 1]
    x, y = align(face).to_picture(disc * OVAL_HALF + OVAL_CENTRE).T
    return float(((x < 0) | (y < 0) | (x > width) | (y > height)).mean())
