import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from pipeline.evaluation.baselines import majority_scores, random_scores
from pipeline.evaluation.figures import BY_LABEL, OVERALL, measure
from pipeline.evaluation.sample import named_sample, rated_sample

LABELS = ("Anger", "Fear", "Awe")
NONE = np.nan


def test_a_named_label_is_seven_and_every_other_zero():
    sample = named_sample(LABELS, np.zeros((2, 3)), ["Awe", "Anger"])
    np.testing.assert_array_equal(sample.truth, [[0, 0, 7], [7, 0, 0]])
    np.testing.assert_array_equal(sample.targets, [[0, 0, 1], [1, 0, 0]])


def test_the_target_of_ratings_is_the_highest_shared_where_several_are_and_none_where_one_is_missing():
    ratings = np.array([[1, 5, 2], [4, 4, 0], [0, 0, 0], [7, NONE, 1]])
    sample = rated_sample(LABELS, np.zeros((4, 3)), ratings)
    np.testing.assert_array_equal(sample.targets, [[0, 1, 0], [0.5, 0.5, 0], [0, 0, 0], [0, 0, 0]])


def test_a_label_is_measured_over_the_pictures_that_are_rated_for_it():
    rng = np.random.default_rng(0)
    ratings, scores = rng.integers(0, 8, (40, 3)).astype(float), rng.random((40, 3)) * 7
    ratings[::3, 1] = NONE
    by_label = measure(rated_sample(LABELS, scores, ratings), np.ones((40, 1))).by_label[:, :, 0]
    for column in range(3):
        known = ~np.isnan(ratings[:, column])
        truth, given = ratings[known, column], scores[known, column]
        assert by_label[column, BY_LABEL.index("auc")] == pytest.approx(roc_auc_score(truth >= 3.5, given))
        assert by_label[column, BY_LABEL.index("spearman")] == pytest.approx(spearmanr(truth, given).statistic)


def test_a_label_without_positives_has_no_figures_and_is_in_no_mean():
    scores = np.random.default_rng(1).random((10, 3)) * 7
    draws = measure(named_sample(LABELS, scores, ["Anger", "Fear"] * 5), np.ones((10, 1)))
    assert np.isnan(draws.by_label[2]).all()
    np.testing.assert_allclose(draws.overall[4:, 0], draws.by_label[:2, :, 0].mean(0))


def test_a_label_that_every_picture_has_leaves_its_auc_undefined():
    draws = measure(named_sample(LABELS, np.zeros((4, 3)), ["Anger"] * 4), np.ones((4, 1)))
    assert np.isnan(draws.overall[OVERALL.index("auc"), 0])
    assert draws.overall[OVERALL.index("top1"), 0] == pytest.approx(1 / 3)


def test_random_scores_are_near_chance_and_the_same_every_time():
    shape = (6_000, 3)
    assert (random_scores(shape) == random_scores(shape)).all()
    sample = named_sample(LABELS, random_scores(shape), ["Anger", "Fear", "Awe"] * 2_000)
    figures = measure(sample, np.ones((6_000, 1))).overall[:, 0]
    assert figures[OVERALL.index("top1")] == pytest.approx(1 / 3, abs=0.02)
    assert figures[OVERALL.index("auc")] == pytest.approx(0.5, abs=0.02)


def test_the_majority_names_the_commonest_label_and_ranks_nothing():
    sample = named_sample(LABELS, np.zeros((10, 3)), ["Anger"] * 6 + ["Fear"] * 3 + ["Awe"])
    scores = majority_scores(sample)
    np.testing.assert_allclose(scores[0], [4.2, 2.1, 0.7])
    figures = measure(sample.scored(scores), np.ones((10, 1))).overall[:, 0]
    by_name = dict(zip(OVERALL, figures, strict=True))
    assert (by_name["top1"], by_name["auc"], by_name["balanced"]) == (0.6, 0.5, pytest.approx(1 / 3))
    assert by_name["calibration_error"] == pytest.approx(0)
    assert np.isnan(by_name["spearman"])


def test_the_majority_of_ratings_is_the_mean_of_what_is_known():
    sample = rated_sample(LABELS, np.zeros((2, 3)), np.array([[7, NONE, 1], [3, NONE, 0]]))
    np.testing.assert_allclose(majority_scores(sample)[1], [5, 0, 0.5])
