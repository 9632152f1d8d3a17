"""The flow on a real Prefect server, started for the test."""

import inspect

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.testing.utilities import prefect_test_harness

from flows.evaluate import evaluate_model
from pipeline.errors import InputError
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.sources.dataset import open_dataset, read_rows
from pipeline.planning.vocabulary import load_vocabulary
from tests.store.making import make_dataset


@pytest.fixture(scope="module", autouse=True)
def server():
    with prefect_test_harness(server_startup_timeout=300):
        yield


def test_a_flow_run_writes_the_report_and_leaves_its_tables(tmp_path):
    folder = make_dataset(str(tmp_path / "data")).storage.url
    ids = read_rows(open_dataset(folder), "all").ids
    names = [emotion.name for emotion in load_vocabulary().emotions]
    values = np.random.default_rng(0).random((16, 40)) * 7
    pq.write_table(pa.table({"id": ids, **dict(zip(names, values.T, strict=True))}), tmp_path / "Our Scores.parquet")
    figures = evaluate_model(str(tmp_path / "Our Scores.parquet"), folder, output=str(tmp_path / "report"))
    assert figures == evaluate(str(tmp_path / "Our Scores.parquet"), folder).as_dict()
    assert (tmp_path / "report" / "report.html").is_file()
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(like_="our-scores-evaluation"))
        (artifact,) = client.read_artifacts(artifact_filter=wanted)
    assert "By label, best first" in str(artifact.data)


def test_wrong_input_fails_the_run_with_its_one_line(tmp_path):
    with pytest.raises(InputError, match="hq: where is it"):
        evaluate_model("ours.parquet", "hq")


def test_every_parameter_is_the_librarys_and_described_in_the_form():
    library = set(inspect.signature(evaluate).parameters)
    assert set(evaluate_model.parameters.properties) == library | {"output"}
    assert all(entry.get("description") for entry in evaluate_model.parameters.properties.values())
