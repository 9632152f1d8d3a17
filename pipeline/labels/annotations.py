"""Labels that were added to a dataset: annotations/NAME/*.parquet."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, brief
from pipeline.labels.emotions import emotion_columns
from pipeline.labels.published import HIGHEST
from pipeline.store.parquet import read_schema, read_tables
from pipeline.store.schema import Table
from pipeline.store.storage import Storage

Floats = NDArray[np.float64]

FOLDER = "annotations"


@dataclass(frozen=True, slots=True)
class Annotations:
    """`values` is (pictures, 40) from 0 to 7, nan where empty; `digest` changes with any byte of the files."""

    ids: tuple[str, ...]
    values: Floats
    digest: str


def read_annotations(storage: Storage, folder: str) -> Annotations:
    """Every .parquet file of `folder`: a column `id`, and one of numbers from 0 to 7 for each emotion.

    Columns are called by name, slug or alias; others are passed over. InputError says which file lacks which column,
    which picture's rating lies outside, and which picture comes twice.
    """
    files = [f"{folder}/{file}" for file in storage.names(folder) if file.endswith(".parquet")]
    if not files:
        raise InputError(f"{storage.where(folder)}: no labels here (*.parquet)")
    ids: list[str] = []
    parts: list[Floats] = []
    for file in files:
        for table, values in _tables(storage, file):
            ids += table["id"].to_pylist()
            parts.append(values)
    row_of = {picture: row for row, picture in enumerate(ids)}
    if len(row_of) < len(ids):
        twice = next(picture for row, picture in enumerate(ids) if row_of[picture] != row)
        raise InputError(f"{storage.where(folder)}: annotates {twice!r} twice; keep one row a picture")
    whole = hashlib.sha256("".join(storage.digest(file).sha256 for file in files).encode())
    return Annotations(tuple(ids), np.concatenate(parts), whole.hexdigest()[:16])


def _tables(storage: Storage, file: str) -> Iterator[tuple[Table, Floats]]:
    where = storage.where(file)
    columns = emotion_columns(read_schema(storage, file).names, where)
    for table in read_tables(storage, file, ["id", *columns.values()]):
        values = np.column_stack([_numbers(table, label, where) for label in columns.values()])
        outside = np.argwhere((values < 0) | (values > HIGHEST))
        if len(outside):
            row, place = outside[0]
            label = list(columns.values())[place]
            raise InputError(
                f"{where}: {table['id'][int(row)].as_py()!r} is rated {values[row, place]:g} in column {label!r}; "
                f"ratings are from 0 to {HIGHEST}"
            )
        yield table, values


def _numbers(table: Table, label: str, where: str) -> Floats:
    try:
        numbers: Floats = table[label].cast("float64").to_numpy()
    except (ValueError, TypeError, NotImplementedError) as error:
        raise InputError(f"{where}: column {label!r} holds no numbers ({brief(error)})") from None
    return numbers
