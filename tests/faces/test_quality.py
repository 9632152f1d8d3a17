import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pipeline.attempts.likeness import distance, fingerprint
from pipeline.faces.quality import contrast, sharpness
from pipeline.planning.spec import FaceSpec

FACE = (178.0, 60.0, 268.0, 175.0)  # of the astronaut


@pytest.fixture(scope="module")
def astronaut():
    """Out of scikit-image, which insightface depends on."""
    folder = importlib.util.find_spec("skimage").submodule_search_locations[0]
    return np.asarray(Image.open(Path(folder) / "data/astronaut.png").convert("RGB"))


def blurred(picture, sigma):
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(sigma)))


def resized(picture, factor):
    size = round(picture.shape[1] * factor), round(picture.shape[0] * factor)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def test_contrast_runs_from_nothing_to_black_and_white(astronaut):
    halves = np.zeros((10, 10, 3), np.uint8)
    halves[5:] = 255
    assert contrast(np.full((10, 10, 3), 99, np.uint8)) == pytest.approx(0, abs=1e-9)
    assert contrast(halves) == pytest.approx(0.5)
    assert 0.1 < contrast(astronaut) < 0.5


def test_a_sharp_face_is_well_above_the_limit_and_a_blurred_one_below(astronaut):
    limit = FaceSpec().min_sharpness
    assert sharpness(astronaut, FACE) > 5 * limit
    assert sharpness(blurred(astronaut, 0.04 * (FACE[3] - FACE[1])), FACE) < limit


def test_more_blur_is_less_sharp(astronaut):
    values = [sharpness(blurred(astronaut, sigma), FACE) for sigma in (0, 1, 2, 4, 8)]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("factor", [0.75, 2, 4])
def test_sharpness_hardly_depends_on_size(astronaut, factor):
    scaled = sharpness(resized(astronaut, factor), tuple(edge * factor for edge in FACE))
    assert scaled == pytest.approx(sharpness(astronaut, FACE), rel=0.35)


def test_sharpness_hardly_depends_on_contrast(astronaut):
    faint = (astronaut * 0.5).astype(np.uint8)
    assert sharpness(faint, FACE) == pytest.approx(sharpness(astronaut, FACE), rel=0.2)


@pytest.mark.parametrize("box", [(-50.0, -50.0, -10.0, -10.0), (600.0, 600.0, 700.0, 700.0), (5.0, 5.0, 5.0, 5.0)])
def test_a_box_outside_the_picture_has_no_detail(astronaut, box):
    assert sharpness(astronaut, box) == 0


def test_a_box_may_reach_beyond_the_picture(astronaut):
    assert sharpness(astronaut, (-20.0, -20.0, 2000.0, 2000.0)) > 0


def test_small_changes_keep_the_fingerprint_near_and_other_pictures_are_far(astronaut):
    limit = FaceSpec().duplicate_distance
    brighter = np.clip(astronaut * 1.08 + 4, 0, 255).astype(np.uint8)
    own = fingerprint(astronaut)
    assert 0 <= own < 2**64
    assert distance(own, own) == 0
    assert distance(own, fingerprint(brighter)) <= limit
    assert distance(own, fingerprint(resized(astronaut, 0.5))) <= limit
    assert distance(own, fingerprint(np.ascontiguousarray(astronaut[::-1]))) > 16
