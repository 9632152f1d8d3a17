import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.planning.grid import make_grid
from tests.conftest import make_spec


def test_the_grid_of_the_paper_has_7840_cells_and_203840_pictures(vocabulary):
    grid = make_grid(make_spec(grid={"demographics": "emonet"}, images_per_cell=26), vocabulary)
    assert grid.shape == (40, 14, 7, 2)
    assert grid.quotas.sum() == 203_840


def test_cells_and_numbers_are_each_others_inverse(vocabulary):
    grid = make_grid(make_spec(grid={"emotions": ["awe", "Anger"], "ages": [30, 41]}), vocabulary)
    assert grid.cell(0).slug == "awe-black-woman-030"
    assert all(grid.number_of[grid.cell(number).slug] == number for number in range(len(grid.quotas)))


def test_a_weight_multiplies_the_quota(vocabulary):
    spec = make_spec(images_per_cell=4, weights={"emotion": {"awe": 2}, "age": {20: 0.5}})
    grid = make_grid(spec, vocabulary)
    quotas = grid.quotas.reshape(grid.shape)
    awe = grid.emotions.index(vocabulary.emotion("awe"))
    assert set(quotas[awe, :, 0].ravel()) == {4}
    assert set(quotas[awe, :, 1:].ravel()) == {8}
    assert set(np.delete(quotas, awe, axis=0)[:, :, 0].ravel()) == {2}


def test_fractions_are_dealt_by_largest_remainder_and_spread_over_the_other_axes(vocabulary):
    grid = make_grid(make_spec(images_per_cell=1, weights={"emotion": {"awe": 1.5}}), vocabulary)
    awe = grid.quotas.reshape(grid.shape)[grid.emotions.index(vocabulary.emotion("awe"))]
    assert grid.quotas.sum() == 40 * 112 + 56
    assert set(awe.ravel()) == {1, 2}
    assert np.abs(awe.sum(axis=(1, 2)) - 21).max() <= 2  # of 14 cells with 1.5 each


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_weight_that_is_no_positive_number_is_refused(vocabulary, weight):
    with pytest.raises(InputError, match="weights.emotion.awe: .* cannot be met"):
        make_grid(make_spec(weights={"emotion": {"awe": weight}}), vocabulary)


def test_weights_that_leave_a_cell_empty_are_refused(vocabulary):
    with pytest.raises(InputError, match="raise images_per_cell to 10 or more"):
        make_grid(make_spec(weights={"emotion": {"awe": 0.1}}), vocabulary)


def test_a_weight_for_a_level_outside_the_grid_is_refused(vocabulary):
    with pytest.raises(InputError, match="'aw' is not a level of the grid; did you mean 'awe'"):
        make_grid(make_spec(weights={"emotion": {"aw": 2}}), vocabulary)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"emotions": ["agner"]}, "unknown emotion 'agner'; did you mean 'Anger'"),
        ({"ethnicities": ["blck"]}, "unknown ethnicity 'blck'; did you mean 'Black'"),
        ({"genders": ["men"]}, "unknown gender 'men'; did you mean 'man'"),
        ({"demographics": "emonett"}, "unknown preset 'emonett'; did you mean 'emonet'"),
        ({"emotions": ["awe", "Awe"]}, "emotion is named twice"),
    ],
)
def test_an_unknown_level_is_answered_with_the_nearest(vocabulary, grid, message):
    with pytest.raises(InputError, match=message):
        make_grid(make_spec(grid=grid), vocabulary)
