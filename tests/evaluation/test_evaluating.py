"""`evaluate` from end to end over real datasets and files of scores, and the page that it writes."""

import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.evaluation import Evaluation, Subject, evaluate_sample
from pipeline.evaluation.output.page import page_text, write_report
from pipeline.evaluation.people import BinaryEvaluation, HqEvaluation
from pipeline.evaluation.report import Report
from pipeline.evaluation.sample import named_sample
from pipeline.evaluation.sources.dataset import open_dataset, read_rows
from pipeline.planning.vocabulary import load_vocabulary
from tests.evaluation.making import sequential_votes, write_ratings, write_votes
from tests.store.making import make_dataset

NAMES = tuple(emotion.name for emotion in load_vocabulary().emotions)


def write_scores(path: Path, ids, shown, seed: int = 0) -> str:
    """Scores by chance, with 7 on the emotion `shown` by each picture."""
    values = np.random.default_rng(seed).random((len(ids), 40)) * 5
    for row, name in enumerate(shown):
        values[row, NAMES.index(name)] = 7
    pq.write_table(pa.table({"id": list(ids), **{name: values[:, k] for k, name in enumerate(NAMES)}}), path)
    return str(path)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> str:
    return make_dataset(str(tmp_path_factory.mktemp("made") / "data")).storage.url


@pytest.fixture(scope="module")
def scores(dataset: str, tmp_path_factory) -> str:
    rows = read_rows(open_dataset(dataset), "all")
    return write_scores(tmp_path_factory.mktemp("scores") / "perfect.parquet", rows.ids, rows.requested)


def evaluation(report: Report) -> Evaluation:
    assert isinstance(report.figures, Evaluation)
    return report.figures


def test_on_a_dataset_a_perfect_model_is_perfect_and_the_labels_are_said_to_be_requested(dataset: str, scores: str):
    figures = evaluation(evaluate(scores, dataset))
    assert (figures.model, figures.split, figures.pictures) == ("perfect", "split test", 8)
    assert "requested" in figures.truth
    assert (figures.overall.top1.value, figures.overall.auc.value, figures.overall.average_precision.value) == (1, 1, 1)
    assert [one.label for one in figures.labels] == ["Awe", "Anger"]
    assert len(figures.without) == 38
    assert [one.name for one in figures.baselines] == ["random", "majority"]
    assert [axis.axis for axis in figures.axes][:4] == ["ethnicity", "age", "gender", "intensity"]
    assert figures.overall.balanced.value == 1


def test_baselines_are_models_too_and_every_split_can_be_taken(dataset: str, scores: str, tmp_path: Path):
    rows = read_rows(open_dataset(dataset), "all")
    wrong = write_scores(tmp_path / "wrong.parquet", rows.ids, ["Fear"] * 16)
    figures = evaluation(evaluate(scores, dataset, split="all", baselines=[wrong]))
    assert (figures.pictures, figures.split) == (16, "every split")
    other = figures.baselines[2]
    assert (other.name, other.overall.top1.value, other.lead.top1.value) == ("wrong", 0, 1)


def test_labels_added_later_replace_what_was_requested(tmp_path: Path):
    folder = make_dataset(str(tmp_path / "data"))
    ids = read_rows(folder, "all").ids
    place = tmp_path / "data" / "annotations" / "people"
    place.mkdir(parents=True)
    write_scores(place / "0.parquet", ids, ["Pain"] * 8 + ["Fear"] * 8)
    scores = write_scores(tmp_path / "ours.parquet", ids, ["Pain"] * 16, seed=1)
    figures = evaluation(evaluate(scores, str(tmp_path / "data"), labels="people", split="all"))
    assert "annotations/people" in figures.truth
    assert figures.overall.top1.value == 0.5
    assert "Pain" in {one.label for one in figures.labels}


def test_on_classes_strict_top_1_and_balanced_accuracy_come_out_by_hand(tmp_path: Path):
    names = ["good/1.png", "good/2.png", "good/3.png", "bad/1.png"]
    for name in names:
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).touch()
    (tmp_path / "two.yaml").write_text(
        "name: two\nclasses: {bad: {emotions: [anger]}, good: {emotions: [elation, awe]}}\n"
    )
    scores = write_scores(tmp_path / "ours.parquet", names, ["Elation", "Awe", "Anger", "Anger"])
    figures = evaluation(evaluate(scores, str(tmp_path / "set"), mapping=str(tmp_path / "two.yaml")))
    # right: two of three good ones and the bad one
    assert (figures.overall.top1.value, figures.overall.balanced.value) == (3 / 4, pytest.approx((2 / 3 + 1) / 2))
    assert figures.confusion.answers == ("bad", "good")
    assert figures.axes == ()
    text = Report("set", figures).as_text()
    assert "through mapping two" in text
    assert "top-3" not in text


def test_on_hq_and_binary_pictures_are_those_of_the_csv(tmp_path: Path):
    ratings = [(f"{k}.png", f"human-{h}", True, {"G|Anger": (k * h) % 8}) for k in range(1, 9) for h in (1, 3)]
    write_ratings(tmp_path / "hq.csv", ratings)
    hq = evaluate(write_scores(tmp_path / "a.parquet", [str(k) for k in range(1, 9)], []), "hq", data=str(tmp_path))
    assert isinstance(hq.figures, HqEvaluation)
    assert hq.figures.models == ("a",)
    write_votes(tmp_path / "binary.csv", sequential_votes(30))
    ids = [f"{k:05d}" for k in range(30)]
    binary = evaluate(write_scores(tmp_path / "b.parquet", ids, []), "binary", data=str(tmp_path / "binary.csv"))
    assert isinstance(binary.figures, BinaryEvaluation)
    assert binary.file == str(tmp_path / "binary.csv")


@pytest.mark.parametrize(
    ("target", "options", "complaint"),
    [
        ("hq", {}, "hq: where is it? add --data FOLDER"),
        ("hq", {"data": "here", "split": "test"}, "--split has no meaning for hq"),
        ("binary", {"data": "here", "mapping": "fer7"}, "--mapping has no meaning for binary"),
        ("folder", {"mapping": "fer7", "labels": "people"}, "--labels has no meaning for folder with --mapping"),
        ("folder", {"data": "here"}, "--data has no meaning for folder"),
        ("folder", {}, "folder: no dataset here"),
    ],
)
def test_options_that_do_nothing_and_what_is_missing_are_one_line(scores: str, target: str, options, complaint: str):
    with pytest.raises(InputError) as error:
        evaluate(scores, target, **options)
    assert complaint in str(error.value)


def test_a_file_of_the_other_kind_is_told(scores: str, tmp_path: Path):
    write_votes(tmp_path / "hq.csv", sequential_votes(3))
    with pytest.raises(InputError, match=r"hq\.csv: holds votes; type binary instead of hq"):
        evaluate(scores, "hq", data=str(tmp_path))


class _Page(HTMLParser):
    """Tags that are open, and what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_in_itself_and_stands_beside_its_plots_and_figures(dataset: str, scores: str, tmp_path: Path):
    report = evaluate(scores, dataset, split="all")
    page = write_report(report, tmp_path / "new" / "report")
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "calibration.png",
        "confusion.png",
        "emotions.png",
        "evaluation.json",
        "groups.png",
        "report.html",
    ]
    assert json.loads((page.parent / "evaluation.json").read_text()) == json.loads(json.dumps(report.as_dict()))
    parser = _Page()
    parser.feed(page.read_text())
    assert parser.open == []
    embedded = [b64decode(source.removeprefix("data:image/png;base64,")) for source in parser.sources]
    assert sorted(embedded) == sorted(path.read_bytes() for path in page.parent.glob("*.png"))
    assert all(min(Image.open(BytesIO(picture)).size) > 200 for picture in embedded)
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page.read_text())


def test_a_report_on_people_has_a_page_too(tmp_path: Path):
    write_ratings(tmp_path / "hq.csv", [("1", "a", True, {"Anger": 3}), ("2", "a", True, {}), ("1", "m", False, {})])
    report = evaluate(write_scores(tmp_path / "a.parquet", ["1", "2"], []), "hq", data=str(tmp_path))
    assert (write_report(report, tmp_path / "out").parent / "emotions.png").is_file()
    write_votes(tmp_path / "binary.csv", [("1", "a", True, "Anger")])
    report = evaluate(str(tmp_path / "a.parquet"), "binary", data=str(tmp_path))
    assert "Without both answers" in write_report(report, tmp_path / "out").read_text()


def test_names_are_escaped():
    labels = ("<b>mad</b>", "sad & low")
    sample = named_sample(labels, np.eye(2), labels)
    figures = evaluate_sample(Subject("<script>", "x"), sample, {"<i>": np.zeros((2, 2))}, {"age": ["<u>", "20"]}, 5)
    text = page_text(Report("<img>", figures), {"<em>": b""})
    assert not re.search(r"<(script|b|i|u|em)>|<img>", text)
    assert "&lt;b&gt;mad&lt;/b&gt;" in text
    assert "sad &amp; low" in text


def test_a_folder_that_cannot_be_written_is_one_line(dataset: str, scores: str, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: cannot be written .*; name another --output"):
        write_report(evaluate(scores, dataset), tmp_path / "file")
