from itertools import combinations
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from pipeline.evaluation.votes import Pattern, VoteAgreement, is_sequential, vote_agreement, vote_shares
from pipeline.labels.published import Votes, read_published
from tests.evaluation.making import sequential_votes, write_votes

HAND_WORKED = [
    ("1", "a", True, "Anger"),  # 3:0
    ("1", "b", True, "Anger"),
    ("1", "c", True, "Anger"),
    ("2", "a", True, "Anger"),  # 2:1
    ("2", "b", True, "Anger"),
    ("2", "c", False, "Anger"),
    ("3", "a", True, "Anger"),  # 1:1
    ("3", "b", False, "Anger"),
    ("4", "a", False, "Fear"),  # 0:2
    ("4", "c", False, "Fear"),
    ("5", "a", True, "Fear"),  # alone
]


@pytest.fixture
def agreed(tmp_path: Path):
    def of(rows) -> VoteAgreement:
        votes = read_published(write_votes(tmp_path / "binary.csv", rows))
        assert isinstance(votes, Votes)
        return vote_agreement(votes)

    return of


def test_a_hand_worked_file_comes_out(agreed):
    figures = agreed(HAND_WORKED)
    assert (figures.rows, figures.images, figures.units, figures.single) == (11, 5, 5, 1)
    assert figures.patterns == (
        Pattern(3, 0, 1),
        Pattern(2, 1, 1),
        Pattern(1, 1, 1),
        Pattern(0, 2, 1),
        Pattern(1, 0, 1),
    )
    pooled = figures.pooled
    assert (pooled.units, pooled.full, pooled.partial, pooled.split) == (4, 0.5, 0.25, 0.25)
    assert pooled.pairwise == (3 + 1 + 0 + 1) / (3 + 3 + 1 + 1)
    assert figures.averaged.full == pytest.approx((1 / 3 + 1) / 2)
    assert figures.averaged.pairwise == pytest.approx((4 / 7 + 1) / 2)
    rates = [(one.annotator, one.answers, one.true_rate) for one in figures.annotators]
    assert rates == [("a", 5, 0.8), ("b", 3, pytest.approx(2 / 3)), ("c", 3, pytest.approx(1 / 3))]
    assert [(one.emotion, one.units, one.true_rate) for one in figures.emotions] == [
        ("Fear", 2, 1 / 3),
        ("Anger", 3, 0.75),
    ]


def test_alpha_and_kappa_are_the_packages(agreed):
    figures = agreed(HAND_WORKED)
    none = np.nan
    table = np.array([[1, 1, 1, 0, 1], [1, 1, 0, none, none], [1, 0, none, 0, none]])
    assert figures.alpha == pytest.approx(krippendorff.alpha(table, level_of_measurement="nominal"))
    anger = krippendorff.alpha(table[:, :3], level_of_measurement="nominal")
    assert figures.emotions[1].alpha == pytest.approx(anger)
    assert np.isnan(figures.emotions[0].alpha), "both said no: nothing varies"
    assert figures.alpha_averaged == pytest.approx(anger)
    for pair, (a, b) in zip(figures.pairs, combinations(table, 2), strict=True):
        both = ~np.isnan(a) & ~np.isnan(b)
        assert pair.n == both.sum()
        assert pair.kappa == pytest.approx(cohen_kappa_score(a[both], b[both]))


def test_with_a_single_rater_nothing_is_defined_and_the_report_says_so(agreed):
    figures = agreed([("1", "a", True, "Anger"), ("2", "a", False, "Anger")])
    assert figures.pooled.units == 0
    undefined = [
        figures.pooled.full,
        figures.averaged.full,
        figures.pooled.pairwise,
        figures.alpha,
        figures.alpha_averaged,
    ]
    assert np.isnan(undefined).all()
    assert (figures.pairs, figures.sequential) == ((), False)
    assert figures.cautions == ("No unit has two answers, so no figure of agreement is defined.",)


def test_a_tie_of_four_is_a_split_and_three_to_one_is_partial():
    shares = vote_shares(np.array([2.0, 3.0]), np.array([2.0, 1.0]))
    assert (shares.full, shares.partial, shares.split, shares.pairwise) == (0, 0.5, 0.5, (2 + 3) / 12)


def test_voting_that_stops_at_a_no_is_recognised_and_its_alpha_is_never_above_chance(agreed):
    figures = agreed(sequential_votes(60))
    assert figures.sequential
    assert figures.alpha <= 0
    assert all(pair.kappa <= 0 for pair in figures.pairs)
    assert "Voting looks sequential" in figures.cautions[0]


@pytest.mark.parametrize("agreeing", [0.0, 0.8])
def test_voting_in_which_everybody_is_asked_is_not_called_sequential(agreeing: float):
    rng = np.random.default_rng(1)
    common, own = rng.random((1, 300)) < 0.7, rng.random((3, 300)) < 0.7
    true = np.where(rng.random((1, 300)) < agreeing, common, own).sum(0).astype(float)
    assert not is_sequential(true, 3 - true)


def test_a_handful_of_units_or_of_yeses_is_not_called_sequential():
    assert not is_sequential(np.array([1.0, 1.0, 0.0]), np.array([1.0, 1.0, 1.0]))
    assert not is_sequential(np.full(500, 3.0), np.zeros(500))


def test_repeats_and_pairs_that_share_little_are_mentioned(agreed):
    figures = agreed([*HAND_WORKED, ("1", "a", True, "Anger")])
    assert figures.repeats == 1
    assert any("the last answer counts" in caution for caution in figures.cautions)
    assert any("3 of 3 pairs" in caution and "noise" in caution for caution in figures.cautions)
