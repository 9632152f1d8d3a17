import numpy as np
import pytest
from PIL import Image, ImageFilter

from pipeline.faces.align import align, oval_outside
from pipeline.faces.pose import FACE_MODEL
from pipeline.faces.visibility import visibility

PARTS = ("eyes", "mouth", "sunglasses", "mask", "left half")


def _gamma(power):
    return lambda picture: ((picture / 255) ** power * 255).astype(np.uint8)


def _times(factors):
    return lambda picture: np.clip(picture * np.array(factors), 0, 255).astype(np.uint8)


def _one_sided(picture):
    return (picture * np.linspace(1, 0.35, picture.shape[1])[:, None]).astype(np.uint8)


def _grey(picture):
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def _soft(picture):
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1)))


def _small(picture):
    return np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.LANCZOS))


LIGHTS = {
    "as it is": lambda picture: picture,
    "dark": _gamma(1.8),
    "bright": _gamma(0.6),
    "dim": _times((0.4, 0.4, 0.4)),
    "warm": _times((1, 0.75, 0.5)),
    "cold": _times((0.6, 0.75, 1.1)),
    "one-sided": _one_sided,
    "grey": _grey,
    "soft": _soft,
    "small": _small,
    "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
}


def seen(detector, picture):
    return visibility(picture, detector.detect(picture)[0])


@pytest.mark.parametrize("light", LIGHTS)
def test_whole_faces_are_kept_in_every_light(detector, heads, light):
    values = [seen(detector, LIGHTS[light](head)) for head in heads]
    assert min(values) >= 0.5, values


@pytest.mark.parametrize("part", PARTS)
def test_covered_faces_are_refused(detector, heads, cover, part):
    """Of six faces at most one may slip through."""
    covered = [cover(head, part) for head in heads]
    found = [(picture, faces[0]) for picture in covered if (faces := detector.detect(picture))]
    values = [visibility(picture, face) for picture, face in found]
    assert sum(value >= 0.5 for value in values) <= 1, values


def test_it_is_a_share(detector, heads, cover):
    for part in PARTS:
        assert 0 <= seen(detector, cover(heads[0], part)) <= 1
    assert seen(detector, heads[0]) > 0.9


def test_large_and_small_pictures_agree(detector, portrait):
    large = np.asarray(Image.fromarray(portrait).resize((1000, 1000), Image.Resampling.BICUBIC))
    assert seen(detector, large) >= 0.5


def test_a_face_beyond_the_picture_is_not_visible(detector, portrait):
    face = detector.detect(portrait)[0]
    cut = portrait[:, : int(face.landmarks[2][0])]
    assert visibility(np.ascontiguousarray(cut), face) < 0.5
    assert oval_outside(face, cut.shape[1], cut.shape[0]) == pytest.approx(0.5, abs=0.1)
    assert oval_outside(face, 200, 200) == 0


def test_the_frame_lies_on_the_landmarks(detector, portrait):
    face = detector.detect(portrait)[0]
    np.testing.assert_allclose(align(face).to_picture(FACE_MODEL[:, :2]), face.landmarks, atol=4)
