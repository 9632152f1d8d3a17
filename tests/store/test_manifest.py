import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.store.manifest import Manifest, ShardRecord, Shortfall
from pipeline.store.parquet import WrittenFile
from pipeline.store.storage import open_storage

RECORD = ShardRecord(
    name="train-00000",
    split="train",
    part=0,
    first_id="awe-black-woman-040-00000",
    last_id="fear-black-woman-040-00000",
    data=WrittenFile("data/train-00000.parquet", 1, 1000, "ab" * 32),
    attempts=WrittenFile("attempts/train-00000.parquet", 9, 900, "cd" * 32),
    recipe={"model": "bundled", "steps": 12, "guidance": 7.0, "compile": False, "revision": None},
    reasons={"no_face": 8},
    shortfalls=(Shortfall("fear-black-woman-040", ("fear-black-woman-040-00000",), {"no_face": 8}),),
)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return Manifest(open_storage(str(tmp_path)))


def test_a_record_comes_back_as_it_was_committed(manifest: Manifest):
    manifest.commit(RECORD)
    assert manifest.names() == ["train-00000"]
    assert list(manifest.committed()) == [RECORD]
    assert type(manifest.read("train-00000").recipe["guidance"]) is float


def test_folding_writes_all_records_in_name_order(manifest: Manifest, tmp_path: Path):
    names = [f"train-{number:05d}" for number in range(150)]
    for name in reversed(names):
        manifest.commit(replace(RECORD, name=name))
    manifest.fold()
    assert [record["name"] for record in json.loads((tmp_path / "manifest.json").read_bytes())] == names
    assert [record.name for record in manifest.committed()] == names


def test_a_removed_shard_is_named_nowhere(manifest: Manifest, tmp_path: Path):
    manifest.commit(RECORD)
    manifest.fold()
    manifest.remove("train-00000")
    assert manifest.names() == []
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (lambda record: b"", "the file"),
        (lambda record: json.dumps(record)[:-40].encode(), "the file"),
        (lambda record: json.dumps({**record, "part": "zero"}).encode(), "part"),
        (lambda record: json.dumps({**record, "extra": 1}).encode(), "extra"),
        (lambda record: json.dumps({**record, "data": {**record["data"], "sha256": None}}).encode(), "data.sha256"),
        (lambda record: json.dumps({**record, "name": "train-00001"}).encode(), "train-00001"),
    ],
)
def test_a_broken_record_is_named_with_its_field_and_what_to_do(manifest: Manifest, tmp_path: Path, broken, field: str):
    manifest.commit(RECORD)
    file = tmp_path / "manifest/train-00000.json"
    file.write_bytes(broken(json.loads(file.read_bytes())))
    with pytest.raises(InputError) as raised:
        list(manifest.committed())
    assert f"{file}: broken" in str(raised.value)
    assert field in str(raised.value)
    assert "--repair" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_commit_costs_the_same_among_many_as_alone(manifest: Manifest, tmp_path: Path):
    alone = Manifest(open_storage(str(tmp_path / "alone")))
    manifest.commit(RECORD)
    content = (tmp_path / "manifest/train-00000.json").read_bytes()
    for number in range(2_000):
        (tmp_path / f"manifest/full-{number:05d}.json").write_bytes(content)
    assert _fastest_commit(manifest) < 10 * _fastest_commit(alone) + 0.01


def _fastest_commit(manifest: Manifest) -> float:
    times = []
    for _ in range(20):
        started = time.perf_counter()
        manifest.commit(RECORD)
        times.append(time.perf_counter() - started)
    return min(times)
