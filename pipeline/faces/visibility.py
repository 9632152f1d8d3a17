"""How whole and uncovered a face is: a rule, with no trained weights.

The face is brought into a common frame by its landmarks. Each part of it must show skin of the face's own colour, and
eyes and mouth must show structure. Bars, sunglasses, masks and covered halves fail one or the other; glasses, beards,
wrinkles, closed eyes, coloured or one-sided light pass. Not seen: what looks like the face's own skin, such as a hand.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.faces.align import align
from pipeline.faces.face import Face

Floats = NDArray[np.float64]
Area = tuple[slice, slice]

VisibilityRule = Callable[[NDArray[np.uint8], Face], float]
"""(RGB picture of shape (height, width, 3), face in it) -> 0, covered, to 1, whole; 0.5 is the limit of acceptance."""

UNIT = 32  # pixels of the frame between the eyes
LEFT, RIGHT, TOP, BOTTOM = -1.0, 1.0, -0.75, 1.75  # of the frame, in distances between the eyes
DARKEST = 0.06  # added before logarithms, so that noise in shadows and in dark skin does not count as colour
BRIGHTER, DARKER, TINT = 0.6, 0.9, 0.32  # how far skin may stray in log luminance and in log ratios of channels
FAINTEST = 0.05  # least structure that others are compared with


def _area(left: float, right: float, top: float, bottom: float) -> Area:
    rows = slice(round((top - TOP) * UNIT), round((bottom - TOP) * UNIT))
    return rows, slice(round((left - LEFT) * UNIT), round((right - LEFT) * UNIT))


AREAS = {
    "left eye": _area(-0.75, -0.25, -0.18, 0.2),
    "right eye": _area(0.25, 0.75, -0.18, 0.2),
    "bridge": _area(-0.12, 0.12, -0.1, 0.1),
    "under the eyes": _area(-0.6, 0.6, 0.22, 0.35),
    "nose": _area(-0.16, 0.16, 0.05, 0.6),
    "left cheek": _area(-0.55, -0.22, 0.35, 0.75),
    "right cheek": _area(0.22, 0.55, 0.35, 0.75),
    "upper lip": _area(-0.3, 0.3, 0.72, 0.95),
    "mouth": _area(-0.42, 0.42, 0.95, 1.35),
}
COLOUR_OF = ("nose", "left cheek", "right cheek", "under the eyes", "upper lip")

# The least that a whole face shows: share of skin-coloured pixels, and standard deviation of log luminance. Set well
# below what 99 of 100 whole faces showed: 11 photographs, each in six lights, and 300 renders of all groups and ages.
LEAST_SKIN = {
    "left eye": 0.08,
    "right eye": 0.08,
    "bridge": 0.25,
    "under the eyes": 0.5,
    "nose": 0.35,
    "left cheek": 0.35,
    "right cheek": 0.35,
    "mouth": 0.06,
}
LEAST_STRUCTURE = {"left eye": 0.075, "right eye": 0.075, "mouth": 0.07}
LEAST_SHARE_OF_STRUCTURE = 0.3  # of the best other part: in a soft picture every part has less


def visibility(picture: NDArray[np.uint8], face: Face) -> float:
    """0, covered, to 1, whole, for a face in an RGB picture of shape (height, width, 3); 0.5 is the limit.

    It is half the ratio of what the weakest part shows to the least that a whole face shows there.
    """
    frame, inside = _aligned(picture, face)
    colour = _log_colour(frame)
    skin = _looks_like_skin(colour) & inside
    parts = [float(skin[AREAS[part]].mean()) / least for part, least in LEAST_SKIN.items()]
    parts += _structure(colour[..., 0])
    return min(1.0, 0.5 * min(parts))


def _aligned(picture: NDArray[np.uint8], face: Face) -> tuple[Floats, NDArray[np.bool_]]:
    """The face in the frame (rows, columns, 3), 0 to 1, and which of its pixels lie in the picture."""
    alignment = align(face)
    size = round((RIGHT - LEFT) * UNIT), round((BOTTOM - TOP) * UNIT)
    shrink = max(1, int(alignment.scale / UNIT))
    step = alignment.turn / UNIT / shrink
    corner = alignment.to_picture(np.array([LEFT, TOP])) / shrink
    coefficients = (step[0, 0], step[0, 1], corner[0], step[1, 0], step[1, 1], corner[1])
    small = Image.fromarray(picture).reduce(shrink)
    frame = small.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)

    centres = np.stack(np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5), axis=-1)
    x, y = np.moveaxis(alignment.to_picture(centres / UNIT + (LEFT, TOP)), -1, 0)
    inside = (x >= 0) & (y >= 0) & (x < picture.shape[1]) & (y < picture.shape[0])
    return np.asarray(frame, np.float64) / 255, inside


def _log_colour(frame: Floats) -> Floats:
    """Log luminance, log red/green and log blue/green: light changes the first, and hardly the others."""
    red, green, blue = np.moveaxis(np.log(frame + DARKEST), -1, 0)
    luminance = np.log(frame @ (0.299, 0.587, 0.114) + DARKEST)
    return np.stack([luminance, red - green, blue - green], axis=-1)


def _looks_like_skin(colour: Floats) -> NDArray[np.bool_]:
    """Where the colour is near the face's own: the median over parts that are bare skin in most people."""
    own = np.median([np.median(colour[AREAS[part]].reshape(-1, 3), axis=0) for part in COLOUR_OF], axis=0)
    light, red, blue = np.moveaxis(colour - own, -1, 0)
    far = (light / np.where(light > 0, BRIGHTER, DARKER)) ** 2 + (red / TINT) ** 2 + (blue / TINT) ** 2
    near: NDArray[np.bool_] = far < 1
    return near


def _structure(luminance: Floats) -> list[float]:
    """For eyes and mouth: structure over the least of a whole face, in itself or against the best of the others."""
    found = {part: float(luminance[AREAS[part]].std()) for part in LEAST_STRUCTURE}
    ratios = []
    for part, least in LEAST_STRUCTURE.items():
        best = max(FAINTEST, *(spread for other, spread in found.items() if other != part))
        ratios.append(max(found[part] / least, found[part] / best / LEAST_SHARE_OF_STRUCTURE))
    return ratios
