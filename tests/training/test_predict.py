"""Scores of pictures, in a dataset and loose, on a terminal, in files and as charts."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from pipeline.errors import InputError
from pipeline.labels.emotions import emotion_names
from pipeline.store.folder import DatasetFolder
from pipeline.training.model import EmotionModel
from pipeline.training.predict import encoder_of, score_dataset, score_images
from pipeline.training.prediction import predict
from pipeline.training.scorefile import scores_as_dict, scores_as_text
from tests.tiny_encoders import WIDTH, save_tiny_encoder
from tests.training.making import picture_ids


@pytest.fixture
def model(tiny_encoder):
    made = EmotionModel(WIDTH, (5,), emotion_names(), tiny_encoder)
    made.heads.initialise(torch.Generator().manual_seed(0))
    made.means.fill_(1.5)
    made.card = "a card"
    return made.eval()


@pytest.fixture
def saved(model, tmp_path):
    model.save_pretrained(tmp_path / "model")
    return str(tmp_path / "model")


@pytest.fixture
def files(dataset, tmp_path):
    """The dataset's pictures as files, in its order."""
    folder = DatasetFolder(dataset)
    (tmp_path / "files").mkdir()
    paths = []
    for record in folder.committed():
        for row in (row for table in folder.read_shard(record.name, ["id", "image"]) for row in table.to_pylist()):
            paths.append(tmp_path / "files" / f"{row['id']}.png")
            paths[-1].write_bytes(row["image"]["bytes"])
    return paths


def test_a_dataset_and_its_pictures_get_the_same_scores(model, dataset, files):
    scores = score_dataset(model, dataset)
    assert scores.ids == tuple(picture_ids(DatasetFolder(dataset)))
    assert scores.values.shape == (96, 40)
    np.testing.assert_allclose(score_images(model, files).values, scores.values, rtol=1e-3, atol=1e-4)
    subtracted = score_dataset(model, DatasetFolder(dataset), subtract_means=True)
    np.testing.assert_allclose(subtracted.values, scores.values - 1.5, atol=1e-6)


def test_one_split_can_be_scored(model, dataset):
    assert score_dataset(model, dataset, "test").ids == tuple(picture_ids(DatasetFolder(dataset), "test"))


def test_the_encoder_has_to_be_the_models_own(model, tmp_path):
    model.encoder = model.encoder._replace(id=str(save_tiny_encoder(tmp_path / "changed", seed=9)), revision="abc")
    with pytest.raises(InputError, match="this encoder's files changed"):
        encoder_of(model)


def test_scores_are_written_as_json_and_parquet(saved, dataset, tmp_path):
    model, scores = predict(saved, [dataset], "test", tmp_path / "scores.json")
    written = json.loads((tmp_path / "scores.json").read_text())
    assert written == json.loads(json.dumps(scores_as_dict(model, scores)))
    assert written["pictures"][0]["id"] == scores.ids[0]
    assert written["pictures"][0]["scores"]["Amusement"] == float(scores.values[0, 0])
    predict(saved, [dataset], "test", tmp_path / "scores.parquet")
    table = pq.read_table(tmp_path / "scores.parquet")
    assert table.column_names == ["id", *emotion_names()]
    np.testing.assert_array_equal(table["Jealousy & Envy"].to_numpy(), scores.values[:, 39])


def test_a_chart_shows_the_picture_and_its_highest_scores(saved, files, tmp_path):
    predict(saved, [str(files[0]), str(files[1])], charts=tmp_path / "charts")
    charts = sorted((tmp_path / "charts").iterdir())
    assert len(charts) == 2
    with Image.open(charts[0]) as chart:
        assert chart.size == (960, 480)
        assert len(chart.convert("RGB").getcolors(1 << 20)) > 100  # the picture is in it


def test_a_picture_without_a_face_is_told_and_has_no_scores(tiny_encoder, files):
    model = EmotionModel(WIDTH, (5,), emotion_names(), tiny_encoder, face_crop=True)
    scores = score_images(model, files[:2])
    assert scores.missing == tuple(map(str, files[:2]))
    assert np.isnan(scores.values).all()
    assert scores_as_text(model, scores).splitlines()[0].endswith("no face found")
    assert scores_as_dict(model, scores)["pictures"][0]["scores"] is None


@pytest.mark.parametrize(
    ("pictures", "options", "message"),
    [
        (["{files}"], {"split": "test"}, "picture files have no splits"),
        (["{files}"], {"output": "scores.txt"}, "scores are written as .json or .parquet"),
        (["nowhere.png"], {}, "nowhere.png: cannot be read"),
        (["{files}", "nowhere.png"], {}, "nowhere.png: cannot be read"),
        (["{model}/README.md"], {}, "README.md: cannot be read as a picture"),
    ],
)
def test_bad_requests_get_one_line(saved, files, tmp_path, pictures, options, message):
    named = [name.format(files=files[0].parent, model=saved) for name in pictures]
    if "output" in options:
        options = {"output": tmp_path / options["output"]}
    with pytest.raises(InputError, match=message):
        predict(saved, named, **options)
