"""One run on one dataset folder: what is asked for and pending, who makes it, what came of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.attempts.ledger import Ledger
from pipeline.attempts.tally import Progress
from pipeline.attempts.verdict import Reason
from pipeline.errors import InputError, RunError
from pipeline.imaging import decode, thumbnail
from pipeline.planning.plan import ShardPlan, plan_shards, planned_by
from pipeline.planning.request import Request
from pipeline.planning.spec import DatasetSpec
from pipeline.run.engines.engine import Engine
from pipeline.run.outcome import Outcome, count_levels
from pipeline.run.sheet import dataset_sheet, rejects_sheet, to_png
from pipeline.run.worker import BreakerError, ShardSink
from pipeline.store.folder import DatasetFolder
from pipeline.store.lock import Lock
from pipeline.store.manifest import ShardRecord
from pipeline.store.planfile import PlannedShard
from pipeline.store.rows import Recipe
from pipeline.store.spool import Spool
from pipeline.store.verify import verify

SHEET, REJECTS = "sheet.png", "rejects.png"

EngineFactory = Callable[[DatasetSpec, ShardSink], Engine]
"""Starts the workers for a spec, given where their shards go. InputError where a model is not there."""

ONE_RECIPE = (
    "model", "revision", "pipeline", "scheduler", "width", "height", "steps", "guidance", "detector", "visibility"
)  # fmt: skip
"""What must not change within a dataset. (Device, batch size and versions may: they are recorded with each shard.)"""

GROWS = ("grid.", "images_per_cell", "weights.")
"""Fields of a spec that may change on a folder, as long as every cell keeps what it holds."""


class DatasetRun:
    """An open run; made by `open_run` and `resume_run`, which hold the folder's lock around it."""

    def __init__(self, folder: DatasetFolder, engine: Engine, lock: Lock) -> None:
        self.folder, self._engine, self._lock = folder, engine, lock
        self._committed = set(folder.manifest.names())
        self._rows = sum(record.data.rows for record in folder.committed())
        self._asked = count_levels(folder.plan())
        self._started = time.monotonic()
        self._counting = threading.Lock()

    @property
    def open_shards(self) -> int:
        """How many shards to have in work at once."""
        return self._engine.open_shards

    @property
    def progress(self) -> Progress:
        """The counts of this run's attempts."""
        return self._engine.progress

    @property
    def pictures_wanted(self) -> int:
        """Pictures that the whole plan asks for."""
        return self._asked.pictures

    @property
    def pictures_there(self) -> int:
        """Pictures in committed shards."""
        return self._rows

    @property
    def percent_done(self) -> float:
        """Of the wanted pictures, those in committed shards, 0 to 100."""
        return 100 * self._rows / self._asked.pictures

    def pending(self) -> Iterator[PlannedShard]:
        """Planned shards that are not committed yet, in plan order."""
        return (shard for shard in self.folder.plan() if shard.name not in self._committed)

    def make_shard(self, shard: PlannedShard) -> ShardRecord:
        """Fills and commits a shard. Blocks; safe to call from several threads. Raises RunError."""
        self._lock.check()
        record = self._engine.make_shard(shard)
        with self._counting:
            self._rows += record.data.rows
        return record

    def finish(self) -> Outcome:
        """Writes what follows from the shards (manifest.json, card, contact sheet) and says what came of the run."""
        self.folder.finish()
        self.folder.storage.write(SHEET, to_png(dataset_sheet(self.folder)))
        seconds = time.monotonic() - self._started
        records = self.folder.committed()
        return Outcome.of(self.folder.storage.url, self._asked, records, self.progress, seconds, SHEET)


@contextmanager
def open_run(request: Request, engine: str | EngineFactory = "inline") -> Iterator[DatasetRun]:
    """Begins, goes on with or extends the dataset that `request` asks for.

    Raises:
        InputError: Another run is writing there; the folder holds another dataset (with the fields that differ) or a
            damaged one; the model or the detector is not there. Nothing was changed.
        RunError: The work began and could not go on.
    """
    folder = DatasetFolder(request.output)
    with folder.writing(request.spec.name) as lock:
        folder.check_sizes()
        new = _new_shards(request, folder)
        try:
            with _workers(folder, request.spec, engine) as workers:
                if new is not None:
                    folder.add_part(request.spec, request.grid, new, request.prompter.prompt)
                yield DatasetRun(folder, workers, lock)
        except InputError:
            folder.abandon()
            raise


@contextmanager
def resume_run(url: str, engine: str | EngineFactory = "inline", repair: bool = False) -> Iterator[DatasetRun]:
    """Goes on with the dataset at `url` as it was planned; with `repair`, broken shards are discarded first.

    InputError where no dataset was begun there.
    """
    folder = existing_folder(url)
    with folder.writing(folder.name) as lock, _workers(folder, folder.specs()[-1], engine) as workers:
        for broken in verify(folder).broken if repair else ():
            folder.discard_shard(broken)
        yield DatasetRun(folder, workers, lock)


def existing_folder(url: str) -> DatasetFolder:
    """The dataset at `url`; InputError where none was begun there."""
    folder = DatasetFolder(url)
    if not folder.specs():
        raise InputError(f"{url}: no dataset here (no spec.yaml); make one with `emonet generate --output {url}`")
    return folder


@contextmanager
def _workers(folder: DatasetFolder, spec: DatasetSpec, engine: str | EngineFactory) -> Iterator[Engine]:
    """The loaded workers; shows the rejects where acceptance collapses."""
    workers = _factory(engine)(spec, _FolderSink(folder, spec))
    try:
        _check_recipe(folder, workers.recipe)
        yield workers
    except BreakerError as error:
        folder.storage.write(REJECTS, to_png(rejects_sheet(workers.last_rejects)))
        where = folder.storage.where(REJECTS)
        raise RunError(f"{error}; rejects: {where} (the model and the face thresholds are in the spec)") from None
    finally:
        workers.close()


def _check_recipe(folder: DatasetFolder, recipe: Recipe) -> None:
    """InputError where the folder's pictures were made in another way: a dataset has one model."""
    names = folder.manifest.names()
    if not names:
        return
    before = folder.manifest.read(names[-1]).recipe
    changed = [f"{key}: {before[key]} -> {recipe.get(key)}" for key in ONE_RECIPE if before.get(key) != recipe.get(key)]
    if changed:
        raise InputError(
            f"{folder.storage.url}: its pictures were made otherwise ({'; '.join(changed)}); name another --output, "
            "or go back to that model"
        )


def _factory(engine: str | EngineFactory) -> EngineFactory:
    if not isinstance(engine, str):
        return engine
    if engine != "inline":
        raise InputError(f"unknown engine {engine!r} (one of: inline)")
    from pipeline.run.engines.inline import load_inline  # imports torch

    return load_inline


class _FolderSink:
    """Where the workers' shards go: pipeline.run.worker.ShardSink over a folder."""

    def __init__(self, folder: DatasetFolder, spec: DatasetSpec) -> None:
        self._folder, self._spec = folder, spec

    def spool(self, shard: PlannedShard) -> Spool:
        return self._folder.spool(shard.name)

    def commit(self, shard: PlannedShard, ledger: Ledger, recipe: Recipe) -> ShardRecord:
        filled = list(ledger.filled())
        empty = [slot.id for slot, judged in zip(shard.slots, filled, strict=True) if judged is None]
        if empty and self._spec.face.on_exhausted == "fail":
            tries = self._spec.face.max_attempts
            raise RunError(f"{shard.name}: {len(empty)} slots used up their {tries} attempts, first {empty[0]}")
        return self._folder.commit_shard(shard, filled, map(_without_picture, ledger.attempts()), recipe)


def _without_picture(judged: JudgedAttempt) -> JudgedAttempt:
    """A duplicate is known only after it was encoded: its picture shrinks to the thumbnail that rejects keep."""
    if judged.verdict.reason is not Reason.DUPLICATE:
        return judged
    return replace(judged, image=thumbnail(decode(judged.image)))


def _new_shards(request: Request, folder: DatasetFolder) -> Iterator[ShardPlan] | None:
    """The shards that the request adds to the folder's plan, None where it adds none.

    InputError where it contradicts what is frozen there.
    """
    specs = folder.specs()
    changes = request.spec.changes_from(specs[-1]) if specs else []
    if specs and not changes:
        return None
    frozen = [change for change in changes if not change.startswith(GROWS)]
    if frozen:
        raise InputError(
            f"{request.output}: holds a dataset of another spec ({'; '.join(frozen)}); "
            "name another --output, or undo the change"
        )
    new = plan_shards(request.spec, request.grid, planned_by(folder.plan()))
    try:
        first = next(new, None)
    except InputError as error:
        raise InputError(f"{request.output}: {error} ({'; '.join(changes)})") from None
    return None if first is None else chain([first], new)
