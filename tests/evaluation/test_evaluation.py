import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.evaluation.baselines import RANDOM, random_scores
from pipeline.evaluation.bootstrap import draw_times
from pipeline.evaluation.evaluation import Evaluation, Subject, evaluate_sample
from pipeline.evaluation.figures import OVERALL, measure
from pipeline.evaluation.report import Report
from pipeline.evaluation.sample import Sample, named_sample, rated_sample

LABELS = ("Anger", "Fear", "Awe", "Pain")
SUBJECT = Subject("ours", "labels are made up", "split test", ("Take care.",))


def made_sample(pictures: int = 120, seed: int = 0, worse: slice = slice(0)) -> Sample:
    """Scores that are right about half of the time, and mere chance for the pictures `worse`; nothing shows Pain."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, pictures)
    scores = rng.random((pictures, 4)) * 4
    lift = np.full(pictures, 2.0)
    lift[worse] = 0
    scores[np.arange(pictures), labels] += lift
    return named_sample(LABELS, scores, [LABELS[label] for label in labels])


def evaluated(sample: Sample, groups=None, resamples: int = 50) -> Evaluation:
    return evaluate_sample(SUBJECT, sample, {RANDOM: random_scores(sample.scores.shape)}, groups or {}, resamples)


def halves(pictures: int) -> dict[str, list[str]]:
    return {"gender": ["man" if row < pictures // 2 else "woman" for row in range(pictures)]}


def test_overall_figures_and_their_intervals_are_those_of_the_draws():
    sample = made_sample()
    figures = evaluated(sample)
    drawn = np.concatenate([measure(sample, times).overall for times in draw_times(120, 50)], axis=1)
    for name, row in zip(OVERALL, drawn, strict=True):
        one = getattr(figures.overall, name)
        low, high = np.quantile(row[1:], [0.025, 0.975])
        if name in ("spearman", "calibration_error"):  # resampling biases them
            low, high = min(2 * row[0] - high, row[0]), max(2 * row[0] - low, row[0])
        assert (one.value, one.low, one.high) == pytest.approx((row[0], low, high))


def test_labels_are_measured_or_named_as_lacking_positives():
    figures = evaluated(made_sample())
    assert [one.label for one in figures.labels] == ["Anger", "Fear", "Awe"]
    assert figures.without == ("Pain",)
    assert figures.overall.auc.value == pytest.approx(np.mean([one.auc.value for one in figures.labels]))


def test_the_lead_over_a_baseline_is_paired():
    sample = made_sample()
    same = evaluate_sample(SUBJECT, sample, {"itself": sample.scores}, {}, 20).baselines[0]
    for name in OVERALL:
        lead = getattr(same.lead, name)
        assert (lead.value, lead.low, lead.high) == (0, 0, 0)
    (chance,) = evaluated(sample).baselines
    assert chance.lead.top1.value == pytest.approx(evaluated(sample).overall.top1.value - chance.overall.top1.value)
    assert chance.lead.top1.low > 0


def test_a_group_has_the_figures_of_its_own_pictures():
    sample = made_sample()
    (axis,) = evaluated(sample, halves(120)).axes
    assert [(group.level, group.pictures, group.small) for group in axis.groups] == [
        ("man", 60, False),
        ("woman", 60, False),
    ]
    for group, part in zip(axis.groups, (slice(60), slice(60, 120)), strict=True):
        alone = evaluated(Sample(LABELS, sample.scores[part], sample.truth[part], sample.targets[part]))
        for name in OVERALL:
            assert getattr(group.overall, name).value == pytest.approx(getattr(alone.overall, name).value)
        aucs = [roc_auc_score(sample.truth[part, column] > 0, sample.scores[part, column]) for column in range(3)]
        assert [one.auc.value for one in group.labels] == pytest.approx(aucs)


def test_the_worst_group_and_its_gap_are_found_where_there_is_one():
    (axis,) = evaluated(made_sample(worse=slice(60, 120)), halves(120), resamples=200).axes
    gaps = {gap.figure: gap for gap in axis.gaps}
    assert (gaps["auc"].best, gaps["auc"].worst) == ("man", "woman")
    assert gaps["auc"].difference.high < 0
    woman = axis.groups[1]
    assert gaps["auc"].difference == woman.behind.auc
    assert woman.behind.auc.value == pytest.approx(woman.overall.auc.value - axis.groups[0].overall.auc.value)
    assert axis.groups[0].behind.auc.value == 0


def test_the_worst_calibration_is_the_highest_error():
    sample = made_sample()
    scores = sample.scores.copy()
    scores[60:] = 7 - scores[60:] / 10
    (axis,) = evaluated(sample.scored(scores), halves(120)).axes
    (gap,) = (gap for gap in axis.gaps if gap.figure == "calibration_error")
    assert (gap.best, gap.worst) == ("man", "woman")
    assert gap.difference.low > 0


def test_a_small_group_is_shown_and_named_neither_best_nor_worst():
    sample = made_sample(worse=slice(110, 120))
    levels = ["20"] * 55 + ["40"] * 55 + ["60"] * 10
    figures = evaluated(sample, {"age": levels})
    (axis,) = figures.axes
    assert [group.small for group in axis.groups] == [False, False, True]
    assert "60" not in {name for gap in axis.gaps for name in (gap.best, gap.worst)}
    assert axis.groups[2].behind.top1.value < 0
    assert any("1 of 3 groups have fewer than 30 pictures" in caution for caution in figures.cautions)


def test_with_one_large_group_there_is_no_gap():
    (axis,) = evaluated(made_sample(), {"age": ["20"] * 110 + ["40"] * 10}).axes
    assert axis.gaps == ()


def test_demographic_axes_are_crossed_and_intensity_is_not():
    rng = np.random.default_rng(0)
    groups = {
        axis: [levels[place] for place in rng.integers(0, 2, 120)]
        for axis, levels in {
            "ethnicity": ["Black", "White"],
            "age": ["20", "70"],
            "gender": ["man", "woman"],
            "intensity": ["plain", "subtle"],
        }.items()
    }
    axes = evaluated(made_sample(), groups, resamples=5).axes
    assert [axis.axis for axis in axes[4:]] == ["ethnicity x age", "ethnicity x gender", "age x gender"]
    assert [group.level for group in axes[4].groups] == ["Black, 20", "Black, 70", "White, 20", "White, 70"]
    assert all(sum(group.pictures for group in axis.groups) == 120 for axis in axes)


def test_the_confusion_has_a_row_for_each_target_and_a_column_for_each_label():
    sample = named_sample(LABELS, np.array([[7.0, 0, 0, 0], [0, 1, 0, 6], [5, 5, 0, 0]]), ["Anger", "Fear", "Fear"])
    matrix = evaluated(sample, resamples=5).confusion
    assert (matrix.targets, matrix.answers) == (("Anger", "Fear"), LABELS)
    assert matrix.counts == ((1, 0, 0, 0), (0.5, 0.5, 0, 1))


def test_pictures_without_a_highest_label_are_counted_in_a_caution():
    ratings = np.array([[1.0, 5, 0, 0], [0, 0, 0, 0], [4, np.nan, 0, 0], [6, 0, 0, 0]])
    figures = evaluated(rated_sample(LABELS, np.zeros((4, 4)), ratings), resamples=5)
    assert any(caution.startswith("2 pictures have no highest label") for caution in figures.cautions)


def test_the_same_input_gives_the_same_report_for_machines_and_people_without_nan():
    groups = {**halves(120), "age": ["20"] * 119 + ["70"]}
    report, again = (Report("DIR", evaluated(made_sample(), groups, resamples=20)) for _ in range(2))
    text = report.as_text()
    assert text == again.as_text()
    assert text.startswith("DIR: ours on 120 pictures of split test; labels are made up")
    for expected in ("Without positives, so without figures: Pain", "! Take care.", "Largest gaps", "1 ~", "best"):
        assert expected in text
    assert "nan" not in text
    assert max(map(len, text.splitlines())) <= 100
    read = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert read["kind"] == "evaluation"
    assert read["figures"]["overall"]["top1"]["value"] == report.as_dict()["figures"]["overall"]["top1"]["value"]


def test_few_labels_leave_top_3_and_top_5_out_of_the_table():
    text = Report("DIR", evaluated(made_sample(), resamples=5)).as_text()
    assert "top-1" in text
    assert "balanced accuracy" in text
    assert "top-3" not in text
