"""The flow on a real Prefect server, started for the test."""

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.testing.utilities import prefect_test_harness

from flows.generate import generate_dataset, repair_dataset
from pipeline.errors import InputError
from pipeline.planning.request import CHANGES


@pytest.fixture(scope="module", autouse=True)
def server():
    with prefect_test_harness(server_startup_timeout=300):
        yield


SMALL = {"emotions": ["anger"], "ethnicities": ["black", "white"], "ages": [30], "steps": 6, "detector": "embedded"}


def test_a_flow_run_makes_the_dataset_and_leaves_artifacts(tmp_path):
    outcome = generate_dataset(spec="demo", output=str(tmp_path / "demo"), **SMALL)
    assert outcome["accepted"] == outcome["wanted"] == 4
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(like_="demo"))
        kinds = {artifact.type for artifact in client.read_artifacts(artifact_filter=wanted)}
        tasks = client.read_task_runs()
    assert {"table", "markdown"} <= kinds
    assert "train-00000" in {run.name for run in tasks}
    assert all(run.state and run.state.is_completed() for run in tasks)


def test_a_wrong_request_fails_the_run_with_its_one_line(tmp_path):
    with pytest.raises(InputError, match="unknown emotion 'agner'"):
        generate_dataset(output=str(tmp_path), emotions=["agner"])


def test_every_parameter_is_described_in_the_form():
    assert set(CHANGES) <= set(generate_dataset.parameters.properties)
    for made in (generate_dataset, repair_dataset):
        assert all(entry.get("description") for entry in made.parameters.properties.values())


def test_the_repair_flow_makes_a_broken_shard_again(tmp_path):
    outcome = generate_dataset(spec="demo", output=str(tmp_path / "demo"), **SMALL)
    shard = tmp_path / "demo" / "data" / "train-00000.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-8])
    assert repair_dataset(str(tmp_path / "demo"))["accepted"] == outcome["accepted"]
    assert shard.read_bytes() == whole
