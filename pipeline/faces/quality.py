"""Is there anything in the picture, and is the face in focus?"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 64  # pixels to which a face is scaled: detail that a 128-pixel picture can show, and a larger one must
FAINT = 0.001  # variance of luminance, added so that rounding to 8 bits in a dark face does not count as detail

Luminance = NDArray[np.float64]


def contrast(picture: NDArray[np.uint8]) -> float:
    """Standard deviation of luminance, 0 to 0.5, of an RGB picture of shape (height, width, 3)."""
    return float(_luminance(Image.fromarray(picture)).std())


def sharpness(picture: NDArray[np.uint8], box: tuple[float, float, float, float]) -> float:
    """Detail of the face in `box` (left, top, right, bottom; pixels), whatever its size and contrast; 0 has none.

    The face is scaled to 64x64; the energy of its Laplacian (variance of Laplacian: Pech-Pacheco et al. 2000, "Diatom
    autofocusing in brightfield microscopy") is divided by the variance of its luminance. Sharp faces have 0.1 to 1;
    a Gaussian blur of 4 % of the face's height leaves about 0.01. A box outside the picture has 0.
    """
    height, width = picture.shape[:2]
    left, top, right, bottom = max(0.0, box[0]), max(0.0, box[1]), min(width, box[2]), min(height, box[3])
    if right - left < 2 or bottom - top < 2:
        return 0.0
    face = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    light = _luminance(face)
    around = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:]
    return float(((around - 4 * light[1:-1, 1:-1]) ** 2).mean() / (light.var() + FAINT))


def _luminance(image: Image.Image) -> Luminance:
    return np.asarray(image, np.float64) @ (0.299, 0.587, 0.114) / 255
