"""Whole runs, without Prefect: the bundled pipeline, the embedded detector, real files."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import datasets
import pytest

from pipeline.errors import InputError, RunError
from pipeline.resources import bundled_model_dir
from pipeline.run.dataset_run import open_run, resume_run
from pipeline.store.folder import DatasetFolder
from pipeline.store.verify import verify
from tests.datasets_made import SMALL, attempts, make, pictures, small_request
from tests.tiny_pipelines import save_tiny_stable_diffusion


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "small"
    return folder, make(small_request(folder))


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_cell_gets_its_exact_quota(made):
    folder, outcome = made
    assert (outcome.accepted, outcome.wanted, outcome.shortfalls) == (12, 12, ())
    assert all(count.asked == count.accepted for count in outcome.balance)
    assert verify(DatasetFolder(str(folder))).complete


def test_load_dataset_gives_pictures_and_named_labels(made, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    loaded = datasets.load_dataset(str(made[0]), split="train", cache_dir=str(tmp_path))
    assert loaded[0]["image"].size == (128, 128)
    names = {loaded.features["emotion"].int2str(row["emotion"]) for row in loaded}
    assert names == {"Amusement", "Anger", "Sadness"}
    assert Counter(loaded["gender"]) == {0: 6, 1: 6}


def test_a_contact_sheet_is_made(made):
    assert (made[0] / "sheet.png").stat().st_size > 10_000


def test_every_attempt_is_recorded_with_its_scores(made):
    recorded = attempts(made[0])
    accepted = {(slot, number) for slot, number, _, reason, _ in recorded if reason is None}
    assert accepted == {(slot, number) for slot, number, _ in pictures(made[0])}
    assert len(recorded) == made[1].attempts


def test_a_second_run_makes_nothing_and_changes_no_file(made):
    before = hashes(made[0])
    outcome = make(small_request(made[0]))
    assert (outcome.made, outcome.accepted) == (0, 12)
    assert hashes(made[0]) == before


def test_the_same_spec_gives_the_same_pictures(made, tmp_path):
    make(small_request(tmp_path / "again"))
    assert pictures(tmp_path / "again") == pictures(made[0])
    assert attempts(tmp_path / "again") == attempts(made[0])


def test_an_extension_only_adds(made, tmp_path):
    folder = tmp_path / "grown"
    shutil.copytree(made[0], folder)
    before = hashes(folder)
    derived = {"manifest.json", "README.md", "sheet.png"}
    more = SMALL["grid"] | {
        "emotions": ["amusement", "anger", "sadness", "fear"],
        "ethnicities": ["black", "white", "latino"],
    }
    outcome = make(small_request(folder, grid=more, images_per_cell=2))
    after = hashes(folder)
    assert {name for name, digest in before.items() if after[name] != digest} <= derived
    assert outcome.accepted == outcome.wanted == 48
    assert verify(DatasetFolder(str(folder))).complete
    loaded = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == 48
    assert {loaded.features["emotion"].int2str(row) for row in loaded["emotion"]} >= {"Fear", "Anger"}


def test_a_changed_spec_is_refused_with_the_difference(made):
    before = hashes(made[0])
    with pytest.raises(InputError, match="another spec .seed: 0 -> 1; generator.steps: 6 -> 7"):
        make(small_request(made[0], seed=1, generator={"batch_size": 4, "steps": 7}))
    with pytest.raises(InputError, match="holds 1 slots already and the spec now asks for 0"):
        make(small_request(made[0], grid=SMALL["grid"] | {"emotions": ["anger"]}))
    assert hashes(made[0]) == before


def test_a_second_run_in_a_folder_in_use_is_refused_by_name(tmp_path):
    with open_run(small_request(tmp_path / "busy")):
        code = "from tests.datasets_made import *; make(small_request(sys.argv[1]))"
        other = subprocess.run(
            [sys.executable, "-c", f"import sys; {code}", str(tmp_path / "busy")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert f"run 'test' (process {os.getpid()}" in other.stderr.splitlines()[-1]


def test_a_missing_model_leaves_no_trace(tmp_path):
    with pytest.raises(InputError, match="no-such-model"):
        make(small_request(tmp_path / "none", generator={"model": "./no-such-model"}))
    assert not (tmp_path / "none").exists()


def test_another_model_is_refused_on_a_begun_dataset(made, tmp_path):
    folder, model = tmp_path / "swapped", tmp_path / "model"
    shutil.copytree(made[0], folder)
    shutil.copytree(bundled_model_dir(), model)
    spec = folder / "spec.yaml"
    spec.write_text(spec.read_text().replace("model: bundled", f"model: {model}"))
    records = folder.glob("manifest/*.json")
    for record in records:
        record.write_text(record.read_text().replace('"model": "bundled"', f'"model": "{model}"'))
    (model / "README.md").write_text("not what the pixels depend on")
    (model / "model_index.json").write_text((model / "model_index.json").read_text() + "\n")
    generator = SMALL["generator"] | {"model": str(model)}
    with pytest.raises(InputError, match="made otherwise .revision: "):
        make(small_request(folder, generator=generator))


def test_repair_makes_exactly_the_broken_shard_again(made, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(made[0], folder)
    shard = folder / "data" / "train-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    before = hashes(folder)
    assert verify(DatasetFolder(str(folder))).broken == ("train-00001",)
    with resume_run(str(folder), repair=True) as run:
        assert [run.make_shard(shard).name for shard in run.pending()] == ["train-00001"]
        run.finish()
    assert verify(DatasetFolder(str(folder))).complete
    assert pictures(folder) == pictures(made[0])
    changed = {name for name, digest in hashes(folder).items() if before.get(name) != digest}
    assert changed <= {"data/train-00001.parquet", "attempts/train-00001.parquet", "manifest/train-00001.json",
                       "manifest.json", "README.md", "sheet.png"}  # fmt: skip


def test_a_dataset_can_live_on_any_fsspec_url(made):
    make(small_request("memory://bucket/small"))
    assert pictures("memory://bucket/small") == pictures(made[0])


def test_a_model_that_makes_no_faces_ends_by_the_breaker(tmp_path):
    save_tiny_stable_diffusion(tmp_path / "noise")
    noise = {"model": str(tmp_path / "noise"), "steps": 1, "batch_size": 4}
    face = {"detector": "embedded", "breaker": 16}
    with pytest.raises(RunError, match=r"the last \d+ attempts brought nothing \(.*\); rejects: .*rejects.png"):
        make(small_request(tmp_path / "out", generator=noise, face=face))
    assert (tmp_path / "out" / "rejects.png").stat().st_size > 1000
    assert not list((tmp_path / "out").glob("manifest/*"))


def test_a_cell_that_cannot_be_filled_is_reported_not_completed(tmp_path):
    face = {"detector": "embedded", "min_sharpness": 50.0, "max_attempts": 2, "breaker": 0}
    outcome = make(small_request(tmp_path / "short", face=face))
    assert outcome.accepted == 0
    assert sum(cell.missing for cell in outcome.shortfalls) == 12
    assert "blurred" in outcome.shortfall_text()
    report = verify(DatasetFolder(str(tmp_path / "short")))
    assert not report.problems
    assert not report.complete


def test_exhausted_slots_fail_the_run_where_the_spec_says_so(tmp_path):
    face = {"detector": "embedded", "min_sharpness": 50.0, "max_attempts": 1, "breaker": 0, "on_exhausted": "fail"}
    with pytest.raises(RunError, match="used up their 1 attempts"):
        make(small_request(tmp_path / "fail", face=face))


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 96 KB; `mount -o remount` makes it larger."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"mounting a small file system is not permitted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(made, small_disk):
    with pytest.raises(RunError, match="disk is full"):
        make(small_request(small_disk / "small"))
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    make(small_request(small_disk / "small"))
    assert pictures(small_disk / "small") == pictures(made[0])


def test_killed_at_20_random_moments_a_run_ends_like_an_uninterrupted_one(made, tmp_path):
    """kill -9, again and again: committed shards stay, at most the batches in flight are made again."""
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "tests.killing", str(folder), "--kills", "20"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert pictures(folder) == pictures(made[0])
    assert attempts(folder) == attempts(made[0])
    assert verify(DatasetFolder(str(folder))).complete
