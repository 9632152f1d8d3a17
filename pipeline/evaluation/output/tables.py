"""Tables and paragraphs, which a terminal and a page show alike. An undefined figure is a dash, never nan."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill

from pipeline.evaluation.bootstrap import Estimate

WIDTH = 100
"""Columns of a terminal that paragraphs fit into."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a header. A terminal cuts cells after `longest` characters and leaves out what is not `brief`."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    longest: int = 48
    brief: bool = True

    def as_text(self) -> str:
        """Columns two spaces apart, the first to the left and the others to the right."""
        lines = [[self._cut(cell) for cell in line] for line in (self.header, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ("  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines)
        return "\n".join([self.title, *text] if self.title else text)

    def _cut(self, cell: str) -> str:
        return cell if len(cell) <= self.longest else f"{cell[: self.longest - 1].rstrip()}…"


Block = str | Table
"""A paragraph or a table."""


def as_text(blocks: Iterable[Block]) -> str:
    """The blocks for a terminal, an empty line apart, without what is empty or not brief."""
    texts = (_wrapped(block) if isinstance(block, str) else block.as_text() for block in blocks if _shown(block))
    return "\n\n".join(filter(None, texts))


def named(title: str, names: Sequence[str]) -> str:
    """ "title: a, b", or nothing where there are no names."""
    return f"{title}: {', '.join(names)}" if names else ""


def number(value: float) -> str:
    """Three decimals."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def share(value: float) -> str:
    """A percentage."""
    return "-" if math.isnan(value) else f"{value:.1%}"


def interval(low: float, high: float) -> str:
    """Both ends."""
    return "-" if math.isnan(low) else f"[{low:.3f}, {high:.3f}]"


def estimate(figure: Estimate, sign: bool = False) -> str:
    """A figure and its interval, "0.812 [0.742, 0.881]"; with `sign` as a difference, "+0.012 [-0.010, +0.034]"."""
    if not figure.defined:
        return "-"
    plus = "+" if sign else ""
    ends = "" if math.isnan(figure.low) else f" [{figure.low:{plus}.3f}, {figure.high:{plus}.3f}]"
    return f"{figure.value:{plus}.3f}{ends}"


def _wrapped(text: str) -> str:
    return "\n".join(fill(line, WIDTH, subsequent_indent="  ", break_long_words=False) for line in text.splitlines())


def _shown(block: Block) -> bool:
    return isinstance(block, str) or (block.brief and bool(block.rows))
