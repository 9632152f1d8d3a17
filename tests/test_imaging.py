import numpy as np
import pytest

from pipeline.imaging import decode, encode, thumbnail
from pipeline.planning.spec import StorageSpec

PICTURE = np.random.default_rng(0).integers(0, 255, (120, 200, 3), dtype=np.uint8)


@pytest.mark.parametrize(("image_format", "quality"), [("png", 95), ("webp", 100)])
def test_lossless_formats_give_the_very_pixels_back(image_format, quality):
    data = encode(PICTURE, StorageSpec(image_format=image_format, quality=quality))
    assert np.array_equal(decode(data), PICTURE)


@pytest.mark.parametrize("image_format", ["webp", "jpeg"])
def test_a_higher_quality_is_nearer_to_the_picture(image_format):
    def error(quality):
        data = encode(PICTURE, StorageSpec(image_format=image_format, quality=quality))
        return np.abs(decode(data).astype(int) - PICTURE).mean()

    assert error(95) < error(30)


def test_the_same_picture_gives_the_same_bytes():
    assert encode(PICTURE, StorageSpec()) == encode(PICTURE.copy(), StorageSpec())


def test_a_thumbnail_has_at_most_96_pixels_a_side_and_keeps_its_shape():
    assert decode(thumbnail(PICTURE)).shape == (58, 96, 3)
