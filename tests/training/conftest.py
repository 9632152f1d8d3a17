"""A dataset and an encoder that several tests share."""

import shutil

import pytest

from tests.tiny_encoders import save_tiny_encoder
from tests.training.making import colour_dataset


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory):
    return str(save_tiny_encoder(tmp_path_factory.mktemp("encoders") / "tiny"))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    return colour_dataset(tmp_path_factory.mktemp("datasets") / "colours").storage.root


@pytest.fixture
def dataset(made_once, tmp_path):
    """A copy of the colour dataset, without embeddings."""
    return str(shutil.copytree(made_once, tmp_path / "colours"))
