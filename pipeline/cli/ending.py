"""How a command ends: with one line and an exit code, whatever happened."""

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

import click

from pipeline.errors import InputError, RunError, brief

FELL_SHORT, BAD_INPUT, INTERRUPTED, TERMINATED = 1, 2, 130, 143

RESUMES = "the same command goes on where this one stopped"
SECONDS_AN_ECHO = 1.0
"""A second signal so soon after the first is the same one, told by a terminal and a launcher both."""


class Terminated(BaseException):
    """SIGTERM: the batch system, the container or the machine wants this process to end."""


class Emonet(click.Group):
    """Ends every command with one line and an exit code instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """See click.Group."""
        try:
            with _signals():
                return super().invoke(ctx)
        except InputError as error:
            _end(ctx, BAD_INPUT, str(error))
        except RunError as error:
            _end(ctx, FELL_SHORT, str(error))
        except (KeyboardInterrupt, click.Abort):
            _leave(INTERRUPTED, f"interrupted; {RESUMES}")
        except Terminated:
            _leave(TERMINATED, f"terminated; {RESUMES}")
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            _end(ctx, FELL_SHORT, f"unexpected {type(error).__name__}: {brief(error)} (all of it: {_log(error)})")


@contextmanager
def _signals() -> Iterator[None]:
    """While the block runs, the first Ctrl-C or SIGTERM raises in the main thread; another one, later, ends at once."""
    first = 0.0

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal first
        now = time.monotonic()
        if not first:
            first = now
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated
        if now - first > SECONDS_AN_ECHO:
            os.write(2, f"emonet: stopped at once; {RESUMES}\n".encode())
            os._exit(128 + number)

    ours = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in ours}  # a shell's background job ignores Ctrl-C
    try:
        yield
    finally:
        if not first:
            for number, handler in before.items():
                signal.signal(number, handler)


def _end(ctx: click.Context, code: int, message: str) -> NoReturn:
    click.echo(f"emonet: {message}", err=True)
    ctx.exit(code)


def _leave(code: int, message: str) -> NoReturn:
    """Ends the process now: what had to be saved is saved, and no library's thread is waited for."""
    click.echo(f"emonet: {message}", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _log(error: Exception) -> str:
    """Writes the traceback to a file of its own; its path."""
    text = "".join(traceback.format_exception(error))
    with (
        suppress(OSError),
        tempfile.NamedTemporaryFile("w", prefix="emonet-", suffix=".log", delete=False, encoding="utf-8") as file,
    ):
        file.write(text)
        return file.name
    return "nowhere, since no temporary file can be written"
