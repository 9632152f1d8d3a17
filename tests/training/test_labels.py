"""Labels in every form come out as targets from 0 to 7."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.labels.emotions import emotion_names, position_of
from pipeline.training.labels import open_labels
from pipeline.training.pictures import DatasetPictures, PictureFiles, Piece
from tests.evaluation.making import write_ratings, write_votes
from tests.training.making import colour_dataset, colour_picture, picture_ids, write_annotations

PIECE = Piece("files-00000", "train", "", 0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return DatasetPictures(colour_dataset(tmp_path_factory.mktemp("labels") / "set"))


@pytest.fixture
def files(tmp_path):
    for name in ("0001", "0002", "0003"):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "images" / f"{name}.png").write_bytes(colour_picture(f"awe-{name}"))
    return PictureFiles(tmp_path / "images")


def test_the_requested_emotion_counts_by_its_intensity_and_the_others_are_0(dataset):
    labels = open_labels("requested", dataset)
    scores = {"subtle": 3, "plain": 5, "intense": 7}
    for piece in dataset.pieces("train"):
        rows = [row for table in dataset.folder.read_shard(piece.name) for row in table.to_pylist()]
        targets = labels.of(piece, [row["id"] for row in rows])
        for row, values in zip(rows, targets.values, strict=True):
            place = position_of(row["id"].partition("-")[0])
            assert values[place] == scores[row["intensity"]]
            assert values.sum() == values[place]
        assert (targets.weights == 1).all()


def test_annotations_are_found_by_id_and_empty_values_are_not_known(dataset, tmp_path):
    ids = picture_ids(dataset.folder)[:5]

    def change(columns):
        columns["Fear"] = [None, 1.5, 2.0, 3.0, 4.0]
        columns["Hopelessness"] = columns.pop("Helplessness")
        return {**columns, "annotator": ["somebody"] * 5}

    write_annotations(tmp_path / "judged" / "part.parquet", ids, change)
    labels = open_labels(str(tmp_path / "judged"), dataset)
    targets = labels.of(dataset.pieces()[0], [ids[2], "nobody", ids[0]])
    fear, known = position_of("fear"), targets.weights.any(axis=1)
    assert targets.values[0, fear] == 2
    assert known.tolist() == [True, False, True]
    assert targets.weights[2, fear] == 0
    assert targets.weights[2].sum() == 39


def test_annotations_in_the_dataset_are_called_by_name(dataset):
    ids = picture_ids(dataset.folder)
    write_annotations(dataset.folder.storage.root / "annotations" / "judged" / "a.parquet", ids)
    labels = open_labels("judged", dataset)
    assert (labels.of(dataset.pieces()[0], ids).values.max(axis=1) == 6).all()
    with pytest.raises(InputError, match="no labels 'jugded'; did you mean 'judged'"):
        open_labels("jugded", dataset)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: {k: v for k, v in c.items() if k != "Fear"}, "no column 'Fear'"),
        (lambda c: {("Feer" if k == "Fear" else k): v for k, v in c.items()}, "no column 'Fear'; did you mean 'Feer'"),
        (lambda c: {k: v for k, v in c.items() if k != "id"}, "no column 'id'"),
        (lambda c: {**c, "Awe": [0.0, 7.5]}, "'b' is rated 7.5 in column 'Awe'; ratings are from 0 to 7"),
        (lambda c: {**c, "Awe": [-1.0, 0.0]}, "'a' is rated -1"),
        (lambda c: {**c, "Awe": ["much", "little"]}, "column 'Awe' holds no numbers"),
        (lambda c: {**c, "hopelessness": [0.0, 0.0]}, "'Helplessness' and 'hopelessness' are the same emotion"),
        (lambda c: {**c, "id": ["a", "a"]}, "annotates 'a' twice"),
    ],
)
def test_wrong_annotations_are_refused_with_their_file_and_column(tmp_path, files, change, message):
    file = write_annotations(tmp_path / "judged" / "part.parquet", ["a", "b"], change)
    with pytest.raises(InputError, match=message) as told:
        open_labels(str(file.parent), files)
    assert "judged" in str(told.value)


def test_votes_become_shares_that_count_by_the_number_of_answers(tmp_path, files):
    votes = [
        ("0001", "a", True, "Anger"),
        ("0001", "b", True, "Anger"),
        ("0001", "c", False, "Anger"),
        ("0001", "a", False, "Awe"),
        ("0003", "a", True, "Hopelessness"),
    ]
    labels = open_labels(str(write_votes(tmp_path / "binary.csv", votes)), files)
    targets = labels.of(PIECE, ["0001.png", "0002.png", "0003.png"])
    assert labels.kind == "vote"
    assert targets.values[0, position_of("anger")] == pytest.approx(7 * 2 / 3)
    assert targets.weights[0, position_of("anger")] == pytest.approx(3 / 4)
    assert (targets.values[0, position_of("awe")], targets.weights[0, position_of("awe")]) == (0, 0.5)
    assert targets.values[2, position_of("Helplessness")] == 7
    assert np.count_nonzero(targets.weights) == 3


def test_ratings_become_the_mean_over_people(tmp_path, files):
    rows = [
        ("0001.jpg", "human-1", True, {"Group|Anger": 4}),
        ("0001.jpg", "human-2", True, {"Group|Anger": 1, "Group|Awe": 2}),
        ("0001.jpg", "model", False, {"Group|Anger": 7}),
        ("0002.jpg", "model", False, {"Group|Anger": 7}),
    ]
    labels = open_labels(str(write_ratings(tmp_path / "hq.csv", rows)), files)
    targets = labels.of(PIECE, ["0001.png", "0002.png"])
    assert targets.values[0, position_of("anger")] == 2.5
    assert targets.values[0, position_of("awe")] == 1
    assert (targets.weights[0] == 1).all()
    assert (targets.weights[1] == 0).all()


def test_picture_files_have_no_requested_emotion(files):
    with pytest.raises(InputError, match="picture files have no requested emotion"):
        open_labels("requested", files)


def test_there_are_forty_names_in_the_taxonomys_order():
    assert len(emotion_names()) == 40
    assert emotion_names()[:2] == ("Amusement", "Elation")
