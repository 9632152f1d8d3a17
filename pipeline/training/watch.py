"""How training comes along: a bar on a terminal, a line now and then in a pipe, nothing where silence was asked for."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.progress import SECONDS_BETWEEN_LINES, silent


@dataclass(slots=True)
class Watch:
    """Counts what is done; `show` is called with the count and a remark."""

    show: Callable[[int, str], None]
    done: int = field(default=0)

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
def _bar(name: str, wanted: int, unit: str, done: int) -> Iterator[Callable[[int, str], None]]:
    count = TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        count,
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=wanted, completed=done, remark="")
        yield lambda now, remark: bar.update(task, completed=now, remark=remark)


def _lines(name: str, wanted: int, unit: str, before: int) -> Callable[[int, str], None]:
    started = last = time.monotonic()

    def show(done: int, remark: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < SECONDS_BETWEEN_LINES and done < wanted:
            return
        last = now
        rate = (done - before) / max(now - started, 1e-3)
        told = f"{name}: {done}/{wanted} {unit}, {rate:.1f}/s, {(wanted - done) / max(rate, 1e-9):.0f} s left"
        print(f"{told}  {remark}".rstrip(), file=sys.stderr, flush=True)

    return show
