"""Brings a run to its end: every pending shard, a few at once. The same for plain threads and for a flow's tasks."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from pipeline.errors import RunError
from pipeline.progress import show
from pipeline.run.dataset_run import DatasetRun
from pipeline.run.outcome import Outcome
from pipeline.store.planfile import PlannedShard


class Pending(Protocol):
    """A shard in work, such as a `concurrent.futures.Future` or a Prefect future."""

    def result(self) -> object:
        """Blocks until the shard is committed; raises what ended it otherwise."""
        ...


def complete(
    run: DatasetRun, submit: Callable[[PlannedShard], Pending], after_shard: Callable[[], object] = lambda: None
) -> Outcome:
    """Has every pending shard made and finishes the run; plans are streamed, so that memory stays flat.

    Args:
        run: An open run.
        submit: Starts work on a shard, which is `run.make_shard` in a thread, and returns at once.
        after_shard: Called after each committed shard.

    Raises RunError where the work cannot go on; shards that were committed stay.
    """
    running: deque[Pending] = deque()
    with show(run.folder.name, run.pictures_there, run.pictures_wanted, lambda: run.progress):
        for shard in run.pending():
            running.append(submit(shard))
            if len(running) >= run.open_shards:
                _finish_first(running, after_shard)
        while running:
            _finish_first(running, after_shard)
    return run.finish()


def complete_here(run: DatasetRun) -> Outcome:
    """`complete` in threads of this process."""
    threads = ThreadPoolExecutor(run.open_shards, thread_name_prefix="shard")
    try:
        return complete(run, lambda shard: threads.submit(run.make_shard, shard))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)  # what is still in work ends when the run's engine closes


def whole(outcome: Outcome) -> Outcome:
    """The outcome itself; RunError that names the cells where it falls short of their quotas."""
    if outcome.shortfalls:
        raise RunError(outcome.shortfall_text())
    return outcome


def _finish_first(running: deque[Pending], after_shard: Callable[[], object]) -> None:
    running.popleft().result()
    after_shard()
