"""The spool: where the judged attempts of an open shard are safe from the moment their batch is done."""

from collections.abc import Sequence
from itertools import count

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.store.parquet import DamagedFileError, read_tables, write_tables
from pipeline.store.rows import judged_attempts, spool_row
from pipeline.store.schema import columns_to_table, spool_schema
from pipeline.store.storage import Storage

SPOOLS = ".spool"
"""The folder of all spools; hidden, so that nobody takes it for data."""


class Spool:
    """One shard's judged attempts: a small file a batch in `.spool/NAME/`, each of which appears whole."""

    def __init__(self, storage: Storage, shard_name: str) -> None:
        self._storage = storage
        self._folder = f"{SPOOLS}/{shard_name}"
        last = max((int(name.partition(".")[0]) for name in self._files()), default=-1)
        self._numbers = count(last + 1)

    def append(self, batch: Sequence[JudgedAttempt]) -> None:
        """Writes a batch; when this returns, it survives kill -9 and loss of power."""
        schema = spool_schema()
        path = f"{self._folder}/{next(self._numbers):06d}.parquet"
        write_tables(self._storage, path, schema, [columns_to_table(schema, [spool_row(judged) for judged in batch])])

    def load(self) -> list[JudgedAttempt]:
        """All attempts in the order of their batches. A damaged file is removed; its attempts will be made again."""
        loaded: list[JudgedAttempt] = []
        for name in self._files():
            path = f"{self._folder}/{name}"
            try:
                tables = list(read_tables(self._storage, path))
                loaded += [judged for table in tables for judged in judged_attempts(table.to_pylist())]
            except DamagedFileError:
                self._storage.remove(path)
        return loaded

    def clear(self) -> None:
        """Removes it, once the shard is committed."""
        self._storage.remove(self._folder)

    def _files(self) -> list[str]:
        return [name for name in self._storage.names(self._folder) if name.endswith(".parquet")]
