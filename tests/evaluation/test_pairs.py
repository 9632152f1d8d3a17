import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from pipeline.evaluation.pairs import kappa_matrix, pair_kappas
from tests.evaluation.making import random_ratings


def two(first: list[float], second: list[float]) -> float:
    kappa, _ = kappa_matrix(np.array([first, second], float)[:, :, None])
    return float(kappa[0, 0, 1])


def test_every_pair_and_emotion_is_scikit_learns_quadratic_kappa():
    values = random_ratings(0, annotators=4, images=40, emotions=3)
    kappa, shared = kappa_matrix(values)
    for item in range(3):
        for a in range(4):
            for b in range(4):
                both = ~np.isnan(values[a, :, item]) & ~np.isnan(values[b, :, item])
                ours, theirs = values[a, both, item].astype(int), values[b, both, item].astype(int)
                expected = cohen_kappa_score(ours, theirs, labels=range(8), weights="quadratic")
                assert kappa[item, a, b] == pytest.approx(expected, rel=1e-12)
                assert shared[item, a, b] == both.sum()


def test_on_votes_it_is_plain_cohens_kappa_by_hand():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, expected 0.5
    first, second = [1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert two(first, second) == pytest.approx(0.4)
    assert two(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_the_same_ratings_give_one_and_reversed_ones_give_minus_one():
    assert two([0, 3, 7, 4], [0, 3, 7, 4]) == 1
    assert two([0, 7, 0, 7], [7, 0, 7, 0]) == -1


def test_a_constant_rater_has_no_kappa_with_the_same_constant_and_zero_with_any_other():
    assert np.isnan(two([2, 2, 2], [2, 2, 2]))
    assert two([2, 2, 2], [0, 2, 5]) == 0
    assert two([2, 2, 2], [3, 3, 3]) == 0


def test_raters_who_share_nothing_have_no_kappa():
    assert np.isnan(two([1, 2, np.nan], [np.nan, np.nan, 3]))


def test_pairs_are_listed_once_each_with_what_they_share():
    kappa, shared = kappa_matrix(np.array([[1, 0, 1], [1, 0, np.nan], [0, 1, np.nan]])[:, :, None])
    pairs = pair_kappas(("a", "b", "c"), kappa[0], shared[0])
    assert [(pair.first, pair.second, pair.n, pair.kappa) for pair in pairs] == [
        ("a", "b", 2, 1.0),
        ("a", "c", 2, -1.0),
        ("b", "c", 2, -1.0),
    ]
