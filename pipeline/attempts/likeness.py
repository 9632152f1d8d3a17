"""Perceptual fingerprints, to find pictures that were made twice."""

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image


def fingerprint(picture: NDArray[np.uint8]) -> int:
    """The 64-bit perceptual hash (imagehash.phash: signs of the lowest 8x8 DCT coefficients) of an RGB picture."""
    bits = imagehash.phash(Image.fromarray(picture)).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def distance(first: int, second: int) -> int:
    """Bits in which two fingerprints differ, 0 to 64."""
    return (first ^ second).bit_count()
