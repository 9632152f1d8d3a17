"""Every figure against scikit-learn or scipy, on the pictures drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    roc_auc_score,
    top_k_accuracy_score,
)

from pipeline.evaluation.bootstrap import draw_times
from pipeline.evaluation.metrics import balanced_accuracy, confusion, credits, ranked, ranking, recalls, spearman, top_k

ONCE = np.ones((6, 1))


def drawn(pictures: int, resamples: int = 8) -> np.ndarray:
    return np.hstack(list(draw_times(pictures, resamples)))


def repeated(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    return np.repeat(values, times.astype(int), axis=0)


@pytest.mark.parametrize("levels", [3, 1_000_000], ids=["ties", "no ties"])
def test_auc_and_average_precision_are_scikit_learns_in_every_draw(levels: int):
    rng = np.random.default_rng(0)
    positive = rng.random(60) < 0.3
    scores = rng.integers(0, levels, 60) + positive * levels / 3.0
    times = drawn(60)
    auc, precision = ranking(ranked(scores, times), positive)
    for column in range(times.shape[1]):
        truth, given_ = (repeated(values, times[:, column]) for values in (positive, scores))
        assert auc[column] == pytest.approx(roc_auc_score(truth, given_), rel=1e-12)
        assert precision[column] == pytest.approx(average_precision_score(truth, given_), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 3)), min_size=2, max_size=12))
def test_auc_and_average_precision_hold_for_any_ties_and_counts(pictures: list[tuple[int, bool, int]]):
    scores, positive, counts = (np.array(column) for column in zip(*pictures, strict=True))
    auc, precision = ranking(ranked(scores.astype(float), counts[:, None].astype(float)), positive)
    truth, given_ = (repeated(values, counts) for values in (positive, scores))
    if truth.any() and not truth.all():
        assert auc[0] == pytest.approx(roc_auc_score(truth, given_))
        assert precision[0] == pytest.approx(average_precision_score(truth, given_))
    else:
        assert np.isnan([auc[0], precision[0]]).all()


def test_auc_by_hand():
    scores, positive = np.array([0.9, 0.5, 0.5, 0.1, 0.7, 0.2]), np.array([1, 1, 0, 0, 0, 0], bool)
    # the positive at 0.9 beats 4 of 4; the one at 0.5 beats 2, ties 1 and loses 1: (4 + 2.5) / 8
    auc, precision = ranking(ranked(scores, ONCE), positive)
    assert auc[0] == 6.5 / 8
    # at 0.9 precision 1/1, at 0.5 (two tied) 2/4, each for half of the positives
    assert precision[0] == 0.5 * 1 + 0.5 * 0.5


def test_constant_scores_have_an_auc_of_a_half_and_no_rho():
    positive = np.array([1, 0, 0, 1, 0, 0], bool)
    auc, precision = ranking(ranked(np.full(6, 3.3), ONCE), positive)
    assert (auc[0], precision[0]) == (0.5, pytest.approx(1 / 3))
    assert np.isnan(spearman(ranked(np.full(6, 3.3), ONCE), positive.astype(float))[0])


@pytest.mark.parametrize("levels", [2, 5, 1_000_000], ids=["binary", "ties", "no ties"])
def test_spearman_is_scipys_in_every_draw(levels: int):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, levels, 50).astype(float)
    scores = np.round(truth / levels * 4 + rng.normal(size=50), 1)
    times = drawn(50)
    rhos = spearman(ranked(scores, times), truth)
    for column in range(times.shape[1]):
        expected = spearmanr(repeated(scores, times[:, column]), repeated(truth, times[:, column])).statistic
        assert rhos[column] == pytest.approx(expected, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_spearman_holds_for_any_ties_and_counts(pictures: list[tuple[int, int, int]]):
    scores, truth, counts = (np.array(column, float) for column in zip(*pictures, strict=True))
    (rho,) = spearman(ranked(scores, counts[:, None]), truth)
    ours, theirs = repeated(scores, counts), repeated(truth, counts)
    if len(set(ours)) > 1 and len(set(theirs)) > 1:
        assert rho == pytest.approx(spearmanr(ours, theirs).statistic, abs=1e-9)
    else:
        assert np.isnan(rho)


def test_spearman_of_the_same_order_is_one_and_of_the_reverse_minus_one():
    values = np.array([3.0, 1, 4, 1, 5, 9])
    assert spearman(ranked(values, ONCE), values**2)[0] == pytest.approx(1)
    assert spearman(ranked(values, ONCE), -values)[0] == pytest.approx(-1)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_top_k_is_scikit_learns_in_every_draw(k: int):
    rng = np.random.default_rng(2)
    scores, labels = rng.random((40, 8)), rng.integers(0, 8, 40)
    times = drawn(40)
    shares = top_k(scores, np.eye(8)[labels], k, times)
    for column in range(times.shape[1]):
        expected = top_k_accuracy_score(
            repeated(labels, times[:, column]), repeated(scores, times[:, column]), k=k, labels=range(8)
        )
        assert shares[column] == pytest.approx(expected)


def test_ties_across_the_last_place_are_worth_their_chance():
    scores = np.array([[5.0, 3, 3, 3, 1]])
    np.testing.assert_allclose(credits(scores, 1), [[1, 0, 0, 0, 0]])
    np.testing.assert_allclose(credits(scores, 2), [[1, 1 / 3, 1 / 3, 1 / 3, 0]])
    np.testing.assert_allclose(credits(scores, 4), [[1, 1, 1, 1, 0]])
    np.testing.assert_allclose(credits(np.zeros((1, 4)), 1), [[0.25] * 4])


def test_the_credits_of_a_picture_sum_to_k():
    scores = np.random.default_rng(4).integers(0, 3, (30, 7)).astype(float)
    for k in (1, 3, 5):
        np.testing.assert_allclose(credits(scores, k).sum(1), k)


def test_balanced_accuracy_and_confusion_are_scikit_learns():
    rng = np.random.default_rng(3)
    scores, labels = rng.random((50, 4)), rng.choice(4, 50, p=[0.6, 0.2, 0.1, 0.1])
    times = drawn(50)
    ours, by_label = balanced_accuracy(scores, np.eye(4)[labels], times), recalls(scores, np.eye(4)[labels], times)
    for column in range(times.shape[1]):
        truth, answers = (repeated(values, times[:, column]) for values in (labels, scores.argmax(1)))
        assert ours[column] == pytest.approx(balanced_accuracy_score(truth, answers))
        matrix = confusion_matrix(truth, answers, labels=range(4))
        held = matrix.sum(1) > 0
        np.testing.assert_allclose(by_label[held, column], np.diag(matrix)[held] / matrix.sum(1)[held])
        assert np.isnan(by_label[~held, column]).all()
    np.testing.assert_allclose(confusion(scores, np.eye(4)[labels]), confusion_matrix(labels, scores.argmax(1)))


def test_a_picture_without_a_target_counts_nowhere():
    scores = np.array([[1.0, 0], [0, 1]])
    targets = np.array([[1.0, 0], [0, 0]])
    times = np.ones((2, 1))
    assert top_k(scores, targets, 1, times)[0] == 1
    assert balanced_accuracy(scores, targets, times)[0] == 1
    assert np.isnan(top_k(scores, np.zeros((2, 2)), 1, times)[0])
    np.testing.assert_array_equal(confusion(scores, targets), [[1, 0], [0, 0]])
