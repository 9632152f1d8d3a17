import hashlib
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.store.folder import DatasetFolder
from pipeline.store.schema import Labels
from pipeline.store.verify import verify
from tests.store.making import begin, fill, fill_rest, judged, make_dataset, small_spec


def hashes(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_dataset_in_memory_or_any_other_fsspec_place_works_as_a_local_one():
    folder = make_dataset(f"memory://{uuid.uuid4().hex}/demo")
    with folder.writing("run"):
        assert verify(folder).complete
    assert folder.name == "demo"
    assert folder.storage.exists("manifest.json")


def test_the_frozen_plan_holds_every_slot_with_its_words_and_shard(tmp_path: Path):
    folder = DatasetFolder(str(tmp_path / "demo"))
    begin(folder, small_spec())
    shards = list(folder.plan())
    assert [shard.name for shard in shards] == ["train-00000", "test-00000"]
    slots = [slot for shard in shards for slot in shard.slots]
    assert len({slot.id for slot in slots}) == 16
    assert all(slot.prompt.text and slot.prompt.intensity and slot.id.startswith(slot.cell) for slot in slots)
    assert folder.specs() == [small_spec()]
    assert folder.labels(0) == Labels(("Awe", "Anger"), ("Black", "East Asian"), ("woman",))


def test_an_extension_adds_files_and_rewrites_none(tmp_path: Path):
    root = tmp_path / "demo"
    folder = make_dataset(str(root))
    before = hashes(root)
    begin(folder, small_spec(images_per_cell=3, emotions=("amusement", "awe", "anger")))
    fill_rest(folder)
    after = hashes(root)
    derived = {"README.md", "manifest.json"}
    assert {path: after[path] for path in before if path not in derived} == {
        path: digest for path, digest in before.items() if path not in derived
    }
    assert {"spec-001.yaml", "plan-001.parquet", "data/train-00001.parquet"} <= set(after)
    assert folder.labels(1).emotion == ("Awe", "Anger", "Amusement")
    assert {record.part for record in folder.committed()} == {0, 1}
    report = verify(folder)
    assert (report.complete, report.accepted) == (True, 36)


def test_a_part_whose_spec_was_not_written_is_begun_again(tmp_path: Path):
    folder = make_dataset(str(tmp_path / "demo"))
    (tmp_path / "demo/plan-001.parquet").write_bytes(b"half")
    assert len(folder.specs()) == 1
    begin(folder, small_spec(images_per_cell=3))
    assert len(folder.specs()) == 2
    assert sum(len(shard.slots) for shard in folder.plan()) == 24


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no more"])
def test_a_damaged_plan_is_told_in_one_line(tmp_path: Path, content: bytes | None):
    folder = make_dataset(str(tmp_path / "demo"))
    plan = tmp_path / "demo/plan.parquet"
    plan.unlink() if content is None else plan.write_bytes(content)
    with pytest.raises(InputError, match=rf"{plan}: (damaged|is gone)"):
        list(folder.plan())


def test_files_that_no_record_names_go_when_the_next_run_starts(tmp_path: Path):
    root = tmp_path / "demo"
    folder = make_dataset(str(root))
    kept = hashes(root)
    (root / "data/train-00007.parquet").write_bytes(b"a crash came before the manifest")
    (root / "attempts/train-00007.parquet").write_bytes(b"as above")
    folder.spool("train-00000").append([judged(next(folder.plan()).slots[0])])
    folder.spool("train-00007").append([judged(next(folder.plan()).slots[0])])
    with folder.writing("run"):
        assert folder.spool("train-00000").load() == []
        assert len(folder.spool("train-00007").load()) == 1
        folder.spool("train-00007").clear()
    (root / ".lock").unlink()
    assert hashes(root) == kept


def test_a_second_writer_is_refused(tmp_path: Path):
    folder = make_dataset(str(tmp_path / "demo"))
    with (
        folder.writing("first"),
        pytest.raises(InputError, match="run 'first'"),
        DatasetFolder(folder.storage.url).writing("second"),
    ):
        pytest.fail("two writers")


def test_committing_clears_the_spool(tmp_path: Path):
    folder = DatasetFolder(str(tmp_path / "demo"))
    begin(folder, small_spec())
    shard = next(folder.plan())
    folder.spool(shard.name).append([judged(shard.slots[0])])
    fill(folder, shard)
    assert folder.spool(shard.name).load() == []
    assert folder.manifest.names() == [shard.name]


def test_the_store_needs_neither_torch_nor_prefect():
    code = "import sys, pipeline.store.verify; sys.exit(bool({'torch', 'prefect', 'datasets'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
