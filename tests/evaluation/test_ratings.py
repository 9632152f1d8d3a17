from itertools import combinations

import krippendorff
import numpy as np
import pytest

from pipeline.evaluation.protocol import human_kappas
from pipeline.evaluation.ratings import RaterPattern, rating_agreement, rating_shares
from tests.evaluation.making import made_ratings, random_ratings

EMOTIONS = ("Anger", "Fear", "Elation")


def test_shares_of_a_hand_worked_block_come_out():
    # images: all 0; 3 and 3.9 (cut to 3); 3 and 4; 1, 3 and 3; one rating only
    none = np.nan
    block = np.array([[0, 3.9, 4, 1, none], [0, 3, 3, 3, 5], [0, none, none, 3, none]])
    shares = rating_shares(block)
    assert (shares.units, shares.equal, shares.near, shares.apart, shares.zero) == (4, 0.5, 0.25, 0.25, 0.25)
    assert shares.pairwise == (3 + 1 + 0 + 1) / (3 + 1 + 1 + 3)


def test_shares_and_pairwise_agreement_are_those_of_plain_loops():
    values = random_ratings(5, annotators=5, images=25, emotions=2)
    spreads, equal = [], []
    for unit in values.reshape(5, -1).T:
        given = unit[~np.isnan(unit)]
        equal += [a == b for a, b in combinations(given, 2)]
        spreads += [max(given) - min(given)] if len(given) > 1 else []
    shares = rating_shares(values)
    assert shares.units == len(spreads)
    assert shares.near == pytest.approx(np.mean([spread == 1 for spread in spreads]))
    assert shares.apart == pytest.approx(np.mean([spread > 1 for spread in spreads]))
    assert shares.pairwise == pytest.approx(np.mean(equal))


def test_alpha_is_of_the_people_per_emotion_and_pooled():
    values = random_ratings(6, annotators=4, images=30, emotions=3)
    figures = rating_agreement(made_ratings(values, people=3, emotions=EMOTIONS))
    expected = [krippendorff.alpha(values[:3, :, item], level_of_measurement="interval") for item in range(3)]
    assert [emotion.alpha.alpha for emotion in figures.emotions] == pytest.approx(expected)
    assert figures.alpha_averaged == pytest.approx(np.mean(expected))
    pooled = krippendorff.alpha(values[:3].reshape(3, -1), level_of_measurement="interval")
    assert figures.alpha == pytest.approx(pooled)


def test_pairs_are_listed_with_the_images_they_share_and_the_models_among_them():
    values = random_ratings(7, annotators=3, images=30, emotions=3)
    ratings = made_ratings(values, people=2, emotions=EMOTIONS)
    pairs = rating_agreement(ratings).pairs
    assert [(pair.first, pair.second) for pair in pairs] == [
        ("human-0", "human-1"),
        ("human-0", "model-2"),
        ("human-1", "model-2"),
    ]
    rated = ~np.isnan(values[:, :, 0])
    assert [pair.n for pair in pairs] == [(rated[a] & rated[b]).sum() for a, b in combinations(range(3), 2)]
    assert pairs[0].kappa == pytest.approx(human_kappas(ratings)[0].mean())


def test_raters_images_and_rates_are_counted():
    values = np.array([[[0, 4], [2, 2]], [[0, 0], [np.nan, np.nan]]])
    figures = rating_agreement(made_ratings(values, people=2, emotions=EMOTIONS[:2]))
    assert figures.patterns == (RaterPattern(2, 1), RaterPattern(1, 1))
    assert (figures.images, figures.units, figures.pooled.units) == (2, 4, 2)
    first, second = figures.annotators
    assert (first.images, first.mean, first.true_rate) == (2, 2.0, 0.75)
    assert (second.images, second.mean, second.true_rate) == (1, 0.0, 0.0)


def test_a_single_rater_leaves_every_figure_undefined_and_the_report_says_so():
    figures = rating_agreement(made_ratings(random_ratings(8, 1, 5, 2, missing=0), people=1, emotions=EMOTIONS[:2]))
    assert np.isnan([figures.alpha, figures.alpha_averaged, figures.pooled.equal, figures.averaged.pairwise]).all()
    assert figures.cautions == ("No image was rated by two people, so no figure of agreement is defined.",)


def test_shared_zeros_and_pooled_alpha_come_with_a_caution():
    values = random_ratings(9, annotators=3, images=30, emotions=3, missing=0)
    values[:, :, 1:] = 0
    values[0, 0, 1] = 1
    cautions = rating_agreement(made_ratings(values, people=3, emotions=EMOTIONS)).cautions
    assert len(cautions) == 3
    assert "of the units everybody gave 0" in cautions[0]
    assert cautions[1].startswith("Pooled alpha also rewards knowing which emotions are common")
    assert cautions[2].startswith("1 of 2 emotions reach an alpha of 0.3")
