"""The plan: every wanted picture as a slot, and the balanced shards that slots are written in. Pure; needs no torch.

Slots are dealt to shards like cards. Cell after cell, each shard gets the whole part of its share of the cell's slots,
and what is left over goes to the shards that lag furthest behind on the cell's four levels. So every shard, not only
the whole, is balanced on every axis. Large plans are dealt in chunks of shards, which keeps memory flat.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.planning.grid import Cell, Grid
from pipeline.planning.spec import DatasetSpec

CHUNK = 256
"""Shards dealt at once."""

_URGENCY = 3.0
"""How much more a larger lag weighs; sinh(3 x lag) kept every level within 2 pictures of its share in all trials."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One wanted picture. `id`, which never changes, is the cell's slug and the index: `awe-black-woman-040-00003`."""

    id: str
    cell: Cell
    index: int
    split: str


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Slots that are written together, in slot order. `name` is the split and a running number, `train-00000`."""

    name: str
    split: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Planned:
    """What earlier parts of a dataset's plan hold already: pictures by cell slug, and shards by split."""

    quotas: Mapping[str, int]
    shards: Mapping[str, int]


NOTHING = Planned({}, {})


def attempt_seed(spec_seed: int, slot_id: str, attempt: int) -> int:
    """The 63-bit seed of attempt `attempt` (0 up) at a slot."""
    digest = blake2b(f"{spec_seed}/{slot_id}/{attempt}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def plan_shards(spec: DatasetSpec, grid: Grid, planned: Planned = NOTHING) -> Iterator[ShardPlan]:
    """Streams the shards of the slots that `grid` asks for and `planned` does not hold yet.

    A cell's slots are dealt to the splits first, each split's slots to its shards then. Raises InputError where
    `planned` holds more than the grid asks for: a dataset can only grow.
    """
    first = _first_new_index(grid, planned)
    new = grid.quotas - first
    shards_ahead = dict(planned.shards)
    cells = [grid.cell(number) for number in range(len(new))]
    slugs = [cell.slug for cell in cells]
    shares = np.array(list(spec.splits.values()))
    lead = _Lead(grid.levels, len(shares), cells_too=True)
    chunks = max(1, -(-int(new.sum()) // (CHUNK * spec.storage.shard_size)))
    for chunk in range(chunks):
        numbers, indices = _chunk(first, new, grid.phases, chunk, chunks)
        counts = _share_out(np.bincount(numbers, minlength=len(new)), shares / shares.sum(), lead)
        split_of = _unfold(counts)
        for split_number, split in enumerate(spec.splits):
            mine = split_of == split_number
            for rows in _deal(numbers[mine], indices[mine], grid, spec.storage.shard_size):
                name = f"{split}-{shards_ahead.get(split, 0):05d}"
                shards_ahead[split] = shards_ahead.get(split, 0) + 1
                pairs = zip(numbers[mine][rows].tolist(), indices[mine][rows].tolist(), strict=True)
                slots = tuple(Slot(f"{slugs[n]}-{i:05d}", cells[n], i, split) for n, i in pairs)
                yield ShardPlan(name, split, slots)


class SlotIds(Protocol):
    """A shard of any kind: a split, and slots that have ids."""

    @property
    def split(self) -> str: ...
    @property
    def slots(self) -> Sequence[Any]: ...


def planned_by(shards: Iterable[SlotIds]) -> Planned:
    """What shards that were planned earlier hold."""
    quotas: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    for shard in shards:
        splits[shard.split] += 1
        quotas.update(slot.id.rpartition("-")[0] for slot in shard.slots)
    return Planned(quotas, splits)


def _first_new_index(grid: Grid, planned: Planned) -> NDArray[np.int64]:
    first = np.zeros(len(grid.quotas), np.int64)
    for slug, held in planned.quotas.items():
        number = grid.number_of.get(slug)
        if number is None or grid.quotas[number] < held:
            asked = 0 if number is None else int(grid.quotas[number])
            raise InputError(
                f"cell {slug} holds {held} slots already and the spec now asks for {asked}: a dataset can only grow; "
                "ask for at least as much, or name another output folder"
            )
        first[number] = held
    return first


def _chunk(
    first: NDArray[np.int64], new: NDArray[np.int64], phases: NDArray[np.float64], chunk: int, chunks: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cell number and slot index of every slot in a chunk: an even part of each cell, cut at the cell's phase."""

    def cut(at: int) -> NDArray[np.int64]:
        if at in (0, chunks):
            return new * at // chunks
        return np.floor(new * at / chunks + phases).astype(np.int64).clip(0, new)

    low, high = cut(chunk), cut(chunk + 1)
    counts = high - low
    numbers = np.repeat(np.arange(len(new)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return numbers, within + np.repeat(first + low, counts)


def _deal(
    numbers: NDArray[np.int64], indices: NDArray[np.int64], grid: Grid, shard_size: int
) -> Iterator[NDArray[np.int64]]:
    """The rows of each shard: every row belongs to one slot (its cell number and index)."""
    if not len(numbers):
        return
    shards = -(-len(numbers) // shard_size)
    quotas = np.bincount(numbers, minlength=len(grid.quotas))
    shard_of = _unfold(_share_out(quotas, np.full(shards, 1 / shards), _Lead(grid.levels, shards)))
    order = np.lexsort((grid.phases[numbers], indices, shard_of))
    yield from np.split(order, np.cumsum(np.bincount(shard_of, minlength=shards))[:-1])


class _Lead:
    """How many slots each party (a split, a shard) is ahead of its share: on each level, as a whole, on each cell."""

    def __init__(self, levels: NDArray[np.int64], parties: int, cells_too: bool = False) -> None:
        offsets = np.concatenate([[0], np.cumsum(levels.max(axis=0) + 1)])
        whole = np.full(len(levels), offsets[-1])
        columns = [levels + offsets[:-1], whole] + ([offsets[-1] + 1 + np.arange(len(levels))] if cells_too else [])
        self.tallies = np.column_stack(columns)
        self.ahead = np.zeros((int(self.tallies.max()) + 1, parties))


def _share_out(quotas: NDArray[np.int64], shares: NDArray[np.float64], lead: _Lead) -> NDArray[np.int64]:
    """How many slots of each cell go to each party, shape (cells, parties); rows sum to `quotas`. Updates `lead`."""
    exact = quotas[:, None] * shares
    counts = np.floor(exact + 1e-9).astype(np.int64)
    ties = np.arange(len(shares)) * 1e-9
    for cell in np.flatnonzero(counts.sum(axis=1) < quotas):
        left, rows = int(quotas[cell] - counts[cell].sum()), lead.tallies[cell]
        lead.ahead[rows] -= exact[cell] - counts[cell]
        urgency = np.sinh(_URGENCY * (lead.ahead[rows] + 0.5)).sum(axis=0) + ties
        chosen = np.argpartition(urgency, left - 1)[:left]
        counts[cell, chosen] += 1
        lead.ahead[np.ix_(rows, chosen)] += 1
    return counts


def _unfold(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The party of every slot, slots in cell order, from the counts of shape (cells, parties)."""
    return np.repeat(np.tile(np.arange(counts.shape[1]), len(counts)), counts.ravel())
