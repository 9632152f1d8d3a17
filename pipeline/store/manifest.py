"""The manifest: one small file a shard, whose appearance is the shard's commit."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from pipeline.errors import InputError
from pipeline.store.parquet import WrittenFile
from pipeline.store.storage import Storage

FOLDED = "manifest.json"

_READERS = 16
_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Slots of one cell whose attempts were used up, and how often each reason was given for these slots."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    cell: str
    slots: tuple[str, ...]
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """What the manifest says of one committed shard. `part` is the plan it belongs to: 0, or n for the n-th extension.

    `attempts.rows` is the number of attempts made; `reasons` counts the rejected ones by reason.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    split: str
    part: int
    first_id: str
    last_id: str
    data: WrittenFile
    attempts: WrittenFile
    recipe: Mapping[str, str | int | float | bool | None]
    reasons: Mapping[str, int]
    shortfalls: tuple[Shortfall, ...]


_RECORD = TypeAdapter(ShardRecord)


class Manifest:
    """The committed shards of a dataset. A file that no record names is no part of it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def names(self) -> list[str]:
        """Names of the committed shards, sorted."""
        files = self._storage.names("manifest")
        return [name.removesuffix(".json") for name in files if name.endswith(".json")]

    def read(self, name: str) -> ShardRecord:
        """One record; InputError where its file is broken, FileNotFoundError where there is none."""
        content = self._storage.read(_path(name))
        where = self._storage.where(_path(name))
        mend = f"; run `emonet verify {self._storage.url} --repair`"
        try:
            record = _RECORD.validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the file"
            raise InputError(f"{where}: broken: {field}: {first['msg']}{mend}") from None
        if record.name != name:
            raise InputError(f"{where}: broken: it speaks of shard {record.name!r}{mend}")
        return record

    def committed(self) -> Iterator[ShardRecord]:
        """All records in name order, read a few at a time; raises what `read` raises."""
        with ThreadPoolExecutor(_READERS) as pool:
            names = self.names()
            for first in range(0, len(names), _AT_ONCE):
                yield from pool.map(self.read, names[first : first + _AT_ONCE])

    def commit(self, record: ShardRecord) -> None:
        """Writes a record: from here on its shard is a part of the dataset. Costs the same for any number of shards."""
        self._storage.write(_path(record.name), _RECORD.dump_json(record, indent=1) + b"\n")

    def remove(self, name: str) -> None:
        """Takes a shard out of the dataset. The folded copy goes first: it must not name what is gone."""
        self._storage.remove(FOLDED)
        self._storage.remove(_path(name))

    def fold(self) -> None:
        """Writes manifest.json: all records in name order, for readers who want one file. It follows from them."""
        with self._storage.writing(FOLDED) as sink:
            sink.write(b"[")
            for number, record in enumerate(self.committed()):
                sink.write((b",\n" if number else b"\n") + _RECORD.dump_json(record))
            sink.write(b"\n]\n")


def _path(name: str) -> str:
    return f"manifest/{name}.json"
