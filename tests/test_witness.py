"""tests/witness/0.1.0 was made by version 0.1.0: a first part, and an extension by an emotion. It must go on working."""

import hashlib
import shutil
from pathlib import Path

import datasets
import pytest

from pipeline.planning.request import make_request
from pipeline.store.folder import DatasetFolder
from pipeline.store.verify import verify
from pipeline.training.train import make_train_request, train
from tests.datasets_made import make

WITNESS = Path(__file__).parent / "witness"
DERIVED = {"manifest.json", "README.md", "sheet.png", ".lock"}
"""Files that follow from the rest."""

HELD = "2fc3cab1897ddc5c4e8d55f3da4b29ba504dcd516acddac592eb40eb8194351a"
GROWN = "483d09751984a805295120aaee25bcabacac3544bbb33331e2a6db99e46bae0d"
"""Digests of (id, seed, prompt, split) of the pictures, before and after version 0.1.0 extended it by more.yaml."""


@pytest.fixture
def witness(tmp_path):
    folder = tmp_path / "witness"
    shutil.copytree(WITNESS / "0.1.0", folder)
    return folder


def digest(folder: Path) -> str:
    dataset = DatasetFolder(str(folder))
    rows = [
        (row["id"], row["seed"], row["prompt"], record.split)
        for record in dataset.committed()
        for table in dataset.read_shard(record.name, ["id", "seed", "prompt"])
        for row in table.to_pylist()
    ]
    return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in DERIVED)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_it_opens_and_verifies(witness, tmp_path):
    report = verify(DatasetFolder(str(witness)))
    assert report.complete
    assert (report.shards, report.planned, report.accepted) == (5, 12, 12)
    assert digest(witness) == HELD
    loaded = datasets.load_dataset(str(witness), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 9, "test": 3}
    emotions = loaded["train"].features["emotion"]
    assert {emotions.int2str(row) for row in loaded["train"]["emotion"]} == {"Anger", "Amusement", "Fear"}
    assert loaded["test"][0]["image"].size == (128, 128)


def test_a_second_run_changes_nothing(witness):
    before = contents(witness)
    spec = witness / "spec-001.yaml"
    outcome = make(make_request(str(spec), str(witness)))
    assert (outcome.accepted, outcome.made) == (12, 0)
    assert contents(witness) == before


def test_it_extends_with_the_slots_and_seeds_that_it_would_have_had(witness):
    before = contents(witness)
    outcome = make(make_request(str(WITNESS / "more.yaml"), str(witness)))
    assert (outcome.accepted, outcome.wanted) == (24, 24)
    after = contents(witness)
    assert {name: after[name] for name in before} == before
    assert verify(DatasetFolder(str(witness))).complete
    assert digest(witness) == GROWN


def test_a_model_trains_on_it_as_it_did(witness, tmp_path):
    options = {"encoder": "bundled", "epochs": 3, "output": str(tmp_path / "model")}
    outcome = train(make_train_request(str(witness), options))
    assert (outcome["train"], outcome["validation"], outcome["test"], outcome["epochs"]) == (8, 1, 3, 3)
    assert len(outcome["untaught"]) == 37
    tested = next(part for part in outcome["measures"] if part["part"] == "test")
    assert tested["pictures"] == 3
    assert tested["error"] == pytest.approx(2.16, abs=0.02)  # of the three emotions that it shows
