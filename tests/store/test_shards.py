import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.attempts.verdict import Reason
from pipeline.errors import RunError
from pipeline.store.folder import DatasetFolder
from pipeline.store.planfile import PlannedShard
from pipeline.store.schema import Labels, attempts_schema, data_schema
from pipeline.store.shards import read_shard, write_attempts, write_pictures
from pipeline.store.storage import open_storage
from tests.store.making import RECIPE, begin, judged, picture, small_spec

LABELS = Labels(("Awe", "Anger"), ("Black", "East Asian"), ("woman",))


@pytest.fixture
def shard(tmp_path: Path) -> PlannedShard:
    """One shard of 240 slots."""
    folder = DatasetFolder(str(tmp_path / "planned"))
    begin(folder, small_spec(images_per_cell=60, shard_size=500))
    return next(folder.plan())


def test_rows_come_back_with_their_pictures_labels_and_scores(shard: PlannedShard, tmp_path: Path):
    storage = open_storage(str(tmp_path))
    filled = [judged(slot, number=2) for slot in shard.slots]
    written = write_pictures(storage, shard, filled, LABELS, RECIPE)
    tables = list(read_shard(storage, shard.name))
    rows = [row for table in tables for row in table.to_pylist()]
    assert [len(table) for table in tables] == [100, 100, 40]
    assert written.rows == len(rows) == 240
    for row, slot, kept in zip(rows, shard.slots, filled, strict=True):
        assert row["image"] == {"bytes": kept.image, "path": f"{slot.id}.webp"}
        assert (row["id"], row["age"], row["attempt"], row["seed"]) == (slot.id, slot.age, 2, kept.attempt.seed)
        assert LABELS.emotion[row["emotion"]] == slot.emotion
        assert LABELS.ethnicity[row["ethnicity"]] == slot.ethnicity
        assert (row["prompt"], row["intensity"]) == (slot.prompt.text, slot.prompt.intensity)
        assert (row["model"], row["steps"], row["guidance"]) == ("bundled", 12, 3.5)
        assert np.allclose(row["landmarks"], kept.verdict.scores.landmarks)
        assert row["sha256"] == sha256(kept.image).hexdigest()


def test_the_same_rows_give_the_same_bytes(shard: PlannedShard, tmp_path: Path):
    first, second = open_storage(str(tmp_path / "1")), open_storage(str(tmp_path / "2"))
    filled = [judged(slot) for slot in shard.slots]
    assert write_pictures(first, shard, filled, LABELS, RECIPE) == write_pictures(second, shard, filled, LABELS, RECIPE)
    path = f"data/{shard.name}.parquet"
    assert first.read(path) == second.read(path)


def test_every_column_of_the_data_file_is_free_of_timings_and_says_what_was_requested(tmp_path: Path):
    schema = data_schema(LABELS)
    assert "milliseconds" not in schema.names
    requested = [field.name for field in schema if (field.metadata or {}).get(b"label") == b"requested"]
    assert requested == ["emotion", "ethnicity", "age", "gender", "intensity"]
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["emotion"] == {"_type": "ClassLabel", "names": ["Awe", "Anger"]}
    assert features["image"] == {"_type": "Image"}


def test_pictures_are_stored_plain_in_row_groups_of_a_hundred_with_a_page_index(shard: PlannedShard, tmp_path: Path):
    storage = open_storage(str(tmp_path))
    write_pictures(storage, shard, [judged(slot) for slot in shard.slots], LABELS, RECIPE)
    parquet = pq.ParquetFile(tmp_path / f"data/{shard.name}.parquet")
    assert parquet.schema_arrow.equals(data_schema(LABELS), check_metadata=False)
    columns = [parquet.metadata.row_group(0).column(number) for number in range(parquet.metadata.num_columns)]
    by_path = {column.path_in_schema: column for column in columns}
    image, prompt = by_path["image.bytes"], by_path["prompt"]
    assert (image.compression, image.has_dictionary_page, image.is_stats_set) == ("UNCOMPRESSED", False, False)
    assert (prompt.compression, prompt.has_dictionary_page, prompt.is_stats_set) == ("ZSTD", True, True)
    assert {column.compression for path, column in by_path.items() if not path.startswith("image.")} == {"ZSTD"}
    assert prompt.has_offset_index
    assert prompt.has_column_index


def test_an_unchanged_stretch_of_pictures_is_cut_into_the_same_pages(shard: PlannedShard, tmp_path: Path):
    storage = open_storage(str(tmp_path))
    images = [np.random.default_rng(number).bytes(100_000) for number in range(40)]
    some = PlannedShard(shard.name, shard.split, 0, shard.slots[:40])

    def written_with(first: bytes) -> bytes:
        kept = [first, *images[1:]]
        filled = [judged(slot, image=image) for slot, image in zip(some.slots, kept, strict=True)]
        return storage.read(write_pictures(storage, some, filled, LABELS, RECIPE).path)

    older, newer = written_with(images[0]), written_with(images[0][:70_000])
    assert older[2_000_000:3_000_000] in newer


def test_attempts_keep_thumbnails_of_rejects_alone(shard: PlannedShard, tmp_path: Path):
    storage = open_storage(str(tmp_path))
    rejected = judged(shard.slots[0], 0, Reason.NO_FACE)
    written = write_attempts(storage, "train-00000", [rejected, judged(shard.slots[0], 1)])
    table = pq.read_table(tmp_path / written.path)
    assert table.schema.equals(attempts_schema(), check_metadata=False)
    first, second = table.to_pylist()
    assert (first["accepted"], first["reason"], first["thumbnail"]) == (False, "no_face", rejected.image)
    assert (second["accepted"], second["reason"], second["thumbnail"]) == (True, None, None)
    assert (first["face_box"], second["face_box"]) == (None, [1.5, -2.25, 20.1, 22.0])
    assert first["fingerprint"] == rejected.fingerprint


def test_a_full_disk_stops_a_shard_and_the_next_run_goes_on_from_its_spool(small_disk: Path):
    folder = DatasetFolder(str(small_disk / "demo"))
    begin(folder, small_spec())
    shard = next(folder.plan())
    filled = [judged(slot, image=picture(place, side=128)) for place, slot in enumerate(shard.slots)]
    ballast = small_disk / "ballast"
    with folder.writing("first"):
        folder.spool(shard.name).append(filled)
        ballast.write_bytes(bytes(300_000))
        with pytest.raises(RunError, match="disk is full"):
            folder.commit_shard(shard, filled, filled, RECIPE)
    assert folder.manifest.names() == []
    ballast.unlink()
    with folder.writing("second"):
        loaded = folder.spool(shard.name).load()
        assert loaded == filled
        folder.commit_shard(shard, loaded, loaded, RECIPE)
    assert folder.manifest.names() == [shard.name]
    assert not list(small_disk.rglob("*.tmp"))
