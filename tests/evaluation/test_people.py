from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline.evaluation.people import evaluate_binary, evaluate_hq, voted_images
from pipeline.evaluation.protocol import RELIABLE, score_hq
from pipeline.evaluation.report import Report
from pipeline.evaluation.sources.scorer import Scored
from pipeline.labels.published import Votes, read_published
from tests.evaluation.making import made_ratings, random_ratings, write_votes

EMOTIONS = ("Elation", "Fear", "Anger")
VOTES = [
    ("1", "a", True, "Anger"),
    ("1", "b", True, "Anger"),
    ("2", "a", True, "Anger"),
    ("2", "b", False, "Anger"),
    ("3", "a", False, "Anger"),
    ("2", "a", True, "Fear"),
    ("3", "a", False, "Fear"),
    ("1", "a", True, "Awe"),
]


def scored(values: np.ndarray, name: str = "ours", emotions=EMOTIONS, missed: int = 0) -> Scored:
    return Scored(name, emotions, values, missed)


@pytest.fixture
def votes(tmp_path: Path) -> Votes:
    published = read_published(write_votes(tmp_path / "binary.csv", VOTES))
    assert isinstance(published, Votes)
    return published


def test_a_model_is_scored_as_if_it_were_a_column_of_the_file():
    values = random_ratings(0, annotators=4, images=30, emotions=3, missing=0)
    outside = evaluate_hq(made_ratings(values[:3], people=3, emotions=EMOTIONS), [scored(values[3], "model-3")])
    inside = score_hq(made_ratings(values, people=3, emotions=EMOTIONS))
    assert outside.protocol == inside
    assert outside.models == ("model-3",)


def test_columns_are_taken_by_name_scores_are_cut_to_the_scale_and_rho_is_scipys():
    values = random_ratings(1, annotators=3, images=30, emotions=3, missing=0)
    ours = np.random.default_rng(2).normal(3.5, 4, (30, 3))
    figures = evaluate_hq(
        made_ratings(values, people=3, emotions=EMOTIONS), [scored(ours[:, ::-1], emotions=EMOTIONS[::-1])]
    )
    model = figures.protocol.annotators[-1]
    expected = [spearmanr(np.clip(ours[:, k], 0, 7), np.median(values[:, :, k], axis=0)).statistic for k in range(3)]
    assert model.spearman is not None
    assert model.spearman.by_emotion == pytest.approx(expected)


def test_a_name_that_the_file_has_is_told_apart_and_baselines_follow_the_model():
    values = random_ratings(3, annotators=3, images=10, emotions=3, missing=0)
    ratings = made_ratings(values, people=2, emotions=EMOTIONS)
    figures = evaluate_hq(ratings, [scored(values[0], "model-2"), scored(values[1], "other")])
    assert figures.models == ("model-2 (evaluated)", "other")
    assert [one.annotator for one in figures.protocol.annotators] == [
        "human-0",
        "human-1",
        "model-2",
        "model-2 (evaluated)",
        "other",
    ]


def test_the_text_has_the_model_beside_people_in_all_and_the_reliable_emotions():
    values = random_ratings(4, annotators=3, images=20, emotions=3, missing=0)
    values[:, :, 1] = 0
    ratings = made_ratings(values, people=3, emotions=EMOTIONS)
    report = Report("hq.csv", evaluate_hq(ratings, [scored(values[0], missed=2)]))
    text = report.as_text()
    assert text.startswith(
        f"hq.csv: ours by the HQ protocol, people and models against people; 'reliable' is the mean of {RELIABLE[0]}"
    )
    for expected in ("ours by emotion, beside the mean person", "Elation *", "! ours gave 2 pictures no score"):
        assert expected in text
    assert "nan" not in text
    assert report.as_dict()["kind"] == "hq"


def test_votes_are_one_case_each_by_hand(votes: Votes):
    assert voted_images(votes) == ("1", "2", "3")
    scores = np.array([[5.0, 1, 0], [4, 2, 0], [4, 3, 0]])
    (model,) = evaluate_binary(votes, [scored(scores, emotions=("Anger", "Fear", "Awe"))], resamples=10).models
    anger = next(one for one in model.emotions if one.emotion == "Anger")
    # yes: pictures 1, 1, 2 (5, 5, 4); no: 2, 3 (4, 4): each yes at 5 beats both, the one at 4 ties with both
    assert (anger.yes, anger.no, anger.auc.value) == (3, 2, (4 + 2 * 0.5) / 6)
    fear = next(one for one in model.emotions if one.emotion == "Fear")
    assert (fear.auc.value, fear.average_precision.value) == (0, 0.5)
    assert model.auc.value == pytest.approx((anger.auc.value + fear.auc.value) / 2)


def test_figures_against_votes_are_scikit_learns_and_an_emotion_without_both_answers_is_named(votes: Votes):
    rng = np.random.default_rng(5)
    scores = rng.random((3, 3)) * 7
    figures = evaluate_binary(votes, [scored(scores, emotions=("Awe", "Fear", "Anger"))], resamples=10)
    given = [(int(image) - 1, value) for image, _, value, emotion in VOTES if emotion == "Anger"]
    truth, ours = [value for _, value in given], [scores[row, 2] for row, _ in given]
    anger = next(one for one in figures.models[0].emotions if one.emotion == "Anger")
    assert anger.auc.value == pytest.approx(roc_auc_score(truth, ours))
    assert anger.average_precision.value == pytest.approx(average_precision_score(truth, ours))
    assert figures.without == ("Awe",)
    text = Report("binary.csv", figures).as_text()
    assert "Without both answers, so without figures: Awe" in text
    assert "yes:no" in text
    assert "nan" not in text


def test_answers_to_one_picture_are_drawn_together(tmp_path: Path):
    rng = np.random.default_rng(6)
    rows, scores = [], rng.random((40, 1)) * 7
    for image in range(40):
        value = bool(rng.random() < scores[image, 0] / 7)
        rows += [(f"{image}", annotator, value, "Anger") for annotator in ("a", "b", "c", "d")]
    once, often = (
        evaluate_binary(_votes(tmp_path, chosen), [scored(scores, emotions=("Anger",))], resamples=400).models[0].auc
        for chosen in ([row for row in rows if row[1] == "a"], rows)
    )
    assert (once.value, once.low, once.high) == pytest.approx((often.value, often.low, often.high))


def test_a_single_rater_who_always_says_yes_leaves_no_figure(tmp_path: Path):
    figures = evaluate_binary(
        _votes(tmp_path, [("1", "a", True, "Anger")]), [scored(np.ones((1, 1)), emotions=("Anger",))]
    )
    assert figures.models[0].emotions == ()
    assert not figures.models[0].auc.defined
    assert "nan" not in Report("binary.csv", figures).as_text()


def _votes(folder: Path, rows) -> Votes:
    published = read_published(write_votes(folder / "binary.csv", rows))
    assert isinstance(published, Votes)
    return published
