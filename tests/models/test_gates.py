"""The measures behind the gates, on cases worked by hand."""

import numpy as np
import pytest

from models.faces import cut
from models.gates import BEGIN, END, Gate, acceptance_gates, age_sheet, table, write_card
from models.limit import balanced_limit
from models.samples import AXES, FirstTry, Labelled
from pipeline.faces.face import Face


def tries(reasons: dict[str, list[str | None]], faces: int = 1) -> list[FirstTry]:
    """First attempts by ethnicity."""
    other = {"age": "30", "gender": "man", "emotion": "awe"}
    return [FirstTry({"ethnicity": e, **other}, faces, reason) for e, found in reasons.items() for reason in found]


def test_four_fifths_looks_at_the_worst_level_of_every_axis() -> None:
    good, bad = [None] * 10, [None] * 7 + ["occluded"] * 3
    *_, ratio = acceptance_gates(tries({"black": good, "white": bad}))
    assert ratio.reached is False
    assert "ethnicity 0.70 (white), age 1.00" in ratio.measured


def test_acceptance_and_faces_are_shares_of_first_attempts() -> None:
    one_face, behind, accepted, _ = acceptance_gates(
        [*tries({"black": [None] * 9}), *tries({"white": [None]}, faces=2)]
    )
    assert (one_face.measured, one_face.reached) == ("90.0%", False)
    assert (behind.measured, behind.reached) == ("100.0 points", False)
    assert (accepted.measured, accepted.reached) == ("100.0%", True)


def test_the_limit_keeps_as_many_whole_as_it_refuses_covered() -> None:
    logits = np.array([-3.0, -2.0, -1.0, 0.5, -0.5, 1.0, 2.0, 3.0])
    whole = np.array([False] * 4 + [True] * 4)
    limit = balanced_limit(logits, whole)
    assert (logits[whole] >= limit).mean() == (logits[~whole] < limit).mean() == 0.75


def test_pictures_of_one_cell_are_found_together() -> None:
    levels = {"ethnicity": ["a", "b", "a"], "age": ["30"] * 3, "gender": ["man"] * 3, "emotion": ["awe"] * 3}
    assert list(Labelled([], levels).cells().values()) == [[0, 2], [1]]
    assert tuple(levels) == AXES


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_takes_a_part_of_the_face_away(seed: int) -> None:
    face = Face((30, 20, 90, 110), ((45, 50), (75, 50), (60, 70), (48, 90), (72, 90)), 0.9)
    left = cut(np.zeros((128, 128, 3), np.uint8), face, np.random.default_rng(seed))
    height, width = left.shape[:2]
    assert (height < 128) != (width < 128)
    assert max(128 - height, 128 - width) >= 30


def test_the_sheet_of_ages_has_a_row_a_decade_renders_first() -> None:
    people = [(e, a, g) for a in ("30", "20") for e, g in (("black", "woman"), ("white", "man"))]

    def shown(start: int) -> Labelled:
        pictures = [np.full((2, 2, 3), start + i, np.uint8) for i in range(4)]
        levels = dict(zip(("ethnicity", "age", "gender"), map(list, zip(*people, strict=True)), strict=True))
        return Labelled(pictures, {**levels, "emotion": ["awe"] * 4})

    sheet = np.asarray(age_sheet(shown(0), shown(10)))
    assert sheet[::2, ::2, 0].tolist() == [[2, 3, 12, 13], [0, 1, 10, 11]]


def test_the_card_keeps_what_stands_around_the_table(tmp_path) -> None:
    card = tmp_path / "card.md"
    card.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    text = table([Gate("faces", "98 %", "99 %", True), Gate("age", "0.95", "0.5", False)], ["a note"])
    write_card(card, text)
    written = card.read_text()
    assert written.startswith("before\n")
    assert written.endswith(f"{END}\nafter\n")
    assert "old" not in written
    assert "| age | 0.95 | 0.5 | **no** |" in written
    assert "a note" in written
