"""Datasets, annotations, predictions and picture files as they are read."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.evaluation.sources.dataset import open_dataset, read_labels, read_rows
from pipeline.evaluation.sources.opening import open_scorer
from pipeline.evaluation.sources.pictures import PictureFolder, matched
from pipeline.evaluation.sources.predictions import read_predictions
from pipeline.evaluation.sources.scorer import complete
from pipeline.imaging import picture_files
from pipeline.planning.vocabulary import load_vocabulary
from pipeline.store.folder import DatasetFolder
from tests.store.making import make_dataset

NAMES = tuple(emotion.name for emotion in load_vocabulary().emotions)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> DatasetFolder:
    return make_dataset(str(tmp_path_factory.mktemp("made") / "data"))


@pytest.fixture
def fresh(tmp_path: Path) -> DatasetFolder:
    return make_dataset(str(tmp_path / "data"))


def table(ids: list[str], **columns: list[float | None]) -> pa.Table:
    """Scores or labels of 0 on every emotion but those given, by name."""
    return pa.table({"id": ids, **{name: columns.get(name, [0.0] * len(ids)) for name in NAMES}})


def annotate(folder: DatasetFolder, made: Mapping[str, pa.Table], name: str = "people") -> None:
    place = Path(folder.storage.url) / "annotations" / name
    place.mkdir(parents=True)
    for file, content in made.items():
        pq.write_table(content, place / f"{file}.parquet")


def test_rows_have_the_names_of_what_was_asked_for(dataset: DatasetFolder):
    rows = read_rows(dataset, "all")
    assert len(rows.ids) == len(rows.requested) == 16
    for name, emotion, gender, age in zip(
        rows.ids, rows.requested, rows.groups["gender"], rows.groups["age"], strict=True
    ):
        assert name.startswith(f"{emotion.lower()}-")
        assert f"-{gender}-{int(age):03d}-" in name
    assert set(rows.groups["intensity"]) <= {"subtle", "plain", "intense"}
    assert set(rows.groups) == {"ethnicity", "age", "gender", "intensity"}


def test_the_test_split_is_taken_where_none_is_named(dataset: DatasetFolder):
    assert read_rows(dataset).split == "test"
    assert len(read_rows(dataset).ids) == len(read_rows(dataset, "train").ids) == 8
    assert set(read_rows(dataset).ids) | set(read_rows(dataset, "train").ids) == set(read_rows(dataset, "all").ids)


def test_without_a_test_split_every_picture_is_taken(fresh: DatasetFolder):
    fresh.discard_shard("test-00000")
    assert read_rows(fresh).split == "all"


def test_what_is_no_dataset_no_split_or_empty_is_one_line(dataset: DatasetFolder, fresh: DatasetFolder, tmp_path: Path):
    with pytest.raises(InputError, match="no dataset here"):
        open_dataset(str(tmp_path / "none"))
    with pytest.raises(InputError, match="no split 'tset'; did you mean 'test'?"):
        read_rows(dataset, "tset")
    for name in ("train-00000", "test-00000"):
        fresh.discard_shard(name)
    with pytest.raises(InputError, match="split 'all' holds no picture yet"):
        read_rows(fresh)


def test_a_file_that_is_gone_and_a_column_that_is_missing_are_named(fresh: DatasetFolder):
    path = Path(fresh.storage.url) / "data" / "test-00000.parquet"
    whole = pq.read_table(path)
    pq.write_table(whole.rename_columns(["genders" if name == "gender" else name for name in whole.column_names]), path)
    with pytest.raises(InputError, match=r"test-00000\.parquet: no column 'gender'; did you mean 'genders'\?"):
        read_rows(fresh)
    path.unlink()
    with pytest.raises(InputError, match=r"test-00000\.parquet: is gone"):
        open_dataset(fresh.storage.url)


def test_annotations_come_in_the_order_of_the_ids_over_several_files_with_gaps(fresh: DatasetFolder):
    first, second, third, *_ = read_rows(fresh, "all").ids
    annotate(fresh, {"a": table([second], Anger=[5.5]), "b": table(["elsewhere", first], Awe=[1, None])})
    labels = read_labels(fresh, "people", [first, second, third])
    assert labels[1, NAMES.index("Anger")] == 5.5
    assert labels[0, NAMES.index("Anger")] == 0
    assert np.isnan(labels[0, NAMES.index("Awe")])
    assert np.isnan(labels[2]).all()


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        ({}, "annotations/people: no labels here"),
        ({"a": table(["x"])}, "labels none of the 8 pictures"),
        ({"a": table(["x"], Anger=[7.5])}, "'x' is rated 7.5 in column 'Anger'; ratings are from 0 to 7"),
        ({"a": table(["x"], Anger=[-1])}, "'x' is rated -1 in column 'Anger'"),
        ({"a": table(["x"]), "b": table(["x"])}, "annotates 'x' twice"),
        ({"a": table(["x"]).drop_columns("Fear")}, "no column 'Fear'"),
        ({"a": table(["x"]).rename_columns(["ids", *NAMES])}, "no column 'id'; did you mean 'ids'?"),
        ({"a": table(["x"]).append_column("fear", [[1.0]])}, "'Fear' and 'fear' are the same emotion"),
    ],
)
def test_wrong_annotations_are_one_line(fresh: DatasetFolder, made, complaint: str):
    annotate(fresh, made)
    with pytest.raises(InputError) as error:
        read_labels(fresh, "people", read_rows(fresh).ids)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_annotations_under_another_name_are_suggested(fresh: DatasetFolder):
    annotate(fresh, {"a": table(["x"])}, "judged")
    with pytest.raises(InputError, match="did you mean 'judged'?"):
        read_labels(fresh, "judge", ["x"])


def test_predictions_are_read_from_parquet_and_from_json_alike(tmp_path: Path):
    made = table(["b", "a"], Anger=[1.5, None], Helplessness=[0.0, None])
    spelt = [{"Helplessness": "Hopelessness", "Awe": "awe"}.get(name, name) for name in made.column_names]
    pq.write_table(made.rename_columns(spelt), tmp_path / "one.parquet")
    pictures = [{"id": "b", "scores": dict.fromkeys(NAMES, 0.0) | {"Anger": 1.5}}, {"id": "a", "scores": None}]
    (tmp_path / "two.json").write_text(json.dumps({"encoder": {}, "pictures": pictures}))
    for path in (tmp_path / "one.parquet", tmp_path / "two.json"):
        scorer = open_scorer(str(path))
        scored = complete(scorer, scorer.score_files(PictureFolder(tmp_path, ("a", "b"))))
        assert (scored.name, scored.emotions, scored.missed) == (path.stem, NAMES, 1)
        assert scored.values[1, NAMES.index("Anger")] == 1.5
        assert (scored.values[0] == 0).all()
        assert scored.cautions == (
            f"{path.stem} gave 1 pictures no score, such as where it found no face: they count as 0.",
        )


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (table(["x"], Anger=[50.0]), "x is scored 50 on Anger; scores are about 0 to 7"),
        (table(["x", "y", "x"]), "scores x twice"),
        (table(["x"]).drop_columns("Awe"), "no column 'Awe'"),
        (table(["x"], Anger=["high"]), "column Anger: holds what is no number"),
    ],
)
def test_wrong_predictions_are_one_line(tmp_path: Path, made: pa.Table, complaint: str):
    path = tmp_path / "scores.parquet"
    pq.write_table(made, path)
    with pytest.raises(InputError) as error:
        read_predictions(path)
    assert str(error.value).startswith(str(path))
    assert complaint in str(error.value)


def test_predictions_that_are_no_such_file_are_one_line(tmp_path: Path):
    for name, content, complaint in [
        ("a.json", "[1]", 'expected {"pictures"'),
        ("b.json", "{", "not JSON"),
        ("c.json", '{"pictures": []}', "no column 'id'"),
        ("d.parquet", "text", "cannot be read as Parquet"),
    ]:
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=complaint):
            read_predictions(tmp_path / name)
    with pytest.raises(InputError, match="cannot be read"):
        read_predictions(tmp_path / "none.json")


def test_a_picture_that_was_not_scored_is_named(dataset: DatasetFolder, tmp_path: Path):
    pq.write_table(table(["x"]), tmp_path / "scores.parquet")
    with pytest.raises(InputError, match=r"scores\.parquet: no scores of anger-.*; 8 of 8 pictures are missing"):
        read_predictions(tmp_path / "scores.parquet").score_dataset(dataset, read_rows(dataset).ids, "test")


def test_a_model_without_a_name_is_asked_for():
    with pytest.raises(InputError, match="no model named"):
        open_scorer("")


def test_paths_are_found_by_their_end_with_or_without_their_ending():
    names = ["a/1.png", "b/1.png", "b/22.jpg", "3.x.png", "44"]
    assert matched(names, ["a/1.png", "b/1", "22", "22.jpg", "3.x", "44.png"], "here") == [0, 1, 2, 2, 3, 4]
    with pytest.raises(InputError, match=r"here: a/1\.png and b/1\.png both answer to 1\.png; keep one"):
        matched(names, ["1.png"], "here")
    with pytest.raises(InputError, match="here: no picture 4; 2 of 3 are missing"):
        matched(names, ["22", "4", "2"], "here")


def test_pictures_are_found_anywhere_below_a_folder(tmp_path: Path):
    for name in ("one/00001.PNG", "two/00002.jpg", "two/notes.txt", ".hidden/00003.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in picture_files(tmp_path)] == ["00001.PNG", "00002.jpg"]
    assert PictureFolder(tmp_path, ("00002", "00001")).paths() == [
        tmp_path / "two/00002.jpg",
        tmp_path / "one/00001.PNG",
    ]
    with pytest.raises(InputError, match="no picture 00003"):
        PictureFolder(tmp_path, ("00003",)).paths()
