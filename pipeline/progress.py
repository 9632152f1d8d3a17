"""The progress of long work: a live bar on a terminal, plain lines in a pipe, nothing where a caller wants silence."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from pipeline.attempts.tally import Progress

SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_LOOKS = 0.2

silent: ContextVar[bool] = ContextVar("silent", default=False)
"""Set by callers that want no progress on stderr, such as --json."""

Show = Callable[[int, str], None]
"""Told how much is done by now, and a remark."""


@dataclass(slots=True)
class Watch:
    """Counts what is done."""

    show: Show
    done: int

    def advance(self, by: int = 1, remark: str = "") -> None:
        """`by` more is done."""
        self.done += by
        self.show(self.done, remark)


@contextmanager
def watching(name: str, wanted: int, unit: str, done: int = 0, quiet: bool = False) -> Iterator[Watch]:
    """Shows work on `wanted` units, `done` of which were done before, while the block runs."""
    if quiet or silent.get() or wanted <= done:
        yield Watch(lambda _done, _remark: None, done)
    elif sys.stderr.isatty():
        with _bar(name, wanted, unit, done) as show:
            yield Watch(show, done)
    else:
        yield Watch(_lines(name, wanted, unit, done), done)


@contextmanager
def show(name: str, filled: int, wanted: int, read: Callable[[], Progress]) -> Iterator[None]:
    """Shows how a run, whose pictures are made elsewhere, comes along while the block runs.

    Args:
        name: The dataset's name.
        filled: Pictures there when the block begins.
        wanted: Pictures there at the end.
        read: The counts at any moment.
    """
    stop = threading.Event()

    def look(watch: Watch) -> None:
        ended = False
        while not ended:
            ended = stop.wait(_SECONDS_BETWEEN_LOOKS)
            now = read()
            watch.show(min(filled + now.accepted, wanted), f"{now.acceptance:.0%} accepted")

    with watching(name, wanted, "pictures", filled) as watch:
        thread = threading.Thread(target=look, args=(watch,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@contextmanager
def _bar(name: str, wanted: int, unit: str, before: int) -> Iterator[Show]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit),
        TextColumn("{task.fields[rate]:.1f}/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}"),
    )
    started = time.monotonic()
    with RichProgress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=wanted, completed=before, rate=0.0, remark="")
        yield lambda done, remark: bar.update(task, completed=done, rate=_rate(done - before, started), remark=remark)


def _lines(name: str, wanted: int, unit: str, before: int) -> Show:
    started = last = time.monotonic()
    complete = False

    def show(done: int, remark: str) -> None:
        nonlocal last, complete
        now = time.monotonic()
        if complete or (now - last < SECONDS_BETWEEN_LINES and done < wanted):
            return
        last, complete = now, done >= wanted
        rate = _rate(done - before, started)
        left = f"{(wanted - done) / rate:.0f} s left" if rate else "time left unknown"
        told = ", ".join(filter(None, (f"{name}: {done}/{wanted} {unit}", f"{rate:.1f}/s", left, remark)))
        print(told, file=sys.stderr, flush=True)

    return show


def _rate(count: int, started: float) -> float:
    return count / max(time.monotonic() - started, 1e-3)
