"""Files under one URL, each of which appears whole or not at all."""

import errno
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast
from uuid import uuid4

import fsspec

from pipeline.errors import InputError, RunError

_PUT_IS_ATOMIC = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "memory"}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Digest:
    """Size in bytes and sha256 (hex) of a file."""

    bytes: int
    sha256: str


class Sink:
    """What a file's content is written into; knows its digest without reading the file again."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = sha256()
        self._bytes = 0

    def write(self, content: bytes) -> int:
        """Appends `content`."""
        self._hash.update(content)
        self._bytes += len(content)
        return self._file.write(content)

    def flush(self) -> None:
        """Nothing to do: the storage flushes when the content is complete."""

    def digest(self) -> Digest:
        """Of all that was written so far."""
        return Digest(self._bytes, self._hash.hexdigest())


class Storage(ABC):
    """Files by relative POSIX path. A full disk is a RunError, a refused one an InputError; both name the file."""

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """The file for reading; FileNotFoundError where there is none."""

    @abstractmethod
    def writing(self, path: str) -> AbstractContextManager[Sink]:
        """A sink whose content becomes the file when the block ends well, replacing an older one; durable then."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether there is such a file."""

    @abstractmethod
    def size(self, path: str) -> int | None:
        """Bytes of the file; None where there is none."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Sorted names of files and folders in `folder`, without hidden ones; none where there is no such folder."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Removes a file or a folder with all it holds, durably; nothing happens where there is none."""

    @abstractmethod
    def clean(self) -> None:
        """Removes what writers that were killed left behind. For the one writer, before it starts."""

    @abstractmethod
    def remove_if_empty(self) -> None:
        """Removes the storage's own folder where nothing is left in it."""

    def read(self, path: str) -> bytes:
        """The whole file."""
        with self.open(path) as file:
            return file.read()

    def write(self, path: str, content: bytes) -> None:
        """Writes a whole small file."""
        with self.writing(path) as sink:
            sink.write(content)

    def digest(self, path: str) -> Digest:
        """Size and sha256 of the file as it is now; memory stays flat."""
        hashed, size = sha256(), 0
        with self.open(path) as file:
            while block := file.read(_BLOCK):
                hashed.update(block)
                size += len(block)
        return Digest(size, hashed.hexdigest())

    def where(self, path: str) -> str:
        """The file's full address, for people."""
        return f"{self.url}/{path}"


def open_storage(url: str) -> Storage:
    """Storage at a local path or any fsspec URL (s3://bucket/folder, memory://folder, ...)."""
    protocol = fsspec.utils.get_protocol(url)
    if protocol in ("file", "local"):
        return LocalStorage(Path(fsspec.core.strip_protocol(url)))
    return ObjectStorage(url, protocol)


class LocalStorage(Storage):
    """A local folder. A file is written under a hidden name, fsynced, renamed, and its folder fsynced."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.root = root

    def open(self, path: str) -> BinaryIO:
        """See Storage."""
        return (self.root / path).open("rb")

    @contextmanager
    def writing(self, path: str) -> Iterator[Sink]:
        """See Storage."""
        target = self.root / path
        with explained(str(target)):
            _make_folder(target.parent)
            temporary = target.with_name(f".{target.name}.{uuid4().hex[:8]}.tmp")
            try:
                with temporary.open("xb") as file:
                    yield Sink(file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(target.parent)

    def exists(self, path: str) -> bool:
        """See Storage."""
        return (self.root / path).is_file()

    def size(self, path: str) -> int | None:
        """See Storage."""
        with suppress(FileNotFoundError):
            return (self.root / path).stat().st_size
        return None

    def names(self, folder: str) -> list[str]:
        """See Storage."""
        with suppress(FileNotFoundError):
            return sorted(name for name in os.listdir(self.root / folder) if not name.startswith("."))
        return []

    def remove(self, path: str) -> None:
        """See Storage."""
        target = self.root / path
        with explained(str(target)), suppress(FileNotFoundError):
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink()
            _sync_folder(target.parent)

    def remove_if_empty(self) -> None:
        """See Storage."""
        with suppress(OSError):
            self.root.rmdir()

    def clean(self) -> None:
        """See Storage."""
        with explained(str(self.root)):
            for folder, _, files in os.walk(self.root):
                for name in files:
                    if _is_temporary(name):
                        Path(folder, name).unlink(missing_ok=True)


class ObjectStorage(Storage):
    """Any other fsspec filesystem. One put is atomic on object stores; elsewhere a hidden file is moved into place."""

    def __init__(self, url: str, protocol: str) -> None:
        super().__init__(url.rstrip("/"))
        try:
            self.filesystem, self._root = fsspec.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise InputError(f"{url}: cannot be opened: {error}") from error
        self._put_is_atomic = protocol in _PUT_IS_ATOMIC

    def open(self, path: str) -> BinaryIO:
        """See Storage."""
        return cast(BinaryIO, self.filesystem.open(self.full(path), "rb"))

    @contextmanager
    def writing(self, path: str) -> Iterator[Sink]:
        """See Storage."""
        with explained(self.where(path)), tempfile.NamedTemporaryFile() as file:
            yield Sink(cast(BinaryIO, file))
            file.flush()
            self._upload(file.name, self.full(path))

    def exists(self, path: str) -> bool:
        """See Storage."""
        self.filesystem.invalidate_cache()
        return bool(self.filesystem.isfile(self.full(path)))

    def size(self, path: str) -> int | None:
        """See Storage."""
        self.filesystem.invalidate_cache()
        with suppress(FileNotFoundError):
            return int(self.filesystem.size(self.full(path)))
        return None

    def names(self, folder: str) -> list[str]:
        """See Storage."""
        self.filesystem.invalidate_cache()
        with suppress(FileNotFoundError):
            listed = self.filesystem.ls(self.full(folder), detail=False)
            names = {PurePosixPath(entry).name for entry in listed}
            return sorted(name for name in names if not name.startswith("."))
        return []

    def remove(self, path: str) -> None:
        """See Storage."""
        self.filesystem.invalidate_cache()
        with explained(self.where(path)), suppress(FileNotFoundError):
            self.filesystem.rm(self.full(path), recursive=True)

    def remove_if_empty(self) -> None:
        """Nothing to do: object stores have no folders."""

    def clean(self) -> None:
        """See Storage."""
        if not self._put_is_atomic:
            self.filesystem.invalidate_cache()
            for path in self.filesystem.find(self._root):
                if _is_temporary(PurePosixPath(path).name):
                    self.filesystem.rm_file(path)

    def full(self, path: str) -> str:
        """The path as the filesystem knows it."""
        return f"{self._root}/{path}"

    def _upload(self, local: str, target: str) -> None:
        if self._put_is_atomic:
            self.filesystem.put_file(local, target)
            return
        folder, _, name = target.rpartition("/")
        temporary = f"{folder}/.{name}.tmp"
        self.filesystem.makedirs(folder, exist_ok=True)
        try:
            self.filesystem.put_file(local, temporary)
            if self.filesystem.exists(target):
                self.filesystem.rm_file(target)
            self.filesystem.mv(temporary, target)
        except BaseException:
            with suppress(Exception):
                self.filesystem.rm_file(temporary)
            raise


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turns the two failures that a user can mend into one line each."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise RunError(
                f"{where}: the disk is full; free space and run the same command again: it resumes"
            ) from error
        if error.errno in _REFUSED or isinstance(error, PermissionError):
            why = error.strerror or error
            raise InputError(f"{where}: cannot be written ({why}); name another output folder") from error
        raise


def _make_folder(folder: Path) -> None:
    """Like mkdir -p, with every new entry made durable."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_temporary(name: str) -> bool:
    return name.startswith(".") and name.endswith(".tmp")
