import numpy as np
import pytest
from scipy.stats import mannwhitneyu, rankdata
from sklearn.metrics import cohen_kappa_score

from pipeline.errors import InputError
from pipeline.evaluation.protocol import compare_groups, human_kappas, median_correlations, score_hq
from tests.evaluation.making import made_ratings, random_ratings

EMOTIONS = ("Elation", "Fear", "Anger")
NAMES = ("people", "models")


def test_kappa_is_the_mean_over_the_other_people_on_ratings_cut_to_whole_numbers():
    values = random_ratings(0, annotators=5, images=40, emotions=3)
    values = np.minimum(values + 0.9, 7)
    ours = human_kappas(made_ratings(values, people=3, emotions=EMOTIONS))
    for annotator in range(5):
        for emotion in range(3):
            scores = []
            for person in {0, 1, 2} - {annotator}:
                both = ~np.isnan(values[[annotator, person], :, emotion]).any(0)
                pair = values[[annotator, person]][:, both, emotion].astype(int)
                scores.append(cohen_kappa_score(*pair, labels=range(8), weights="quadratic"))
            assert ours[annotator, emotion] == pytest.approx(np.mean(scores))


def test_spearman_is_pearson_on_ranks_against_the_median_person_ties_and_gaps_included():
    values = random_ratings(1, annotators=4, images=30, emotions=3)
    rhos = median_correlations(made_ratings(values, people=3, emotions=EMOTIONS))
    for emotion in range(3):
        pairs = []
        for unit in values[:, :, emotion].T:
            people, model = unit[:3][~np.isnan(unit[:3])], unit[3]
            if len(people) and not np.isnan(model):
                pairs.append((model, np.median(people)))
        ranks = [rankdata(side) for side in zip(*pairs, strict=True)]
        assert rhos[3, emotion] == pytest.approx(np.corrcoef(ranks)[0, 1])


def test_means_are_over_all_emotions_and_over_the_reliable_ones():
    scores = score_hq(made_ratings(random_ratings(2, 4, 30, 3), people=3, emotions=EMOTIONS))
    model = scores.annotators[3]
    assert model.kappa.all == pytest.approx(np.mean(model.kappa.by_emotion))
    assert model.kappa.reliable == pytest.approx(np.mean([model.kappa.by_emotion[0], model.kappa.by_emotion[2]]))
    assert model.spearman is not None
    assert model.spearman.reliable == pytest.approx(
        np.mean([model.spearman.by_emotion[0], model.spearman.by_emotion[2]])
    )
    assert scores.annotators[0].spearman is None
    assert len(scores.alphas) == 3


def test_an_emotion_that_a_constant_rater_leaves_undefined_is_left_out_of_the_mean():
    values = random_ratings(3, annotators=3, images=20, emotions=3, missing=0)
    values[:, :, 1] = 0
    model = score_hq(made_ratings(values, people=2, emotions=EMOTIONS)).annotators[2]
    assert np.isnan(model.kappa.by_emotion[1])
    assert (model.kappa.defined, model.spearman and model.spearman.defined) == (2, 2)
    assert model.kappa.all == pytest.approx((model.kappa.by_emotion[0] + model.kappa.by_emotion[2]) / 2)


def test_a_constant_model_beside_people_who_vary_scores_zero_and_has_no_rho():
    values = random_ratings(4, annotators=3, images=20, emotions=1, missing=0)
    values[2] = 3
    ratings = made_ratings(values, people=2, emotions=EMOTIONS[:1])
    assert human_kappas(ratings)[2, 0] == 0
    assert np.isnan(median_correlations(ratings)[2, 0])


def test_a_person_alone_has_no_score_and_a_model_is_scored_against_them():
    scores = score_hq(made_ratings(random_ratings(5, 2, 20, 3, missing=0), people=1, emotions=EMOTIONS))
    person, model = scores.annotators
    assert np.isnan(person.kappa.all)
    assert not np.isnan(model.kappa.all)
    (group,) = scores.groups
    assert (group.first_n, group.second_n) == (0, 1)
    assert np.isnan([group.u, group.p, group.difference, group.low]).all()


def test_a_model_that_is_the_median_person_correlates_fully():
    values = random_ratings(6, annotators=4, images=20, emotions=2, missing=0)
    values[3] = np.median(values[:3], axis=0)
    np.testing.assert_allclose(median_correlations(made_ratings(values, 3, EMOTIONS[:2]))[3], 1)


def test_groups_are_compared_by_u_and_by_the_difference_of_means_by_hand():
    first, second = np.array([0.5, 0.6, 0.7, np.nan]), np.array([0.1, 0.2, 0.6])
    compared = compare_groups(first, second, NAMES)
    # pairs in which the first wins: 2 (0.5) + 2.5 (0.6, one tie) + 3 (0.7)
    assert compared.u == 7.5
    assert compared.p == mannwhitneyu(first[:3], second, alternative="two-sided").pvalue
    assert compared.difference == pytest.approx(0.3)
    assert compared.low < compared.difference < compared.high
    assert compared == compare_groups(first, second, NAMES)


def test_a_single_member_gives_no_interval_and_groups_of_equals_give_no_difference():
    single = compare_groups(np.array([0.5]), np.array([0.1, 0.2]), NAMES)
    assert (single.u, np.isnan(single.low)) == (2, True)
    same = compare_groups(np.full(3, 0.5), np.full(3, 0.5), NAMES)
    assert (same.p, same.difference, same.low, same.high) == (1, 0, 0, 0)


def test_groups_can_be_named_and_an_unknown_member_is_refused():
    ratings = made_ratings(random_ratings(7, 4, 20, 3), people=2, emotions=EMOTIONS)
    scores = score_hq(ratings, {"one": ("model-2",), "other": ("model-3", "human-0")})
    assert [(group.first, group.first_n, group.second_n) for group in scores.groups] == [("one", 1, 2)]
    with pytest.raises(InputError, match="no annotator 'gpt' to compare; known are human-0"):
        score_hq(ratings, {"one": ("gpt",)})
