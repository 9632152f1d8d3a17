from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.errors import InputError
from pipeline.evaluation.sources.dataset import ALL, read_rows
from pipeline.evaluation.sources.opening import open_scorer
from pipeline.evaluation.sources.pictures import PictureFolder
from pipeline.evaluation.sources.scorer import complete
from pipeline.faces.probe import load_probe
from pipeline.planning.vocabulary import load_vocabulary
from pipeline.training.encoder import BUNDLED
from pipeline.training.model import EmotionModel
from tests.store.making import make_dataset
from tests.tiny_encoders import WIDTH, save_tiny_encoder

NAMES = tuple(emotion.name for emotion in load_vocabulary().emotions)


def save_model(folder: Path, emotions=NAMES) -> str:
    """Heads of random weights over a tiny encoder."""
    encoder = save_tiny_encoder(folder / "encoder")
    model = EmotionModel(WIDTH, (8,), emotions, str(encoder))
    model.heads.initialise(torch.Generator().manual_seed(0))
    model.card = "# Made for a test"
    model.save_pretrained(folder / "model")
    return str(folder / "model")


@pytest.fixture
def model(tmp_path: Path) -> str:
    return save_model(tmp_path)


def test_a_picture_scores_the_same_in_a_dataset_and_as_a_file_in_the_order_asked_for(model: str, tmp_path: Path):
    folder = make_dataset(str(tmp_path / "data"))
    rows = [row for record in folder.committed() for part in folder.read_shard(record.name) for row in part.to_pylist()]
    for row in rows:
        (tmp_path / f"{row['id']}.webp").write_bytes(row["image"]["bytes"])
    scorer = open_scorer(model)
    ids = [row["id"] for row in rows][::-1]
    in_dataset = scorer.score_dataset(folder, ids, ALL)
    as_files = scorer.score_files(PictureFolder(tmp_path, tuple(ids)))
    assert in_dataset.shape == (16, 40)
    assert np.ptp(in_dataset, axis=0).max() > 0
    np.testing.assert_allclose(in_dataset, as_files, rtol=1e-5, atol=1e-6)
    test = read_rows(folder, "test").ids
    alone = [in_dataset[ids.index(name)] for name in test]
    np.testing.assert_allclose(scorer.score_dataset(folder, test, "test"), alone, rtol=1e-5, atol=1e-6)
    assert scorer.name == "model"


def test_emotions_are_put_in_the_taxonomys_order(tmp_path: Path):
    scorer = open_scorer(save_model(tmp_path, emotions=NAMES[::-1]))
    values = np.arange(80.0).reshape(2, 40)
    scored = complete(scorer, values)
    assert scored.emotions == NAMES
    np.testing.assert_array_equal(scored.values, values[:, ::-1])


def test_the_bundled_encoder_comes_with_a_caution(tmp_path: Path, model: str):
    probe = load_probe()
    bundled = EmotionModel(probe.width, (8,), NAMES, BUNDLED, probe.revision)
    bundled.card = "# Made for a test"
    bundled.save_pretrained(tmp_path / "bundled")
    (caution,) = complete(open_scorer(str(tmp_path / "bundled")), np.zeros((1, 40))).cautions
    assert caution.startswith("bundled: the bundled encoder learnt the 40 emotions")
    assert complete(open_scorer(model), np.zeros((1, 40))).cautions == ()


def test_a_model_that_lacks_an_emotion_is_refused(tmp_path: Path):
    scorer = open_scorer(save_model(tmp_path, emotions=NAMES[:38]))
    with pytest.raises(InputError, match=r"model: does not score .*; 2 of 40 are missing"):
        complete(scorer, np.zeros((1, 38)))
