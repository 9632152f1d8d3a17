"""Pictures to bytes and back, and the files that hold them."""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.planning.spec import StorageSpec

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
THUMBNAIL_SIDE = 96
"""Pixels; the longer side of a reject's thumbnail."""


def encode(picture: NDArray[np.uint8], storage: StorageSpec) -> bytes:
    """An RGB picture of shape (height, width, 3) in the dataset's image format. webp at quality 100 is lossless."""
    lossless = {"lossless": True} if storage.image_format == "webp" and storage.quality == 100 else {}
    return _save(Image.fromarray(picture), storage.image_format, quality=storage.quality, **lossless)


def thumbnail(picture: NDArray[np.uint8]) -> bytes:
    """A webp of at most 96 px a side."""
    image = Image.fromarray(picture)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return _save(image, "webp", quality=80)


def decode(data: bytes) -> NDArray[np.uint8]:
    """The RGB picture of shape (height, width, 3) in `data`."""
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def picture_files(folder: Path) -> list[Path]:
    """Every picture below `folder`, by path; hidden files and folders are passed over."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in files if not name.startswith(".")]
    return sorted(path for path in found if path.suffix.lower() in PICTURE_SUFFIXES)


def _save(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format=image_format.upper(), **options)
    return buffer.getvalue()
