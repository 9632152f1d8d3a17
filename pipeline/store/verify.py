"""Verify: does the folder hold what its manifest and its plan say?"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from pipeline.errors import InputError
from pipeline.store.folder import DatasetFolder
from pipeline.store.manifest import ShardRecord
from pipeline.store.parquet import DamagedFileError
from pipeline.store.planfile import PlannedShard, PlannedSlot
from pipeline.store.rows import Row
from pipeline.store.schema import Labels
from pipeline.store.shards import attempts_path, data_path
from pipeline.store.storage import Storage


class Fault(StrEnum):
    """What can be wrong with a shard."""

    MISSING = "missing"
    """Planned and not committed."""
    MANIFEST = "manifest"
    """Its record is broken, or does not fit the plan."""
    FILE = "file"
    """A file is gone, or has another size or hash than the record says."""
    ROWS = "rows"
    """Its rows are not the plan's slots, or carry other labels."""
    IMAGE = "image"
    """A picture is not the one that was hashed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in one line."""

    shard: str
    fault: Fault
    message: str


@dataclass(frozen=True, slots=True)
class CellCount:
    """A cell with fewer pictures than its quota; `declared` of the missing ones the manifest names as shortfalls."""

    cell: str
    quota: int
    accepted: int
    declared: int


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was checked, what is wrong, and which cells fall short. `planned` and `accepted` count pictures."""

    shards: int
    planned: int
    accepted: int
    problems: tuple[Problem, ...]
    short: tuple[CellCount, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """Committed shards that have to be made again, in the order in which they were found."""
        faults = (problem for problem in self.problems if problem.fault is not Fault.MISSING)
        return tuple(dict.fromkeys(problem.shard for problem in faults))

    @property
    def complete(self) -> bool:
        """Whether nothing is wrong and every cell has its quota."""
        return not self.problems and not self.short


def verify(folder: DatasetFolder) -> VerifyReport:
    """Checks every planned and every committed shard; reads each file once or twice, and holds 100 rows at a time."""
    labels = [folder.labels(part) for part in range(len(folder.specs()))]
    committed = set(folder.manifest.names())
    quota, accepted, declared = Counter[str](), Counter[str](), Counter[str]()
    problems: list[Problem] = []
    checked = 0
    for shard in folder.plan():
        quota.update(slot.cell for slot in shard.slots)
        if shard.name not in committed:
            problems.append(Problem(shard.name, Fault.MISSING, f"{shard.name} is planned and not there"))
            continue
        committed.remove(shard.name)
        checked += 1
        try:
            record = _checked_record(folder, shard)
            slots = _expected(shard, record)
            _check_files(folder.storage, record)
            _check_rows(folder, shard.name, slots, labels[shard.part])
        except _FaultError as found:
            problems.append(Problem(shard.name, found.fault, found.message))
            continue
        accepted.update(slot.cell for slot in slots)
        declared.update({shortfall.cell: len(shortfall.slots) for shortfall in record.shortfalls})
    unplanned = "is in the manifest and in no plan"
    problems += (Problem(name, Fault.MANIFEST, f"{name} {unplanned}") for name in sorted(committed))
    short = (CellCount(cell, quota[cell], accepted[cell], declared[cell]) for cell in quota)
    return VerifyReport(
        shards=checked,
        planned=quota.total(),
        accepted=accepted.total(),
        problems=tuple(problems),
        short=tuple(cell for cell in short if cell.accepted < cell.quota),
    )


class _FaultError(Exception):
    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault, self.message = fault, message


def _checked_record(folder: DatasetFolder, shard: PlannedShard) -> ShardRecord:
    try:
        record = folder.manifest.read(shard.name)
    except InputError as error:
        raise _FaultError(Fault.MANIFEST, str(error)) from None
    wanted = (shard.part, shard.split, shard.slots[0].id, shard.slots[-1].id)
    if (record.part, record.split, record.first_id, record.last_id) != wanted:
        raise _FaultError(Fault.MANIFEST, f"{shard.name}: its record is of other slots than the plan's")
    return record


def _expected(shard: PlannedShard, record: ShardRecord) -> list[PlannedSlot]:
    """The plan's slots without those that the record declares short."""
    short = {slot_id for shortfall in record.shortfalls for slot_id in shortfall.slots}
    unknown = short - {slot.id for slot in shard.slots}
    if unknown:
        raise _FaultError(Fault.MANIFEST, f"{shard.name}: declares {min(unknown)} short, which is not its slot")
    return [slot for slot in shard.slots if slot.id not in short]


def _check_files(storage: Storage, record: ShardRecord) -> None:
    for path, file in ((data_path(record.name), record.data), (attempts_path(record.name), record.attempts)):
        if file.path != path:
            raise _FaultError(Fault.MANIFEST, f"{record.name}: its record names {file.path}, not {path}")
        try:
            digest = storage.digest(file.path)
        except FileNotFoundError:
            raise _FaultError(Fault.FILE, f"{file.path} is gone") from None
        if digest.bytes != file.bytes:
            raise _FaultError(Fault.FILE, f"{file.path} has {digest.bytes} bytes, not {file.bytes}")
        if digest.sha256 != file.sha256:
            raise _FaultError(Fault.FILE, f"{file.path} was changed: its sha256 is not the manifest's")


def _check_rows(folder: DatasetFolder, name: str, slots: list[PlannedSlot], labels: Labels) -> None:
    expected = iter(slots)
    try:
        for row in _rows(folder, name):
            slot = next(expected, None)
            if slot is None or row["id"] != slot.id:
                wanted = "the end" if slot is None else slot.id
                raise _FaultError(Fault.ROWS, f"{name}: holds {row['id']} where the plan has {wanted}")
            _check_row(name, row, slot, labels)
    except DamagedFileError as error:
        raise _FaultError(Fault.FILE, str(error)) from None
    missing = next(expected, None)
    if missing is not None:
        raise _FaultError(Fault.ROWS, f"{name}: {missing.id} is missing and not declared short")


def _rows(folder: DatasetFolder, name: str) -> Iterator[Row]:
    columns = ["image", "id", "emotion", "ethnicity", "age", "gender", "intensity", "sha256"]
    for table in folder.read_shard(name, columns):
        yield from table.to_pylist()


def _check_row(name: str, row: Row, slot: PlannedSlot, labels: Labels) -> None:
    wanted = {
        "emotion": labels.emotion.index(slot.emotion),
        "ethnicity": labels.ethnicity.index(slot.ethnicity),
        "age": slot.age,
        "gender": labels.gender.index(slot.gender),
        "intensity": slot.prompt.intensity,
    }
    for column, value in wanted.items():
        if row[column] != value:
            raise _FaultError(Fault.ROWS, f"{name}: {slot.id} has {column} {row[column]!r}; the plan has {value!r}")
    if sha256(row["image"]["bytes"]).hexdigest() != row["sha256"]:
        raise _FaultError(Fault.IMAGE, f"{name}: the picture of {slot.id} is not the one that was hashed")
