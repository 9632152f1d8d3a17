"""plan.parquet: every slot with its prompt and its shard, frozen when a dataset begins or grows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from pipeline.planning.grid import Cell
from pipeline.planning.plan import ShardPlan
from pipeline.planning.prompting import Prompt
from pipeline.store.parquet import read_schema, read_tables, write_tables
from pipeline.store.schema import Labels, Table, columns_to_table, labels_of, plan_schema
from pipeline.store.storage import Storage

_GROUP_ROWS = 8192


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A slot as the plan froze it: the labels that are asked for, by name, and the words."""

    id: str
    emotion: str
    ethnicity: str
    age: int
    gender: str
    index: int
    prompt: Prompt

    @property
    def cell(self) -> str:
        """The slug of the slot's cell."""
        return self.id.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class PlannedShard:
    """A shard as the plan froze it. `part` is 0 for the first plan of a dataset and n for its n-th extension."""

    name: str
    split: str
    part: int
    slots: tuple[PlannedSlot, ...]


def planned_shard(shard: ShardPlan, part: int, prompt: Callable[[Cell, int], Prompt]) -> PlannedShard:
    """A shard of the plan, put into words by `prompt` (`Prompter.prompt`)."""
    slots = (
        PlannedSlot(
            slot.id,
            slot.cell.emotion.name,
            slot.cell.ethnicity.name,
            slot.cell.age,
            slot.cell.gender.name,
            slot.index,
            prompt(slot.cell, slot.index),
        )
        for slot in shard.slots
    )
    return PlannedShard(shard.name, shard.split, part, tuple(slots))


def write_plan(storage: Storage, path: str, labels: Labels, shards: Iterable[PlannedShard]) -> None:
    """Streams `shards` into one file, whole shards to a row group; memory holds one row group."""
    write_tables(storage, path, plan_schema(labels), _tables(labels, shards))


def read_plan(storage: Storage, path: str, part: int) -> Iterator[PlannedShard]:
    """Streams the shards back, in the order in which they were written."""
    for table in read_tables(storage, path):
        for (name, split), rows in groupby(table.to_pylist(), key=lambda row: (row["shard"], row["split"])):
            slots = (
                PlannedSlot(
                    id=row["id"],
                    emotion=row["emotion"],
                    ethnicity=row["ethnicity"],
                    age=row["age"],
                    gender=row["gender"],
                    index=row["index"],
                    prompt=Prompt(row["prompt"], row["negative_prompt"], row["intensity"]),
                )
                for row in rows
            )
            yield PlannedShard(name, split, part, tuple(slots))


def read_labels(storage: Storage, path: str) -> Labels:
    """The labels of a plan and of all plans before it."""
    return labels_of(read_schema(storage, path).metadata)


def _tables(labels: Labels, shards: Iterable[PlannedShard]) -> Iterator[Table]:
    schema = plan_schema(labels)
    rows: list[dict[str, object]] = []
    for shard in shards:
        rows += (_row(shard, slot) for slot in shard.slots)
        if len(rows) >= _GROUP_ROWS:
            yield columns_to_table(schema, rows)
            rows = []
    if rows:
        yield columns_to_table(schema, rows)


def _row(shard: PlannedShard, slot: PlannedSlot) -> dict[str, object]:
    return {
        "id": slot.id,
        "split": shard.split,
        "shard": shard.name,
        "emotion": slot.emotion,
        "ethnicity": slot.ethnicity,
        "age": slot.age,
        "gender": slot.gender,
        "index": slot.index,
        "intensity": slot.prompt.intensity,
        "prompt": slot.prompt.text,
        "negative_prompt": slot.prompt.negative,
    }
