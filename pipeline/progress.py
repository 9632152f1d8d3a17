"""The progress of long work: a live bar on a terminal, plain lines in a pipe, nothing where a caller wants silence."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from pipeline.tally import Progress

SECONDS_BETWEEN_LINES = 10.0

silent: ContextVar[bool] = ContextVar("silent", default=False)
"""Set by callers that want no progress on stderr, such as --json."""


@contextmanager
def show(name: str, filled: int, wanted: int, read: Callable[[], Progress]) -> Iterator[None]:
    """Shows how a run comes along while the block runs.

    Args:
        name: The dataset's name.
        filled: Pictures there when the block begins.
        wanted: Pictures there at the end.
        read: The counts at any moment.
    """
    if silent.get():
        yield
        return
    display = _bar if sys.stderr.isatty() else _lines
    stop = threading.Event()
    thread = threading.Thread(target=display, args=(name, filled, wanted, read, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _bar(name: str, filled: int, wanted: int, read: Callable[[], Progress], stop: threading.Event) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} pictures"),
        TextColumn("{task.fields[rate]:.1f}/s"),
        TextColumn("{task.fields[acceptance]:.0%} accepted"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=wanted, completed=filled, rate=0.0, acceptance=0.0)
        started = time.monotonic()
        while True:
            ended = stop.wait(0.2)
            now = read()
            rate = now.accepted / max(time.monotonic() - started, 1e-3)
            bar.update(task, completed=min(filled + now.accepted, wanted), rate=rate, acceptance=now.acceptance)
            if ended:
                return


def _lines(name: str, filled: int, wanted: int, read: Callable[[], Progress], stop: threading.Event) -> None:
    started = time.monotonic()
    while not stop.wait(SECONDS_BETWEEN_LINES):
        now = read()
        rate = now.accepted / (time.monotonic() - started)
        done = min(filled + now.accepted, wanted)
        left = f"{(wanted - done) / rate:.0f} s left" if rate else "time left unknown"
        line = f"{name}: {done}/{wanted} pictures, {rate:.1f}/s, {now.acceptance:.0%} accepted, {left}"
        print(line, file=sys.stderr, flush=True)
