"""One writer a dataset: a second run is refused by name of the first."""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from pipeline.errors import InputError, RunError
from pipeline.store.storage import LocalStorage, ObjectStorage, Storage, explained

LOCK = ".lock"
HEARTBEAT = 20.0
"""Seconds between two signs of life on storage that has no locks of its own."""
STALE = 90.0
"""Seconds without a sign of life after which such a lock is free. Clocks of two hosts may differ by less than this."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock. `beat` is the last sign of life (seconds since 1970); `token` differs from run to run."""

    run: str
    host: str
    pid: int
    started: str
    beat: float
    token: str

    def __str__(self) -> str:
        return f"run {self.run!r} (process {self.pid} on {self.host}, since {self.started})"


class Lock:
    """A held lock. A local one holds until its process ends; a remote one can be lost with the network."""

    def __init__(self) -> None:
        self._lost = ""

    def check(self) -> None:
        """Raises RunError where the lock was lost, so that two runs never write side by side for long."""
        if self._lost:
            raise RunError(self._lost)

    def lose(self, why: str) -> None:
        """From now on `check` raises RunError(why)."""
        self._lost = why


def locked(
    storage: Storage, run: str, heartbeat: float = HEARTBEAT, stale: float = STALE
) -> AbstractContextManager[Lock]:
    """Holds the dataset's lock for run `run` while the block runs; InputError names the run that has it."""
    if isinstance(storage, ObjectStorage):
        return _heartbeat_lock(storage, run, heartbeat, stale)
    assert isinstance(storage, LocalStorage)
    return _file_lock(storage, run)


@contextmanager
def _file_lock(storage: LocalStorage, run: str) -> Iterator[Lock]:
    """An flock: the system frees it when its process ends, however it ends. The file stays, empty."""
    path = storage.root / LOCK
    with explained(str(path)):
        _make_root(storage)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(storage, _parse(path.read_bytes())) from None
        except OSError as error:
            raise InputError(f"{path}: cannot be locked ({error.strerror}); write to a disk that has locks") from error
        with explained(str(path)):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, _dump(_me(run)))
        yield Lock()
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _make_root(storage: LocalStorage) -> None:
    try:
        storage.root.mkdir(parents=True, exist_ok=True)
    except (FileNotFoundError, FileExistsError) as error:  # /proc says the first; a file of this name, the second
        raise InputError(
            f"{storage.url}: no folder can be made here ({error.strerror}); name another output"
        ) from error


@contextmanager
def _heartbeat_lock(storage: ObjectStorage, run: str, heartbeat: float, stale: float) -> Iterator[Lock]:
    """A file that its holder keeps fresh; one that was not refreshed for `stale` seconds may be taken over."""
    me = _me(run)
    _take(storage, me, stale)
    lock, ended = Lock(), threading.Event()
    beats = threading.Thread(target=_beat, args=(storage, me, lock, ended, heartbeat, stale), daemon=True)
    beats.start()
    try:
        yield lock
    finally:
        ended.set()
        beats.join()
        holder = _holder(storage)
        if holder is not None and holder.token == me.token:
            storage.remove(LOCK)


def _take(storage: ObjectStorage, me: Holder, stale: float) -> None:
    holder = _holder(storage)
    if holder is not None and time.time() - holder.beat < stale:
        raise _refusal(storage, holder)
    if holder is not None:
        storage.remove(LOCK)
    try:
        with explained(storage.where(LOCK)):
            storage.filesystem.pipe_file(storage.full(LOCK), _dump(me), mode="create")
    except FileExistsError:
        raise _refusal(storage, _holder(storage)) from None
    holder = _holder(storage)  # where creation is not exclusive, the last of two racing runs has it
    if holder is None or holder.token != me.token:
        raise _refusal(storage, holder)


def _beat(
    storage: ObjectStorage, me: Holder, lock: Lock, ended: threading.Event, heartbeat: float, stale: float
) -> None:
    last = time.time()
    while not ended.wait(heartbeat):
        try:
            holder = _holder(storage)
            if holder is None or holder.token != me.token:
                lock.lose(f"{storage.url}: {holder or 'another run'} took over, since this one gave no sign of life")
                return
            storage.write(LOCK, _dump(replace(me, beat=time.time())))
            last = time.time()
        except Exception as error:  # whatever the network raises; only its duration matters
            if time.time() - last > stale:
                lock.lose(f"{storage.url}: lost for {stale:.0f} s ({error}); run the same command again: it resumes")
                return


def _me(run: str) -> Holder:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(run, socket.gethostname(), os.getpid(), started, time.time(), uuid4().hex)


def _holder(storage: ObjectStorage) -> Holder | None:
    try:
        return _parse(storage.read(LOCK))
    except FileNotFoundError:
        return None


def _dump(holder: Holder) -> bytes:
    return json.dumps(asdict(holder)).encode()


def _parse(content: bytes) -> Holder | None:
    try:
        return Holder(**json.loads(content))
    except (ValueError, TypeError):
        return None


def _refusal(storage: Storage, holder: Holder | None) -> InputError:
    return InputError(
        f"{storage.url}: {holder or 'another run'} is writing here; wait for it, end it, or name another output folder"
    )
