"""One warm worker: generate -> detect -> check -> encode -> refill, side by side, until its shards are full.

One thread generates. Judging (detection, checks, encoding) runs in a small pool, writing in a thread of its own. A few
shards are open at once, so that the generator finds work while the last slots of a shard are still being judged.
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.attempts.attempt import Attempt, JudgedAttempt
from pipeline.attempts.ledger import Ledger
from pipeline.attempts.likeness import fingerprint
from pipeline.attempts.tally import Tally, reasons_text
from pipeline.errors import RunError
from pipeline.faces.judge import FaceJudge
from pipeline.generators.generator import Generator
from pipeline.imaging import encode, thumbnail
from pipeline.planning.plan import attempt_seed
from pipeline.planning.spec import DatasetSpec
from pipeline.store.manifest import ShardRecord
from pipeline.store.planfile import PlannedShard, PlannedSlot
from pipeline.store.rows import Recipe
from pipeline.store.spool import Spool

BATCHES_IN_FLIGHT = 4
"""Batches that may wait to be judged; beyond that the generator waits, so that memory stays flat."""


class BreakerError(RunError):
    """Acceptance collapsed: too many attempts on end brought nothing."""


class ShardSink(Protocol):
    """Where a worker's shards go."""

    def spool(self, shard: PlannedShard) -> Spool:
        """The durable place of an open shard's judged attempts."""
        ...

    def commit(self, shard: PlannedShard, ledger: Ledger, recipe: Recipe) -> ShardRecord:
        """Writes a complete shard and clears its spool."""
        ...


class _OpenShard:
    def __init__(self, shard: PlannedShard, spec: DatasetSpec, spool: Spool) -> None:
        self.shard = shard
        self.spool = spool
        self.slots: dict[str, PlannedSlot] = {slot.id: slot for slot in shard.slots}
        self.ledger = Ledger(list(self.slots), spec.face.max_attempts, spec.face.duplicate_distance)
        self.done: Future[ShardRecord] = Future()
        for judged in spool.load():
            self.ledger.record(judged)


class Worker:
    """Holds a loaded generator and a judge. `make_shard` may be called from several threads."""

    def __init__(
        self,
        spec: DatasetSpec,
        generator: Generator,
        judge: FaceJudge,
        sink: ShardSink,
        tally: Tally,
    ) -> None:
        self._spec, self._generator = spec, generator
        self._judge, self._sink, self.tally = judge, sink, tally
        self._open: list[_OpenShard] = []
        self._state = threading.Condition()
        self._failure: BaseException | None = None
        self._closed = False
        self._in_flight = threading.Semaphore(BATCHES_IN_FLIGHT)
        self._judges = ThreadPoolExecutor(_judge_threads(), thread_name_prefix="judge")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._thread = threading.Thread(target=self._run, name="generator", daemon=True)
        self._thread.start()

    @property
    def recipe(self) -> Recipe:
        """What the pictures and verdicts depend on besides the spec."""
        judged_by = {"detector": self._judge.detector.name, "visibility": self._judge.visibility.name}
        return {**self._generator.recipe, **judged_by}

    def make_shard(self, shard: PlannedShard) -> ShardRecord:
        """Fills a shard and commits it; takes up what a killed run left in its spool. Blocks until it is written.

        Raises RunError where acceptance collapses, memory or disk run out, or attempts are used up and the spec says
        `on_exhausted: fail`.
        """
        opened = _OpenShard(shard, self._spec, self._sink.spool(shard))
        with self._state:
            if self._failure is not None:
                raise self._failure
            self._open.append(opened)
            self._commit_if_complete(opened)
            self._state.notify_all()
        return opened.done.result()

    def close(self) -> None:
        """Ends the threads; batches in flight are finished and spooled."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        self._thread.join()
        self._judges.shutdown()
        self._writer.shutdown()
        self._fail(RunError("the worker was closed before the shard was full; the same command goes on with it"))

    def _run(self) -> None:
        try:
            while (batch := self._next_batch()) is not None:
                self._in_flight.acquire()
                started = time.perf_counter()
                pictures = self._generator.generate([attempt for _, attempt in batch])
                milliseconds = (time.perf_counter() - started) * 1000 / len(batch)
                self._submit(self._judges, self._judge_batch, batch, pictures, milliseconds)
        except BaseException as error:
            self._fail(error)

    def _next_batch(self) -> list[tuple[_OpenShard, Attempt]] | None:
        """The next wanted attempts, filled up to the batch size with attempts made ahead; None when the work ends."""
        with self._state:
            while not self._closed and self._failure is None:
                size = self._generator.batch_size
                batch = self._collect(size, Ledger.take)
                if batch:
                    return batch + self._collect(size - len(batch), Ledger.take_ahead)
                self._state.wait()
        return None

    def _collect(
        self, count: int, take: Callable[[Ledger, int], list[tuple[str, int]]]
    ) -> list[tuple[_OpenShard, Attempt]]:
        batch: list[tuple[_OpenShard, Attempt]] = []
        for opened in self._open:
            places = take(opened.ledger, count - len(batch))
            batch += [(opened, self._attempt(opened.slots[slot_id], number)) for slot_id, number in places]
        return batch

    def _attempt(self, slot: PlannedSlot, number: int) -> Attempt:
        seed = attempt_seed(self._spec.seed, slot.id, number)
        return Attempt(slot.id, number, seed, slot.prompt.text, slot.prompt.negative)

    def _judge_batch(
        self, batch: list[tuple[_OpenShard, Attempt]], pictures: list[NDArray[np.uint8]], milliseconds: float
    ) -> None:
        judged: dict[_OpenShard, list[JudgedAttempt]] = {}
        for (opened, attempt), picture in zip(batch, pictures, strict=True):
            judged.setdefault(opened, []).append(self._judge_one(attempt, picture, milliseconds))
        with self._state:
            for opened, verdicts in judged.items():
                for verdict in verdicts:
                    self.tally.add(verdict)
                if opened in self._open:  # attempts made ahead may come after their shard is full
                    self._submit(self._writer, opened.spool.append, verdicts)
                    for verdict in verdicts:
                        opened.ledger.record(verdict)
                    self._commit_if_complete(opened)
            self._submit(self._writer, self._in_flight.release)
            self._state.notify_all()
        self._trip_breaker()

    def _judge_one(self, attempt: Attempt, picture: NDArray[np.uint8], milliseconds: float) -> JudgedAttempt:
        verdict = self._judge.judge(picture)
        image = encode(picture, self._spec.storage) if verdict.accepted else thumbnail(picture)
        height, width = picture.shape[:2]
        return JudgedAttempt(attempt, verdict, image, fingerprint(picture), width, height, milliseconds)

    def _trip_breaker(self) -> None:
        progress, limit = self.tally.progress, self._spec.face.breaker
        if 0 < limit <= progress.barren:
            self._fail(
                BreakerError(
                    f"stopped: the last {progress.barren} attempts brought nothing ({reasons_text(progress.reasons)})"
                )
            )

    def _commit_if_complete(self, opened: _OpenShard) -> None:
        if opened in self._open and opened.ledger.complete:
            self._open.remove(opened)
            self._submit(self._writer, self._commit, opened)

    def _commit(self, opened: _OpenShard) -> None:
        try:
            opened.done.set_result(self._sink.commit(opened.shard, opened.ledger, self.recipe))
        except BaseException as error:
            opened.done.set_exception(error)
            raise

    def _submit(self, pool: ThreadPoolExecutor, work: Callable[..., None], *arguments: object) -> None:
        """Runs `work` in `pool`; what it raises ends the worker."""

        def guarded() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                self._fail(error)

        pool.submit(guarded)

    def _fail(self, error: BaseException) -> None:
        with self._state:
            self._failure = self._failure or error
            for opened in self._open:
                opened.done.set_exception(self._failure)
            self._open.clear()
            self._state.notify_all()
        self._in_flight.release()


def _judge_threads() -> int:
    """Half the cores, 1 to 8: enough to keep up with a fast GPU, and room for a generator on the CPU."""
    return min(8, max(1, (os.cpu_count() or 1) // 2))
