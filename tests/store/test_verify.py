import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.attempts.verdict import Reason
from pipeline.store.folder import DatasetFolder
from pipeline.store.manifest import ShardRecord
from pipeline.store.parquet import WrittenFile
from pipeline.store.verify import Fault, verify
from tests.store.making import RECIPE, begin, fill, fill_rest, judged, make_dataset, small_spec

DATA = "data/train-00000.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> DatasetFolder:
    return make_dataset(str(tmp_path / "demo"))


def test_a_whole_dataset_is_complete(folder: DatasetFolder):
    report = verify(folder)
    assert report.complete
    assert (report.shards, report.planned, report.accepted, report.problems, report.short) == (2, 16, 16, (), ())


@pytest.mark.parametrize("place", [10, 3000, -10])
def test_a_flipped_bit_is_found(folder: DatasetFolder, tmp_path: Path, place: int):
    file = tmp_path / "demo" / DATA
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    (problem,) = verify(folder).problems
    assert (problem.shard, problem.fault) == ("train-00000", Fault.FILE)
    assert f"{DATA} was changed" in problem.message


@pytest.mark.parametrize("path", [DATA, "attempts/train-00000.parquet"])
def test_a_truncated_or_missing_file_is_found(folder: DatasetFolder, tmp_path: Path, path: str):
    file = tmp_path / "demo" / path
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[:-100])
    report = verify(folder)
    assert [problem.message for problem in report.problems] == [f"{path} has {size - 100} bytes, not {size}"]
    assert report.broken == ("train-00000",)
    file.unlink()
    assert [problem.message for problem in verify(folder).problems] == [f"{path} is gone"]


def test_a_broken_or_foreign_record_is_found(folder: DatasetFolder, tmp_path: Path):
    (tmp_path / "demo/manifest/test-00000.json").write_bytes(b"{")
    stranger = replace(folder.manifest.read("train-00000"), name="train-00009")
    folder.manifest.commit(stranger)
    found = {problem.shard: problem for problem in verify(folder).problems}
    assert set(found) == {"test-00000", "train-00009"}
    assert all(problem.fault is Fault.MANIFEST for problem in found.values())
    assert found["train-00009"].message == "train-00009 is in the manifest and in no plan"


@pytest.mark.parametrize("column", ["emotion", "ethnicity", "age", "intensity", "id", "sha256"])
def test_a_row_that_is_not_the_plans_is_found_even_where_the_hashes_agree(folder: DatasetFolder, column: str):
    def exchanged(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[0] = values[0] + 1 if isinstance(values[0], int) else values[0] + "x"
        place = table.schema.get_field_index(column)
        return table.set_column(place, table.schema.field(column), pa.array(values, table.schema.field(column).type))

    _rewrite(folder, exchanged)
    (problem,) = verify(folder).problems
    assert problem.fault is (Fault.IMAGE if column == "sha256" else Fault.ROWS)
    assert problem.shard == "train-00000"


def test_missing_rows_are_found_unless_they_are_declared(folder: DatasetFolder):
    _rewrite(folder, lambda table: table.slice(0, 7))
    (problem,) = verify(folder).problems
    assert "is missing and not declared short" in problem.message
    report = verify(folder)
    assert sum(cell.quota - cell.accepted for cell in report.short) == 8


def test_cells_that_fall_short_are_reported_with_what_was_declared(tmp_path: Path):
    folder = DatasetFolder(str(tmp_path / "demo"))
    begin(folder, small_spec())
    first, second = folder.plan()
    tries = [judged(first.slots[0], number, Reason.OCCLUDED) for number in range(3)]
    filled = [judged(slot) for slot in first.slots[1:]]
    record = folder.commit_shard(first, [None, *filled], [*tries, *filled], RECIPE)
    assert (record.data.rows, record.attempts.rows, record.reasons) == (7, 10, {"occluded": 3})
    assert record.shortfalls[0].slots == (first.slots[0].id,)
    assert record.shortfalls[0].reasons == {"occluded": 3}
    fill_rest(folder)
    report = verify(folder)
    assert report.problems == ()
    (short,) = report.short
    assert (short.cell, short.quota, short.accepted, short.declared) == (first.slots[0].cell, 2, 1, 1)
    assert not report.complete
    assert second.name in folder.manifest.names()


def test_a_shard_without_any_picture_is_still_a_shard(tmp_path: Path):
    folder = DatasetFolder(str(tmp_path / "demo"))
    begin(folder, small_spec())
    first = next(folder.plan())
    record = folder.commit_shard(first, [None] * len(first.slots), [], RECIPE)
    assert record.data.rows == 0
    assert [problem.fault for problem in verify(folder).problems] == [Fault.MISSING]


def test_a_discarded_shard_can_be_made_again_with_the_same_bytes(folder: DatasetFolder, tmp_path: Path):
    before = (tmp_path / "demo" / DATA).read_bytes()
    folder.discard_shard("train-00000")
    assert not (tmp_path / "demo" / DATA).exists()
    (problem,) = verify(folder).problems
    assert (problem.shard, problem.fault) == ("train-00000", Fault.MISSING)
    for shard in folder.plan():
        if shard.name == "train-00000":
            fill(folder, shard)
    assert verify(folder).complete
    assert (tmp_path / "demo" / DATA).read_bytes() == before


def _rewrite(folder: DatasetFolder, change) -> ShardRecord:
    """Changes train-00000 and makes the manifest agree, as someone with a script might."""
    record = folder.manifest.read("train-00000")
    path = Path(folder.storage.url) / DATA
    pq.write_table(change(pq.read_table(path)), path)
    digest = folder.storage.digest(DATA)
    changed = replace(record, data=WrittenFile(DATA, record.data.rows, digest.bytes, digest.sha256))
    folder.manifest.commit(changed)
    assert json.loads((Path(folder.storage.url) / "manifest/train-00000.json").read_bytes())
    return changed
