import numpy as np
import pytest
from PIL import Image

from models import occluders
from models.occluders import HARMLESS, OCCLUDERS, covering, decorate, harmless, occlude
from models.occluders.scene import Hidden, Scene
from pipeline.faces.face import Face

DRAWS = 6
BUSY = 6.0  # deviation of the test picture's grain, so that any change shows


def plain_face(size, shift=(0.0, 0.0)):
    """A skin-coloured picture with some grain, dark eyes and a mouth, and where they are."""
    rng = np.random.default_rng(5)
    small = np.array([190, 150, 125]) + rng.normal(0, BUSY, (128, 128, 3))
    points = np.array([(46.0, 42.0), (82.0, 43.0), (64.0, 62.0), (49.0, 83.0), (79.0, 84.0)]) + shift
    for x, y in points[[0, 1, 3, 4]].astype(int):
        small[max(0, y - 3) : y + 3, max(0, x - 6) : x + 6] *= 0.4
    picture = Image.fromarray(small.clip(0, 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    scale = np.array(size) / 128
    landmarks = tuple((float(x), float(y)) for x, y in points * scale)
    return np.asarray(picture), Face((30.0, 20.0, 98.0, 104.0), landmarks, 0.9)


@pytest.fixture(scope="module")
def shown():
    return plain_face((128, 128))


def changed(before, after):
    return np.abs(after.astype(int) - before).max(axis=-1) > 2 * BUSY


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_enough_is_hidden(shown, kind):
    picture, face = shown
    for seed in range(DRAWS):
        scene = occluders.occluded(covering.DRAWINGS[kind], picture, face, np.random.default_rng(seed))
        assert scene.hidden().occluded, seed
        covered = scene.covered > 0.85
        assert covered.any(), seed
        assert changed(picture, scene.result())[~covered].mean() < 0.5


@pytest.mark.parametrize("kind", [kind for kind in OCCLUDERS if kind not in ("skin", "blurred", "pixelated")])
def test_what_is_covered_looks_different(shown, kind):
    """The grain of the face is gone from where something lies."""
    picture, face = shown
    for seed in range(DRAWS):
        scene = occluders.occluded(covering.DRAWINGS[kind], picture, face, np.random.default_rng(seed))
        covered = scene.covered > 0.99
        if covered.sum() > 50:
            before, after = picture[covered].astype(float), scene.result()[covered].astype(float)
            assert np.abs(after - before).mean() > BUSY * 0.5, seed


@pytest.mark.parametrize("kind", HARMLESS)
def test_nothing_that_counts_is_hidden(shown, kind):
    picture, face = shown
    for seed in range(DRAWS):
        scene = occluders.decorated(harmless.DRAWINGS[kind], picture, face, np.random.default_rng(seed))
        assert scene.hidden().whole, seed
        points = face.landmarks[:3] if kind == "beard" else face.landmarks
        for x, y in points:
            patch = (slice(int(y) - 4, int(y) + 5), slice(int(x) - 4, int(x) + 5))
            before, after = (view[patch].astype(float).ravel() for view in (picture, scene.result()))
            assert np.corrcoef(before, after)[0, 1] > 0.5, (seed, x, y)


def test_something_harmless_is_seen(shown):
    """Of many draws of a kind at least one changes the picture."""
    picture, face = shown
    for kind, change in HARMLESS.items():
        assert any((change(picture, face, np.random.default_rng(s)) != picture).any() for s in range(8)), kind


@pytest.mark.parametrize("kind", [*OCCLUDERS, *HARMLESS])
def test_the_same_generator_draws_the_same(shown, kind):
    change = OCCLUDERS.get(kind) or HARMLESS[kind]
    one, other, third = (change(*shown, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, other)
    assert one.shape == shown[0].shape
    assert one.dtype == np.uint8
    assert (one != third).any() or kind in HARMLESS


@pytest.mark.parametrize("size", [(64, 64), (97, 140), (600, 480)])
def test_any_size(size):
    picture, face = plain_face(size)
    before = picture.copy()
    for seed in range(5):
        rng = np.random.default_rng(seed)
        seen, kind = occlude(picture, face, rng)
        assert seen.shape == picture.shape
        assert kind in OCCLUDERS
        seen, kind = decorate(picture, face, rng)
        assert seen.shape == picture.shape
        assert kind in HARMLESS
    np.testing.assert_array_equal(picture, before)


def test_sizes_agree():
    """The same draw hides about the same at 128 and at 512 px."""
    for kind in ("mask", "hand", "sunglasses", "scarf"):
        small, large = (
            occluders.occluded(covering.DRAWINGS[kind], *plain_face((side, side)), np.random.default_rng(1)).hidden()
            for side in (128, 512)
        )
        assert large.oval == pytest.approx(small.oval, abs=0.25), kind


@pytest.mark.parametrize("shift", [(-40, 0), (45, 10), (0, -38), (0, 60)])
def test_faces_at_the_edge_of_the_picture(shift):
    picture, face = plain_face((128, 128), shift)
    for seed, kind in enumerate(OCCLUDERS):
        assert OCCLUDERS[kind](picture, face, np.random.default_rng(seed)).shape == picture.shape


def test_every_kind_comes_and_hands_most_often(shown):
    rng = np.random.default_rng(0)
    share = occluders.weights()
    assert set(share) == set(OCCLUDERS)
    assert sum(share.values()) == pytest.approx(1)
    assert max(share, key=share.get) == "hand"
    assert len({occlude(*shown, rng)[1] for _ in range(60)}) > len(OCCLUDERS) / 2


def test_the_definition():
    nothing = {
        "left_eye": 0.0,
        "right_eye": 0.0,
        "nose": 0.0,
        "mouth": 0.0,
        "left_cheek": 0.0,
        "right_cheek": 0.0,
        "oval": 0.0,
    }
    assert Hidden(**nothing).whole
    assert not Hidden(**nothing).occluded
    for part in (
        {"left_eye": 0.8},
        {"right_eye": 0.8},
        {"mouth": 0.7},
        {"nose": 0.7, "left_cheek": 0.6},
        {"oval": 0.25},
    ):
        hidden = Hidden(**nothing | part)
        assert hidden.occluded
        assert not hidden.whole
    assert not Hidden(**nothing | {"nose": 0.7}).occluded


def test_a_scene_measures_what_is_covered(shown):
    scene = Scene(*shown, np.random.default_rng(0))
    scene.cover(scene.ellipse(scene.eyes[0], (0.5, 0.4)), scene.material())
    hidden = scene.hidden()
    assert hidden.left_eye > 0.95
    assert hidden.right_eye == 0
    assert hidden.mouth == 0
    assert 0 < hidden.oval < 0.25
