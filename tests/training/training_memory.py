"""`python -m tests.training.training_memory FOLDER ROWS WIDTH`: trains on 8,000 cached embeddings and then on ROWS.

Prints by how many MB the second raised the peak of what the process had resident, and how many MB of embeddings it had more.
"""

import resource
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from pipeline.labels.emotions import emotion_names
from pipeline.store.parquet import write_tables
from pipeline.store.storage import LocalStorage
from pipeline.training import embeddings
from pipeline.training.embeddings import Embeddings
from pipeline.training.examples import Examples, gather
from pipeline.training.fit import Fit
from pipeline.training.labels import Targets
from pipeline.training.loss import measure
from pipeline.training.model import EmotionModel
from pipeline.training.pictures import Piece
from pipeline.training.recipe import Settings

SHARD, FEW = 4000, 8000


class Cached:
    """A source of pictures whose embeddings are all cached; no picture is ever read."""

    name = "cached"

    def __init__(self, folder: Path, rows: int) -> None:
        folder.mkdir(parents=True)
        self.storage = LocalStorage(folder)
        self._pieces = [Piece(f"train-{number:05d}", "train", str(number), SHARD) for number in range(rows // SHARD)]

    def pieces(self, split=None):
        return self._pieces

    def read(self, piece, faces):
        raise AssertionError("everything is cached")


class Encoder:
    id, revision, needs_faces = "random", "0", False

    def __init__(self, width: int) -> None:
        self.width = width


class ByNumber:
    """A label that follows from a row's number."""

    name, kind, digest = "numbers", "rating", ""

    def of(self, piece, ids):
        values = np.zeros((len(ids), 40), np.float32)
        values[np.arange(len(ids)), np.arange(len(ids)) % 40] = 5
        return Targets(values, np.ones_like(values))


def fill(source: Cached, encoder: Encoder) -> None:
    for piece in source.pieces():
        rng = np.random.default_rng(int(piece.digest))
        values = pa.array(rng.standard_normal(SHARD * encoder.width, np.float32))
        columns = [
            pa.array([f"awe-black-man-040-{piece.digest}{row:05d}" for row in range(SHARD)]),
            pa.FixedSizeListArray.from_arrays(values, encoder.width),
        ]
        schema = embeddings._schema(encoder, piece)
        write_tables(source.storage, embeddings._path(encoder, piece), schema, [pa.table(columns, schema=schema)])


def peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def train_on(rows: int, folder: Path, width: int) -> None:
    source, encoder = Cached(folder, rows), Encoder(width)
    fill(source, encoder)
    with Examples(folder / "examples", width) as examples:
        parts = gather(examples, Embeddings(source, tuple(source.pieces()), encoder, width), ByNumber(), 0.1)
        assert len(parts.train.rows) + len(parts.validation.rows) == rows
        objective = measure(examples, parts.train, "rating").objective
        model = EmotionModel(width, (8,), emotion_names(), "random")
        model.heads.initialise(torch.Generator().manual_seed(0))
        fit = Fit(model, objective, Settings(epochs=2, batch_size=1000), torch.device("cpu"))
        fit.run(examples, parts.train, parts.validation, lambda epoch: None)


def main(folder: Path, rows: int, width: int) -> None:
    train_on(FEW, folder / "few", width)
    before = peak()
    train_on(rows, folder / "many", width)
    print(f"{peak() - before:.1f} {(rows - FEW) * width * 4 / 1e6:.0f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
