"""Parquet in and out, a row group at a time. The same rows give the same bytes."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError
from pipeline.store.schema import Schema, Table, leaf_columns
from pipeline.store.storage import Storage

_PLAIN = ("image.bytes", "image.path", "image", "thumbnail")
"""Encoded pictures: compression, dictionaries and statistics would cost time and gain nothing."""


class DamagedFileError(InputError):
    """A file that is gone, or whose content is not what was written."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A finished file: path in the dataset's folder, rows, size in bytes, sha256 in hex."""

    path: str
    rows: int
    bytes: int
    sha256: str


def write_tables(storage: Storage, path: str, schema: Schema, tables: Iterable[Table]) -> WrittenFile:
    """Writes each table as one row group. The file appears, durable, when all of them are in.

    Pages carry checksums and an index, and end where the content says, so that a store which splits files by content
    keeps equal stretches of two files once.
    """
    columns = leaf_columns(schema)
    encoded = [column for column in columns if column not in _PLAIN]
    rows = 0
    with storage.writing(path) as sink:
        with pq.ParquetWriter(
            sink,
            schema,
            compression={column: "zstd" if column in encoded else "none" for column in columns},
            use_dictionary=encoded,
            write_statistics=encoded,
            write_page_index=True,
            write_page_checksum=True,
            use_content_defined_chunking=True,
        ) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=max(len(table), 1))
                rows += len(table)
        digest = sink.digest()
    return WrittenFile(path, rows, digest.bytes, digest.sha256)


def read_tables(storage: Storage, path: str, columns: Sequence[str] | None = None) -> Iterator[Table]:
    """The row groups in order, all columns or those named. Raises DamagedFileError."""
    with _damage_told(storage.where(path)), storage.open(path) as file:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        for group in range(parquet.num_row_groups):
            yield parquet.read_row_group(group, columns=columns, use_threads=False)


def read_schema(storage: Storage, path: str) -> Schema:
    """The Arrow schema, metadata included. Raises DamagedFileError."""
    with _damage_told(storage.where(path)), storage.open(path) as file:
        return pq.read_schema(file)


@contextmanager
def _damage_told(where: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise DamagedFileError(f"{where}: is gone") from None
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system's own, not pyarrow's
            raise
        raise DamagedFileError(f"{where}: damaged: {' '.join(str(error).split())}") from error
