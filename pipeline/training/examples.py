"""Embeddings and targets on disk, one record a picture, so that training shuffles without holding them in memory."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.errors import InputError
from pipeline.labels.emotions import emotion_names
from pipeline.store.storage import explained
from pipeline.training.embeddings import Embeddings
from pipeline.training.labels import Labels
from pipeline.training.split import cell_of, hash_of, held_out

Ints = NDArray[np.int64]

BLOCK = 1024
"""Records read at once where order does not matter."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Embeddings (n, width), target values (n, 40) from 0 to 7, and their weights (n, 40), 0 to 1."""

    embeddings: Tensor
    values: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True)
class Part:
    """Positions of the records of one part of the pictures."""

    name: str
    rows: Ints


class Examples:
    """A file of float32 records: embedding, 40 values, 40 weights. Close it to remove it."""

    def __init__(self, path: Path, width: int) -> None:
        self.path, self.width = path, width
        self._emotions = len(emotion_names())
        self._bytes = 4 * (width + 2 * self._emotions)
        self._file = path.open("w+b")

    def append(self, records: NDArray[np.float32]) -> None:
        """Adds records (n, width + 80)."""
        with explained(str(self.path)):
            self._file.write(records.astype(np.float32).tobytes())

    def take(self, rows: Ints) -> Batch:
        """The records at these positions, in their order. Memory holds no others."""
        self._file.flush()
        records = np.empty((len(rows), self._bytes // 4), np.float32)
        for record, row in zip(records, rows, strict=True):
            os.preadv(self._file.fileno(), [record.data], int(row) * self._bytes)
        parts = torch.split(torch.from_numpy(records), [self.width, self._emotions, self._emotions], dim=1)
        return Batch(*(part.contiguous() for part in parts))

    def blocks(self, rows: Ints) -> Iterator[Batch]:
        """All records at these positions, a block at a time."""
        for first in range(0, len(rows), BLOCK):
            yield self.take(rows[first : first + BLOCK])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a run learns from and is measured on; `faceless` pictures have no embedding, `unlabelled` ones no label."""

    train: Part
    validation: Part
    test: Part
    faceless: int
    unlabelled: int


def gather(examples: Examples, embeddings: Embeddings, labels: Labels, share: float) -> Gathered:
    """Writes the records of every picture that has an embedding and a label, and says which is for what.

    Validation is `share` of the train split (see pipeline.training.split); it is chosen before pictures without a label are
    passed over, so that two runs with different labels hold out the same slots. Memory holds one shard, and 20 bytes
    a picture. Raises InputError where training or validation would be empty.
    """
    names: dict[str, int] = {}
    cells, hashes, positions, tests = [], [], [], []
    count = faceless = unlabelled = 0
    for piece in embeddings.pieces:
        found = embeddings.read(piece)
        targets = labels.of(piece, found.ids)
        seen, known = ~np.isnan(found.values).any(axis=1), targets.weights.any(axis=1)
        kept = seen & known
        examples.append(np.hstack([found.values, targets.values, targets.weights])[kept])
        places = np.where(kept, count + np.cumsum(kept) - 1, -1)
        count, faceless, unlabelled = (
            count + int(kept.sum()),
            faceless + int((~seen).sum()),
            unlabelled + int((~known).sum()),
        )
        if piece.split != "train":
            tests.append(places[kept])
            continue
        cells.append(np.array([names.setdefault(cell_of(one), len(names)) for one in found.ids], np.int32))
        hashes.append(np.array([hash_of(one) for one in found.ids], np.int64))
        positions.append(places)
    where = embeddings.source.storage.url
    if not cells:
        raise InputError(f"{where}: split 'train' is empty; generate with a train split")
    rows, held = np.concatenate(positions), held_out(list(names), np.concatenate(cells), np.concatenate(hashes), share)
    parts = Part("train", rows[~held & (rows >= 0)]), Part("validation", rows[held & (rows >= 0)])
    for part in parts:
        if not len(part.rows):
            raise InputError(
                f"{where}: no picture with labels {labels.name!r} and an embedding is left for {part.name} ({len(rows)} "
                f"pictures, {unlabelled} without a label, {faceless} without a face); label more or generate more"
            )
    return Gathered(
        *parts, Part("test", np.concatenate([*tests, np.empty(0, np.int64)]).astype(np.int64)), faceless, unlabelled
    )
