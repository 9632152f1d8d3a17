"""The renderer's tables: complete, adult, and free of face units that do not exist."""

import numpy as np
import pytest

from models.people import Labels, draw
from models.render import labels_of
from models.tables import AGES, INTENSITIES, MIDLINE, SIDES, YOUNGEST, expressions, looks, mirrored
from pipeline.planning.vocabulary import load_vocabulary

PAIRED = {
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint",
    "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp",
    "noseSneer",
}  # fmt: skip


def test_every_emotion_of_the_taxonomy_has_an_expression_and_nothing_else_but_neutral() -> None:
    assert list(expressions()) == [emotion.slug for emotion in load_vocabulary().emotions] + ["neutral"]


def test_every_level_of_the_balanced_preset_can_be_shown() -> None:
    preset = load_vocabulary().presets["balanced"]
    assert list(looks().ethnicities) == [level.slug for level in preset.ethnicities]
    assert preset.ages == AGES


def test_expressions_name_only_arkit_face_units_with_weights_from_0_to_1() -> None:
    known = MIDLINE | {name + side for name in PAIRED for side in SIDES}
    for slug, expression in expressions().items():
        assert set(expression.units) <= known, slug
        assert all(0 < weight <= 1 for weight in expression.units.values()), slug
        assert all(abs(angle) <= 15 for angle in expression.head.values()), slug


def test_no_two_emotions_share_an_expression() -> None:
    shown = [(tuple(sorted(e.units.items())), tuple(sorted(e.head.items()))) for e in expressions().values()]
    assert len(set(shown)) == len(shown)


def test_a_mirror_image_seen_in_a_mirror_is_the_original() -> None:
    for expression in expressions().values():
        assert mirrored(mirrored(expression.units)) == expression.units


def test_nobody_under_20_is_drawn() -> None:
    rng = np.random.default_rng(0)
    assert min(labels_of(i, rng).age for i in range(4592)) >= YOUNGEST
    with pytest.raises(ValueError, match="age 17"):
        draw(Labels("white", 17, "woman", "awe", "plain"), rng)


def test_4592_pictures_in_a_row_hold_every_combination_once() -> None:
    rng = np.random.default_rng(0)
    rows = [labels_of(i, rng) for i in range(1000, 1000 + 4592)]
    decades = [min(AGES, key=lambda decade, age=row.age: abs(decade - age)) for row in rows]
    assert len({(r.ethnicity, d, r.gender, r.emotion) for r, d in zip(rows, decades, strict=True)}) == 4592


def test_intensities_are_those_of_the_prompts() -> None:
    assert list(INTENSITIES) == list(load_vocabulary().intensities)
