"""The training flow on a real Prefect server, started for the test."""

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.testing.utilities import prefect_test_harness

from flows.train import train_model
from pipeline.errors import InputError
from pipeline.training.model import EmotionModel
from pipeline.training.recipe import Settings
from tests.tiny_encoders import save_tiny_encoder
from tests.training.making import colour_dataset


@pytest.fixture(scope="module", autouse=True)
def server():
    with prefect_test_harness(server_startup_timeout=300):
        yield


def test_a_flow_run_trains_the_model_and_leaves_its_card_and_figures(tmp_path):
    colour_dataset(tmp_path / "colours")
    encoder = str(save_tiny_encoder(tmp_path / "tiny"))
    outcome = train_model(str(tmp_path / "colours"), encoder=encoder, output=str(tmp_path / "the-model"), epochs=2)
    assert outcome["epochs"] == 2
    assert len(EmotionModel.load(tmp_path / "the-model").emotions) == 40
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(like_="the-model")))
    assert {"table", "markdown"} <= {artifact.type for artifact in found}


def test_a_wrong_request_fails_the_run_with_its_one_line(tmp_path):
    with pytest.raises(InputError, match="no dataset here"):
        train_model(str(tmp_path / "nowhere"))


def test_every_parameter_is_described_in_the_form():
    properties = train_model.parameters.properties
    assert all(entry.get("description") for entry in properties.values())
    assert set(properties) & set(Settings.model_fields) >= {"epochs", "batch_size", "learning_rate", "patience", "seed"}
