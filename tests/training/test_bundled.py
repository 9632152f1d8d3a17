"""The encoder that needs no download."""

import numpy as np
import pytest

from pipeline.store.folder import DatasetFolder
from pipeline.training.embeddings import embed_dataset
from pipeline.training.encoders import open_encoder
from pipeline.training.train import make_train_request, train


@pytest.fixture
def encoder():
    return open_encoder("bundled")


def test_it_reads_the_faces_of_a_dataset(encoder, dataset):
    first = next(embed_dataset(DatasetFolder(dataset), encoder).batches())
    assert first.values.shape == (len(first.ids), encoder.width)
    assert np.isfinite(first.values).all()
    assert encoder.revision


def test_a_picture_without_a_face_has_no_embedding(encoder):
    assert np.isnan(encoder.encode([np.zeros((40, 40, 3), np.uint8)], [None])).all()


def test_a_model_is_trained_on_it(encoder, dataset, tmp_path):
    options = {"encoder": "bundled", "output": str(tmp_path / "model"), "epochs": 3}
    outcome = train(make_train_request(dataset, options))
    assert outcome["encoder"] == "bundled"
    assert outcome["faceless"] == 0
