"""The two ways a command ends badly. Everything else is a bug and may show a traceback."""

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """What the user asked for cannot be done: one line that says what, where, and what to do. Exit code 2."""


class RunError(Exception):
    """The job began and fell short: one line that says how, and how to go on. Exit code 1."""


def brief(error: Exception, limit: int = 200) -> str:
    """The first line of another library's message, in at most `limit` characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    return first if len(first) <= limit else f"{first[:limit]}..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest known word as "; did you mean 'anger'?", or an empty string where nothing is near."""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""
