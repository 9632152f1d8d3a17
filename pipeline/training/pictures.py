"""The pictures that are embedded: a dataset's shards, or the files of a folder."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import UnidentifiedImageError

from pipeline.errors import InputError, brief, did_you_mean
from pipeline.faces.detector import make_detector
from pipeline.faces.face import Face, FaceDetector
from pipeline.imaging import PICTURE_SUFFIXES, decode, picture_files
from pipeline.planning.spec import FaceSpec
from pipeline.store.folder import DatasetFolder
from pipeline.store.rows import Row
from pipeline.store.storage import LocalStorage, Storage

FILES_PER_PIECE = 512
AT_ONCE = 32
"""Decoded pictures in memory."""

Picture = NDArray[np.uint8]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Piece:
    """Pictures that are embedded and cached together; `digest` changes with any of them."""

    name: str
    split: str
    digest: str
    rows: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """A few decoded RGB pictures, (height, width, 3) each, and the face in each; None where no face was looked for."""

    ids: tuple[str, ...]
    pictures: tuple[Picture, ...]
    faces: tuple[Face | None, ...]


class PictureSource(Protocol):
    """Where pictures come from. Their order never changes as long as no digest does."""

    storage: Storage
    """Where embeddings are cached, beside the pictures."""

    @property
    def name(self) -> str:
        """The last part of the address, for people."""
        ...

    def pieces(self, split: str | None = None) -> list[Piece]:
        """All pieces or those of one split, in order."""
        ...

    def read(self, piece: Piece, faces: bool) -> Iterator[Pictures]:
        """The pictures of a piece, a few at a time; `faces` says whether faces are wanted."""
        ...


class DatasetPictures:
    """The accepted pictures of a dataset, one piece a committed shard."""

    def __init__(self, folder: DatasetFolder) -> None:
        self.folder, self.storage = folder, folder.storage

    @property
    def name(self) -> str:
        """See PictureSource."""
        return self.folder.name

    def pieces(self, split: str | None = None) -> list[Piece]:
        """See PictureSource."""
        return [
            Piece(record.name, record.split, record.data.sha256, record.data.rows)
            for record in self.folder.committed()
            if split in (None, record.split) and record.data.rows
        ]

    def read(self, piece: Piece, faces: bool) -> Iterator[Pictures]:
        """See PictureSource; the face is the one that the picture was accepted for."""
        for table in self.folder.read_shard(piece.name, ["id", "image", "face_box", "landmarks", "det_score"]):
            for rows in chunks(table.to_pylist(), AT_ONCE):
                yield Pictures(
                    tuple(row["id"] for row in rows),
                    tuple(decode(row["image"]["bytes"]) for row in rows),
                    tuple(_face(row) for row in rows),
                )


class PictureFiles:
    """Picture files: all below a folder, or those named. One split, `train`; ids are the paths below the folder."""

    def __init__(self, root: Path, files: list[Path] | None = None) -> None:
        """InputError where there is no picture."""
        self.root = root
        self.storage: Storage = LocalStorage(root)
        self._files = require_files(root) if files is None else files

    @property
    def name(self) -> str:
        """See PictureSource."""
        return self.root.resolve().name

    def pieces(self, split: str | None = None) -> list[Piece]:
        """See PictureSource. A digest covers names, sizes and times of change, not contents."""
        if split not in (None, "train"):
            return []
        groups = enumerate(chunks(self._files, FILES_PER_PIECE))
        return [Piece(f"files-{number:05d}", "train", _digest(files), len(files)) for number, files in groups]

    def read(self, piece: Piece, faces: bool) -> Iterator[Pictures]:
        """See PictureSource; of several faces the best counts."""
        first = int(piece.name.rpartition("-")[2]) * FILES_PER_PIECE
        for files in chunks(self._files[first : first + FILES_PER_PIECE], AT_ONCE):
            pictures = tuple(_read(file) for file in files)
            found = tuple(self._face(picture) for picture in pictures) if faces else (None,) * len(files)
            yield Pictures(tuple(self._id(file) for file in files), pictures, found)

    def _id(self, file: Path) -> str:
        return file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else str(file)

    def _face(self, picture: Picture) -> Face | None:
        return next(iter(self._detector.detect(picture)), None)

    @cached_property
    def _detector(self) -> FaceDetector:
        return make_detector(FaceSpec(detector="embedded"))


def open_pictures(url: str) -> PictureSource:
    """The dataset at `url`, or the picture files of that folder; InputError where it is neither."""
    folder = DatasetFolder(url)
    if folder.specs():
        return DatasetPictures(folder)
    path = Path(url).expanduser()
    if path.is_dir():
        return PictureFiles(path)
    near = did_you_mean(url, [str(path.parent / other.name) for other in path.parent.glob("*/")])
    raise InputError(f"{url}: no dataset here (no spec.yaml) and no folder{near}; make one with `emonet generate`")


def require_pieces(source: PictureSource, split: str) -> list[Piece]:
    """The pieces of a split; InputError where it has no pictures."""
    if pieces := source.pieces(split):
        return pieces
    known = sorted({piece.split for piece in source.pieces()})
    has = f"it has {', '.join(known)}" if known else "no picture is there at all: run `emonet generate` first"
    raise InputError(f"{source.storage.url}: split {split!r} is empty; {has}")


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in order, `size` at a time; the last may be short."""
    return (items[first : first + size] for first in range(0, len(items), size))


def _face(row: Row) -> Face:
    left, top, right, bottom = row["face_box"]
    points = row["landmarks"]
    return Face((left, top, right, bottom), tuple(zip(points[::2], points[1::2], strict=True)), row["det_score"])


def require_files(root: Path) -> list[Path]:
    """The pictures below a folder (`pipeline.imaging.picture_files`). InputError where there is none."""
    if found := picture_files(root):
        return found
    raise InputError(f"{root}: no pictures here ({', '.join(sorted(PICTURE_SUFFIXES))}), and no dataset")


def _read(file: Path) -> Picture:
    try:
        return decode(file.read_bytes())
    except UnidentifiedImageError:
        raise InputError(f"{file}: cannot be read as a picture (it is none); take it out or replace it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as a picture ({brief(error)}); take it out or replace it") from None


def _digest(files: Sequence[Path]) -> str:
    try:
        states = [(file.name, (state := file.stat()).st_size, state.st_mtime_ns) for file in files]
    except OSError as error:
        raise InputError(
            f"{error.filename}: cannot be read ({error.strerror}); name picture files that are there"
        ) from None
    return hashlib.sha256(repr(states).encode()).hexdigest()
