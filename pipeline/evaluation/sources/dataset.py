"""What a dataset says of its pictures: the emotion asked for, the people shown, and labels that were added later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import InputError, did_you_mean
from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.sample import Groups
from pipeline.labels.annotations import FOLDER, read_annotations
from pipeline.store.folder import DatasetFolder
from pipeline.store.manifest import ShardRecord
from pipeline.store.parquet import read_schema
from pipeline.store.schema import Table
from pipeline.store.shards import data_path

ALL = "all"
TEST = "test"
AXES = ("ethnicity", "age", "gender", "intensity")


@dataclass(frozen=True, slots=True)
class Rows:
    """The pictures of one split, or of all: `requested` is the emotion asked for, which nobody has confirmed."""

    split: str
    ids: tuple[str, ...]
    requested: tuple[str, ...]
    groups: Groups


def open_dataset(url: str) -> DatasetFolder:
    """The dataset at a path or URL; InputError where there is none, or where a file is gone."""
    folder = DatasetFolder(url)
    if not folder.specs():
        raise InputError(
            f"{url}: no dataset here (no spec.yaml); name one that `emonet generate` made, or add --mapping for pictures "
            "in folders of classes"
        )
    folder.check_sizes()
    return folder


def read_rows(folder: DatasetFolder, split: str = "") -> Rows:
    """The rows of `split`; "all" is every split, and "" is test where there is one, else all.

    Raises InputError for a split that does not exist or holds no picture, and for a column that is missing.
    """
    records = list(folder.committed())
    splits = sorted({record.split for record in records})
    wanted = split or (TEST if TEST in splits else ALL)
    if wanted != ALL and wanted not in splits:
        hint = did_you_mean(wanted, splits) or f"; it has {', '.join(splits) or 'none'}"
        raise InputError(f"{folder.storage.url}: no split {wanted!r}{hint}")
    labels = folder.labels(len(folder.specs()) - 1)
    names = {axis: getattr(labels, axis, ()) for axis in ("emotion", *AXES)}
    columns: dict[str, list[str]] = {column: [] for column in ("id", "emotion", *AXES)}
    for record in records:
        if wanted in (ALL, record.split):
            for table in _tables(folder, record, list(columns)):
                for column, values in columns.items():
                    values += _named(table.column(column).to_pylist(), names.get(column, ()))
    if not columns["id"]:
        raise InputError(
            f"{folder.storage.url}: split {wanted!r} holds no picture yet; run `emonet generate` to its end"
        )
    return Rows(
        split=wanted,
        ids=tuple(columns["id"]),
        requested=tuple(columns["emotion"]),
        groups={axis: tuple(columns[axis]) for axis in AXES},
    )


def read_labels(folder: DatasetFolder, name: str, ids: Sequence[str]) -> Floats:
    """The labels annotations/NAME/*.parquet of these pictures: (pictures, emotions), 0 to 7, nan where there is none.

    Raises InputError where they are not there, are wrong (see `pipeline.labels.annotations`), or label none of the pictures.
    """
    place = f"{FOLDER}/{name}"
    if not folder.storage.names(place):
        known = folder.storage.names(FOLDER)
        hint = did_you_mean(name, known) or (f"; there is {', '.join(known)}" if known else "")
        raise InputError(f"{folder.storage.where(place)}: no labels here (*.parquet){hint}")
    found = read_annotations(folder.storage, place)
    row_of = {picture: row for row, picture in enumerate(found.ids)}
    rows = np.array([row_of.get(picture, -1) for picture in ids])
    if not (rows >= 0).any():
        raise InputError(
            f"{folder.storage.where(place)}: labels none of the {len(ids)} pictures; is it of this dataset?"
        )
    return np.where(rows[:, None] >= 0, found.values[rows], np.nan)


def _tables(folder: DatasetFolder, record: ShardRecord, columns: list[str]) -> Iterator[Table]:
    path = data_path(record.name)
    _require(read_schema(folder.storage, path).names, columns, folder.storage.where(path))
    return folder.read_shard(record.name, columns)


def _named(values: list[object], names: Sequence[str]) -> list[str]:
    """ClassLabel numbers as names; anything else as text."""
    return [names[value] if names and isinstance(value, int) else str(value) for value in values]


def _require(found: Sequence[str], wanted: Sequence[str], where: str) -> None:
    missing = [column for column in wanted if column not in found]
    if missing:
        hint = did_you_mean(missing[0], [column for column in found if column not in wanted])
        raise InputError(f"{where}: no column {missing[0]!r}{hint}; {len(missing)} of {len(wanted)} needed are missing")
