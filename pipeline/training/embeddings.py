"""Embeddings of pictures, cached in Parquet beside them: embeddings/ENCODER-REVISION/SHARD.parquet.

A cached file names the encoder and the digest of the pictures it was made from, so it is made again when either changes,
and an interrupted run goes on with the next file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.progress import Watch, watching
from pipeline.store.folder import DatasetFolder
from pipeline.store.parquet import DamagedFileError, read_schema, read_tables, write_tables
from pipeline.store.schema import Schema, Table
from pipeline.training.encoder import Encoder, cache_key
from pipeline.training.pictures import DatasetPictures, PictureSource, Piece, require_pieces
from pipeline.training.processes import processes

Floats = NDArray[np.float32]

FOLDER = "embeddings"


@dataclass(frozen=True, slots=True)
class Embedded:
    """Pictures of one piece: ids, and their embeddings (n, width); a row is nan where no face was found."""

    ids: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The complete, cached embeddings of `pieces`, in their order."""

    source: PictureSource
    pieces: tuple[Piece, ...]
    encoder: Encoder
    width: int

    @property
    def rows(self) -> int:
        """Pictures, those without a face included."""
        return sum(piece.rows for piece in self.pieces)

    def read(self, piece: Piece) -> Embedded:
        """One piece. Raises DamagedFileError."""
        tables = list(read_tables(self.source.storage, _path(self.encoder, piece)))
        ids = tuple(name for table in tables for name in table["id"].to_pylist())
        return Embedded(ids, np.concatenate([_matrix(table, self.width) for table in tables]))

    def batches(self) -> Iterator[Embedded]:
        """Piece after piece; memory holds one."""
        for piece in self.pieces:
            yield self.read(piece)


def embed_dataset(folder: DatasetFolder, encoder: Encoder, split: str | None = None) -> Embeddings:
    """The embeddings of a dataset's pictures, or of one split; see `embed`. InputError where there are none."""
    return embed(DatasetPictures(folder), encoder, split)


def embed(source: PictureSource, encoder: Encoder, split: str | None = None) -> Embeddings:
    """Makes what is not cached yet, shared out over the processes of an `accelerate launch`, and returns it all.

    Memory holds a few pictures and one file's embeddings. InputError for an empty split or an encoder that fails.
    """
    pieces = require_pieces(source, split) if split else source.pieces()
    if not pieces:
        raise InputError(f"{source.storage.url}: no pictures here yet; run `emonet generate` first")
    state = processes()
    pending = [piece for piece in pieces if not _is_cached(source, encoder, piece)]
    with state.split_between_processes(pending) as mine:
        wanted = sum(piece.rows for piece in mine)
        with watching(f"{source.name}: embedding", wanted, "pictures", quiet=not state.is_main_process) as watch:
            for piece in mine:
                _make(source, encoder, piece, watch)
    state.wait_for_everyone()
    schema = read_schema(source.storage, _path(encoder, pieces[0]))
    return Embeddings(source, tuple(pieces), encoder, schema.field("embedding").type.list_size)


def _make(source: PictureSource, encoder: Encoder, piece: Piece, watch: Watch) -> None:
    schema = _schema(encoder, piece)

    def tables() -> Iterator[Table]:
        for batch in source.read(piece, encoder.needs_faces):
            values = encoder.encode(batch.pictures, batch.faces)
            column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel(), pa.float32()), encoder.width)
            yield pa.table([pa.array(batch.ids, pa.string()), column], schema=schema)
            watch.advance(len(batch.ids))

    write_tables(source.storage, _path(encoder, piece), schema, tables())


def _schema(encoder: Encoder, piece: Piece) -> Schema:
    fields = [pa.field("id", pa.string()), pa.field("embedding", pa.list_(pa.float32(), encoder.width))]
    return pa.schema(fields, metadata={b"encoder": encoder.id.encode(), **_metadata(encoder, piece)})


def _metadata(encoder: Encoder, piece: Piece) -> dict[bytes, bytes]:
    told = {"revision": encoder.revision, "pictures": piece.digest}
    return {name.encode(): value.encode() for name, value in told.items()}


def _is_cached(source: PictureSource, encoder: Encoder, piece: Piece) -> bool:
    """Whether the file is there, whole, and made by this encoder of these pictures."""
    path = _path(encoder, piece)
    if not source.storage.exists(path):
        return False
    try:
        metadata = read_schema(source.storage, path).metadata or {}
    except DamagedFileError:
        return False
    return {key: metadata.get(key) for key in _metadata(encoder, piece)} == _metadata(encoder, piece)


def _path(encoder: Encoder, piece: Piece) -> str:
    return f"{FOLDER}/{cache_key(encoder)}/{piece.name}.parquet"


def _matrix(table: Table, width: int) -> Floats:
    values: Floats = table["embedding"].combine_chunks().flatten().to_numpy().reshape(-1, width)
    return values
