import numpy as np
import pytest
from sklearn.calibration import calibration_curve as sklearn_curve

from pipeline.evaluation.bootstrap import draw_times
from pipeline.evaluation.calibration import CalibrationBin, calibration_curve, calibration_error
from pipeline.evaluation.metrics import ranked


def error(scores: list[float], truth: list[float]) -> float:
    """Of scores and labels from 0 to 1."""
    return float(calibration_error(ranked(7 * np.array(scores), np.ones((len(scores), 1))), 7 * np.array(truth))[0])


def test_the_error_by_hand():
    # the bin from 0.2 holds 0.2 and 0.28 with no positive: |0.24 - 0| for 2 of 4; that from 0.9 holds 0.9 and 1.0, one positive
    assert error([0.2, 0.28, 0.9, 1.0], [0, 0, 0, 1]) == pytest.approx(0.5 * 0.24 + 0.5 * abs(0.95 - 0.5))


def test_the_error_of_a_draw_is_that_of_its_pictures():
    rng = np.random.default_rng(0)
    scores, truth = rng.random(50), (rng.random(50) < 0.4).astype(float)
    times = np.hstack(list(draw_times(50, 6)))
    errors = calibration_error(ranked(7 * scores, times), 7 * truth)
    for column in range(times.shape[1]):
        own = np.repeat(scores, times[:, column].astype(int)), np.repeat(truth, times[:, column].astype(int))
        bins = np.minimum((own[0] * 10).astype(int), 9)
        expected = sum(
            (bins == one).mean() * abs(own[0][bins == one].mean() - own[1][bins == one].mean()) for one in set(bins)
        )
        assert errors[column] == pytest.approx(expected)


def test_the_curve_is_scikit_learns_with_how_many_scores_each_point_has():
    rng = np.random.default_rng(1)
    scores, truth = rng.random(400), (rng.random(400) < 0.5).astype(float)
    curve = calibration_curve(7 * scores, 7 * truth)
    labels, means = sklearn_curve(truth, scores, n_bins=10)
    assert [one.label for one in curve] == pytest.approx(labels)
    assert [one.score for one in curve] == pytest.approx(means)
    assert sum(one.count for one in curve) == 400


def test_empty_bins_and_unknown_labels_are_left_out_and_scores_beyond_the_scale_count_as_its_end():
    scores, truth = np.array([[-0.3, 1.4], [0.55, 0.5]]), np.array([[0.0, 1.0], [0.5, np.nan]])
    assert calibration_curve(7 * scores, 7 * truth) == (
        CalibrationBin(1, 0.0, 0.0),
        CalibrationBin(1, 0.55, 0.5),
        CalibrationBin(1, 1.0, 1.0),
    )
    assert error([-0.3, 1.4], [0, 1]) == 0


def test_a_constant_score_at_the_base_rate_is_calibrated_and_one_at_the_wrong_end_is_not():
    assert error([0.25] * 4, [0, 0, 1, 0]) == 0
    assert error([1.0] * 4, [0, 0, 0, 0]) == 1
