"""A dataset's folder: its frozen plan, its committed shards, and the order in which they become durable."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, takewhile
from posixpath import basename
from typing import Any

import yaml

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.errors import InputError
from pipeline.planning.grid import Cell, Grid
from pipeline.planning.plan import ShardPlan
from pipeline.planning.prompting import Prompt
from pipeline.planning.spec import DatasetSpec, parse_spec
from pipeline.store.card import card_text
from pipeline.store.lock import LOCK, Lock, locked
from pipeline.store.manifest import Manifest, ShardRecord, Shortfall
from pipeline.store.planfile import PlannedShard, planned_shard, read_labels, read_plan, write_plan
from pipeline.store.rows import Recipe
from pipeline.store.schema import Labels, Table
from pipeline.store.shards import attempts_path, data_path, read_shard, write_attempts, write_pictures
from pipeline.store.spool import SPOOLS, Spool
from pipeline.store.storage import open_storage

CARD = "README.md"


class DatasetFolder:
    """A dataset at a local path or any fsspec URL. Reading needs no lock; writing happens inside `writing`.

    A dataset grows by parts. The first run freezes part 0 in spec.yaml and plan.parquet. The n-th extension (a larger
    quota, more levels) adds part n as spec-00n.yaml and plan-00n.parquet, with the new slots alone. No file of an
    earlier part is ever written again.
    """

    def __init__(self, url: str) -> None:
        self.storage = open_storage(url)
        self.manifest = Manifest(self.storage)

    @property
    def name(self) -> str:
        """The last part of the folder's address."""
        return basename(self.storage.url.rstrip("/"))

    @contextmanager
    def writing(self, run: str) -> Iterator[Lock]:
        """Locks the folder for run `run` and removes what a killed run left unfinished; spools of open shards stay.

        Raises InputError that names the other run where one is writing, or where the folder cannot be written.
        """
        with locked(self.storage, run) as lock:
            self.storage.clean()
            self._remove_orphans()
            yield lock

    def abandon(self) -> None:
        """Takes back what `writing` put here, where nothing was begun: the lock's file and an empty folder."""
        if not self.storage.exists(_spec_path(0)):
            self.storage.remove(LOCK)
            self.storage.remove_if_empty()

    def specs(self) -> list[DatasetSpec]:
        """The frozen spec of each part, oldest first; none where nothing was begun here."""
        paths = takewhile(self.storage.exists, map(_spec_path, count()))
        return [_parse(self.storage.read(path), self.storage.where(path)) for path in paths]

    def add_part(
        self, spec: DatasetSpec, grid: Grid, shards: Iterable[ShardPlan], prompt: Callable[[Cell, int], Prompt]
    ) -> int:
        """Freezes the next part: streams `shards` into its plan, in the words of `prompt`, then writes its spec.

        Returns the part's number. The spec's appearance is what makes the part: a plan without one is written anew.
        """
        part = len(self.specs())
        older = self.labels(part - 1) if part else Labels()
        labels = older.extended(*(grid.level_names(axis) for axis in ("emotion", "ethnicity", "gender")))
        planned = (planned_shard(shard, part, prompt) for shard in shards)
        write_plan(self.storage, _plan_path(part), labels, planned)
        self.storage.write(_spec_path(part), spec.to_yaml().encode())
        if part and self.storage.exists(CARD):
            self.write_card()
        return part

    def labels(self, part: int) -> Labels:
        """The level names of part `part` and of those before it, in ClassLabel order."""
        return read_labels(self.storage, _plan_path(part))

    def plan(self) -> Iterator[PlannedShard]:
        """Every planned shard of every part, in plan order; memory holds one row group of the plan."""
        for part in range(len(self.specs())):
            yield from read_plan(self.storage, _plan_path(part), part)

    def spool(self, name: str) -> Spool:
        """The durable place of an open shard's judged attempts."""
        return Spool(self.storage, name)

    def commit_shard(
        self,
        shard: PlannedShard,
        filled: Sequence[JudgedAttempt | None],
        attempts: Iterable[JudgedAttempt],
        recipe: Recipe,
    ) -> ShardRecord:
        """Makes a complete shard durable: pictures and attempts, then the manifest's record, then its spool goes.

        `filled` has the accepted attempt of each slot in slot order, or None where the slot's attempts are used up.
        `attempts` are all that were made. Safe for threads and processes that commit different shards.
        """
        attempts = list(attempts)
        labels = self.labels(shard.part)
        record = ShardRecord(
            name=shard.name,
            split=shard.split,
            part=shard.part,
            first_id=shard.slots[0].id,
            last_id=shard.slots[-1].id,
            data=write_pictures(self.storage, shard, filled, labels, recipe),
            attempts=write_attempts(self.storage, shard.name, attempts),
            recipe=dict(recipe),
            reasons=_reasons(attempts),
            shortfalls=_shortfalls(shard, filled, attempts),
        )
        self.manifest.commit(record)
        self.spool(shard.name).clear()
        return record

    def committed(self) -> Iterator[ShardRecord]:
        """The committed shards in name order: the dataset, as far as it is there."""
        return self.manifest.committed()

    def check_sizes(self) -> None:
        """InputError where a committed shard's file is gone or has another size than its record says; reads no data.

        `pipeline.store.verify` reads and hashes everything.
        """
        for record in self.committed():
            for file in (record.data, record.attempts):
                if (size := self.storage.size(file.path)) != file.bytes:
                    found = "is gone" if size is None else f"has {size} bytes, not {file.bytes}"
                    mend = f"run `emonet verify {self.storage.url} --repair`"
                    raise InputError(f"{self.storage.where(file.path)}: {found}; {mend}")

    def read_shard(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Table]:
        """The pictures of a committed shard as tables of at most 100 rows, all columns or those named."""
        return read_shard(self.storage, name, columns)

    def discard_shard(self, name: str) -> None:
        """Takes a shard out of the dataset and removes its files; its slots are open again."""
        self.manifest.remove(name)
        self.storage.remove(data_path(name))
        self.storage.remove(attempts_path(name))

    def finish(self) -> None:
        """Writes what follows from the committed shards: manifest.json and the card. At the end of a run."""
        self.manifest.fold()
        self.write_card()

    def write_card(self) -> None:
        """Writes README.md, with which `datasets.load_dataset(FOLDER)` finds the splits and names the labels."""
        splits = dict.fromkeys(split for spec in self.specs() for split in spec.splits)
        sizes: Counter[str] = Counter()
        for record in self.committed():
            sizes[record.split] += record.data.bytes
        labels = self.labels(len(self.specs()) - 1)
        text = card_text(self.name, [split for split in splits if split in sizes], labels, sizes.total())
        self.storage.write(CARD, text.encode())

    def _remove_orphans(self) -> None:
        """Removes files that no record names, and spools of shards whose commit was the last thing a run did."""
        committed = set(self.manifest.names())
        for folder in ("data", "attempts"):
            for file in self.storage.names(folder):
                if file.endswith(".parquet") and file.removesuffix(".parquet") not in committed:
                    self.storage.remove(f"{folder}/{file}")
        for name in self.storage.names(SPOOLS):
            if name in committed:
                self.spool(name).clear()


def _spec_path(part: int) -> str:
    return f"spec-{part:03d}.yaml" if part else "spec.yaml"


def _plan_path(part: int) -> str:
    return f"plan-{part:03d}.parquet" if part else "plan.parquet"


def _parse(content: bytes, where: str) -> DatasetSpec:
    try:
        parsed: Any = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not valid YAML: {' '.join(str(error).split())}") from error
    return parse_spec(parsed, where)


def _reasons(attempts: Iterable[JudgedAttempt]) -> dict[str, int]:
    """Rejected attempts by reason, in name order."""
    counts = Counter(attempt.verdict.reason.value for attempt in attempts if attempt.verdict.reason is not None)
    return dict(sorted(counts.items()))


def _shortfalls(
    shard: PlannedShard, filled: Sequence[JudgedAttempt | None], attempts: Sequence[JudgedAttempt]
) -> tuple[Shortfall, ...]:
    """The slots without a picture, by cell."""
    short: dict[str, list[str]] = {}
    for slot, judged in zip(shard.slots, filled, strict=True):
        if judged is None:
            short.setdefault(slot.cell, []).append(slot.id)
    return tuple(
        Shortfall(cell, tuple(slots), _reasons(a for a in attempts if a.attempt.slot_id in slots))
        for cell, slots in short.items()
    )
