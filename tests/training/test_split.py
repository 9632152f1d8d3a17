"""Validation is the same share of every cell, on every run."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.split import cell_of, hash_of, held_out


def hold(sizes: dict[str, int], share: float):
    ids = [f"{cell}-{number:05d}" for cell, count in sizes.items() for number in range(count)]
    names = list(dict.fromkeys(cell_of(one) for one in ids))
    cells = np.array([names.index(cell_of(one)) for one in ids], np.int32)
    held = held_out(names, cells, np.array([hash_of(one) for one in ids]), share)
    return {one for one, chosen in zip(ids, held, strict=True) if chosen}, ids


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["awe", "anger"]), st.sampled_from(["black", "white"]), st.sampled_from(["man", "woman"]))
    .map("-".join)
    .map("{}-040".format),
    st.integers(1, 30),
    min_size=1,
)


@given(CELLS, st.floats(0.05, 0.5))
@settings(max_examples=60, deadline=None)
def test_every_cell_gives_its_share_and_all_of_them_together_too(sizes, share):
    chosen, ids = hold(sizes, share)
    assert abs(len(chosen) - share * len(ids)) <= 0.5 + 1e-6
    for cell, count in sizes.items():
        taken = sum(cell_of(one) == cell for one in chosen)
        assert abs(taken - share * count) <= 1 + 1e-6


@given(CELLS, st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_pictures_does_not_matter(sizes, random):
    chosen, _ = hold(sizes, 0.3)
    shuffled = list(sizes.items())
    random.shuffle(shuffled)
    assert hold(dict(shuffled), 0.3)[0] == chosen


def test_cells_of_one_picture_take_turns_over_genders():
    sizes = {f"awe-{k:02d}x-{gender}-040": 1 for k in range(100) for gender in ("man", "woman")}
    chosen, _ = hold(sizes, 0.1)
    women = sum("-woman-" in one for one in chosen)
    assert len(chosen) == 20
    assert 4 <= women <= 16


def test_files_without_slot_names_are_one_cell():
    assert cell_of("awe-pacific-islander-woman-040-00003") == "awe-pacific-islander-woman-040"
    assert cell_of("IMG-2041") == cell_of("folder/0001.jpg") == ""
