import krippendorff
import numpy as np
import pytest

from pipeline.evaluation.alpha import alpha_intervals, bootstrap_alpha, krippendorff_alpha
from tests.evaluation.making import random_ratings

NONE = np.nan
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
)
MEG_AND_OWEN = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], float)


def one_alpha(values: np.ndarray) -> float:
    return float(krippendorff_alpha(np.asarray(values, float)[:, :, None])[0])


def test_krippendorffs_own_examples_come_out():
    assert one_alpha(FOUR_OBSERVERS) == pytest.approx(0.849, abs=5e-4)
    assert one_alpha(MEG_AND_OWEN) == pytest.approx(0.095, abs=5e-4)


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.7])
def test_interval_alpha_is_the_krippendorff_packages(missing: float):
    values = random_ratings(1, annotators=5, images=30, emotions=4, missing=missing)
    values += 0.25 * (values > 3)
    expected = [krippendorff.alpha(values[:, :, item], level_of_measurement="interval") for item in range(4)]
    np.testing.assert_allclose(krippendorff_alpha(values), expected, rtol=1e-12)


def test_on_votes_it_is_the_packages_nominal_alpha():
    votes = (random_ratings(2, annotators=4, images=40, emotions=1) > 3) * 1.0
    votes[np.random.default_rng(0).random(votes.shape) < 0.4] = np.nan
    expected = krippendorff.alpha(votes[:, :, 0], level_of_measurement="nominal")
    assert krippendorff_alpha(votes)[0] == pytest.approx(expected, rel=1e-12)


def test_raters_who_all_give_one_value_leave_it_undefined():
    assert np.isnan(one_alpha([[3, 3, 3], [3, 3, 3]]))
    assert np.isnan(one_alpha([[0.1 + 0.2] * 3, [0.1 + 0.2] * 3]))


def test_one_constant_rater_beside_one_who_varies_is_near_chance_by_hand():
    values = np.array([[2, 2, 2, 2], [0, 2, 4, 6]], float)
    # observed: squared differences 4, 0, 4 and 16, each seen from both sides, over 8 ratings; expected: 2 x 22 / 7
    assert one_alpha(values) == pytest.approx(1 - 6 / (44 / 7))
    assert one_alpha(values) == pytest.approx(krippendorff.alpha(values, level_of_measurement="interval"))


def test_a_single_rater_or_units_with_one_rating_leave_it_undefined():
    assert np.isnan(one_alpha([[1, 2, 3]]))
    assert np.isnan(one_alpha([[1, NONE], [NONE, 2]]))
    assert np.isnan(one_alpha([[NONE, NONE], [NONE, NONE]]))


def test_units_with_one_rating_change_nothing():
    assert one_alpha(np.hstack([MEG_AND_OWEN, [[7, NONE], [NONE, 5]]])) == pytest.approx(one_alpha(MEG_AND_OWEN))


def test_a_bootstrap_draw_is_alpha_of_the_images_drawn():
    values = random_ratings(3, annotators=4, images=15, emotions=2)
    drawn = bootstrap_alpha(values, resamples=8, seed=5)
    times = np.random.default_rng(5).multinomial(15, np.full(15, 1 / 15), size=8)
    for draw, counts in zip(drawn, times, strict=True):
        resample = np.repeat(values, counts, axis=1)
        expected = [krippendorff.alpha(resample[:, :, item], level_of_measurement="interval") for item in range(2)]
        np.testing.assert_allclose(draw, expected, rtol=1e-9)


def test_the_interval_holds_the_estimate_is_the_same_every_time_and_narrows_with_images():
    few, many = (alpha_intervals(random_ratings(4, 4, images, 1))[0] for images in (20, 400))
    assert few == alpha_intervals(random_ratings(4, 4, 20, 1))[0]
    assert few.low < few.alpha < few.high
    assert many.high - many.low < (few.high - few.low) / 2


def test_an_undefined_alpha_has_no_interval():
    (interval,) = alpha_intervals(np.zeros((3, 5, 1)))
    assert np.isnan([interval.alpha, interval.low, interval.high]).all()
