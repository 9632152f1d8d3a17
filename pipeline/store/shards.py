"""The two files of a shard: its pictures, and every attempt that was made for them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.store.parquet import WrittenFile, read_tables, write_tables
from pipeline.store.planfile import PlannedShard
from pipeline.store.rows import Recipe, Row, attempt_row, picture_row
from pipeline.store.schema import Labels, Schema, Table, attempts_schema, columns_to_table, data_schema
from pipeline.store.storage import Storage

GROUP_ROWS = 100
"""Rows a row group: what a viewer or a shuffling reader has to load at once."""


def data_path(name: str) -> str:
    """Where a shard's pictures are."""
    return f"data/{name}.parquet"


def attempts_path(name: str) -> str:
    """Where a shard's attempts are."""
    return f"attempts/{name}.parquet"


def write_pictures(
    storage: Storage, shard: PlannedShard, filled: Sequence[JudgedAttempt | None], labels: Labels, recipe: Recipe
) -> WrittenFile:
    """Writes the accepted attempt of each slot, in slot order; None is a slot that fell short and has no row."""
    pairs = zip(shard.slots, filled, strict=True)
    rows = (picture_row(slot, judged, labels, recipe) for slot, judged in pairs if judged is not None)
    schema = data_schema(labels)
    return write_tables(storage, data_path(shard.name), schema, _tables(schema, rows))


def write_attempts(storage: Storage, name: str, attempts: Iterable[JudgedAttempt]) -> WrittenFile:
    """Writes every attempt of a shard. Unlike the pictures, it holds timings and so differs from run to run."""
    schema = attempts_schema()
    return write_tables(storage, attempts_path(name), schema, _tables(schema, map(attempt_row, attempts)))


def read_shard(storage: Storage, name: str, columns: Sequence[str] | None = None) -> Iterator[Table]:
    """A shard's pictures as tables of at most 100 rows, all columns or those named; memory holds one table."""
    return read_tables(storage, data_path(name), columns)


def _tables(schema: Schema, rows: Iterable[Row]) -> Iterator[Table]:
    rows = iter(rows)
    while group := list(islice(rows, GROUP_ROWS)):
        yield columns_to_table(schema, group)
