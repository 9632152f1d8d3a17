"""The shipped probe: which faces it calls whole, and what else it reads."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pipeline.errors import InputError
from pipeline.faces.align import align, oval_outside
from pipeline.faces.pose import FACE_MODEL
from pipeline.faces.probe import AXES, SIZE, Probe, face_square, load_probe
from pipeline.planning.vocabulary import load_vocabulary
from pipeline.resources import probe_file

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
    return load_probe().measure(picture, detector.detect(picture)[0])


@pytest.mark.parametrize("light", LIGHTS)
def test_whole_faces_are_kept_in_every_light(detector, undoubted, light):
    """Five faces of photographs: it learnt from renders alone."""
    assert len(undoubted) == 5
    values = [seen(detector, LIGHTS[light](head)) for head in undoubted]
    assert min(values) >= 0.5, values


@pytest.mark.xfail(
    reason="the probe learnt from renders alone, and takes this cheek for something before it", strict=True
)
def test_a_laughing_face_before_a_wall_like_skin_is_kept(detector, doubted):
    assert seen(detector, doubted) >= 0.5


@pytest.mark.parametrize("part", PARTS)
def test_covered_faces_are_refused(detector, heads, cover, part):
    """Of six faces at most one may slip through."""
    covered = [cover(head, part) for head in heads]
    found = [(picture, faces[0]) for picture in covered if (faces := detector.detect(picture))]
    values = [load_probe().measure(picture, face) for picture, face in found]
    assert sum(value >= 0.5 for value in values) <= 1, values


def test_large_and_small_pictures_agree(detector, portrait):
    large = np.asarray(Image.fromarray(portrait).resize((1000, 1000), Image.Resampling.BICUBIC))
    assert seen(detector, large) == pytest.approx(seen(detector, portrait), abs=0.3)


def test_a_face_beyond_the_picture_is_not_visible(detector, portrait):
    face = detector.detect(portrait)[0]
    cut = np.ascontiguousarray(portrait[:, : int(face.landmarks[2][0])])
    assert load_probe().measure(cut, face) < 0.5
    assert oval_outside(face, cut.shape[1], cut.shape[0]) == pytest.approx(0.5, abs=0.1)
    assert oval_outside(face, 200, 200) == 0


def test_the_frame_lies_on_the_landmarks(detector, portrait):
    face = detector.detect(portrait)[0]
    np.testing.assert_allclose(align(face).to_picture(FACE_MODEL[:, :2]), face.landmarks, atol=4)


def test_what_it_sees_is_upright_whatever_the_picture(detector, portrait):
    upright = face_square(portrait, detector.detect(portrait)[0])
    tilted = np.asarray(Image.fromarray(portrait).rotate(15, Image.Resampling.BICUBIC))
    again = face_square(tilted, detector.detect(tilted)[0])
    assert upright.shape == (SIZE, SIZE, 3)
    middle = slice(30, 66)
    difference = np.abs(upright[middle, middle].astype(float) - again[middle, middle])
    assert difference.mean() < 25


def test_probabilities_of_an_axis_sum_to_one_and_embeddings_differ(detector, heads):
    probe = load_probe()
    reading = probe.read(heads, [detector.detect(head)[0] for head in heads])
    assert set(reading.levels) == set(AXES)
    for axis, names in probe.levels.items():
        assert reading.levels[axis].shape == (len(heads), len(names))
        np.testing.assert_allclose(reading.levels[axis].sum(1), 1, atol=1e-4)
    assert reading.embedding.shape == (len(heads), probe.width)
    assert np.ptp(reading.embedding, axis=0).max() > 0.1


def test_its_levels_are_those_that_can_be_asked_for():
    vocabulary, levels = load_vocabulary(), load_probe().levels
    balanced = vocabulary.presets["balanced"]
    assert levels["ethnicity"] == tuple(level.slug for level in balanced.ethnicities)
    assert levels["age"] == tuple(str(age) for age in balanced.ages)
    assert levels["emotion"][:-1] == tuple(emotion.slug for emotion in vocabulary.emotions)
    assert levels["emotion"][-1] == "neutral"


def test_a_face_reads_the_same_alone_in_company_and_in_threads(detector, heads):
    probe, faces = load_probe(), [detector.detect(head)[0] for head in heads]
    together = probe.read(heads, faces).visibility
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(probe.measure, heads, faces))
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_its_name_tells_its_weights():
    assert load_probe().name == f"probe {hashlib.sha256(probe_file().read_bytes()).hexdigest()[:16]}"


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x08"])
def test_a_file_that_is_no_probe_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / "probe.onnx"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"probe\.onnx: not a face probe"):
        Probe(file)


def test_a_missing_probe_is_told(tmp_path):
    with pytest.raises(InputError, match="not a face probe"):
        Probe(tmp_path / "none.onnx")
