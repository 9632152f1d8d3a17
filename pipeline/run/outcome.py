"""What came of a run: pictures by level, acceptance, shortfalls; for people, for artifacts, for machines."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.attempts.tally import Progress, reasons_text
from pipeline.store.manifest import ShardRecord
from pipeline.store.planfile import PlannedShard

Level = tuple[str, str]
"""An axis and the name of one of its levels."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan asks for."""

    pictures: int
    levels: dict[Level, int]
    cells: dict[str, dict[str, str]]
    """Level name by axis for each cell slug."""


@dataclass(frozen=True, slots=True)
class LevelCount:
    """Pictures asked of one level of an axis, and accepted."""

    axis: str
    level: str
    asked: int
    accepted: int


@dataclass(frozen=True, slots=True)
class CellShortfall:
    """A cell that could not be filled: by how much, and the reasons given for its missing slots."""

    cell: str
    missing: int
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A dataset after a run. `attempts` and `reasons` are of the whole dataset, `made` and `seconds` of this run."""

    folder: str
    wanted: int
    accepted: int
    attempts: int
    reasons: dict[str, int]
    balance: tuple[LevelCount, ...]
    shortfalls: tuple[CellShortfall, ...]
    made: int
    seconds: float
    sheet: str

    @classmethod
    def of(
        cls, url: str, asked: Asked, records: Iterable[ShardRecord], progress: Progress, seconds: float, sheet: str
    ) -> "Outcome":
        """Adds up the manifest's records."""
        accepted = attempts = 0
        reasons: Counter[str] = Counter()
        short: dict[str, CellShortfall] = {}
        for record in records:
            accepted += record.data.rows
            attempts += record.attempts.rows
            reasons.update(record.reasons)
            for found in record.shortfalls:
                before = short.get(found.cell, CellShortfall(found.cell, 0, {}))
                added = dict(Counter(before.reasons) + Counter(found.reasons))
                short[found.cell] = CellShortfall(found.cell, before.missing + len(found.slots), added)
        missing = Counter(dict.fromkeys(asked.levels, 0))
        for cell in short.values():
            for level in asked.cells[cell.cell].items():
                missing[level] += cell.missing
        balance = (LevelCount(*level, count, count - missing[level]) for level, count in asked.levels.items())
        return cls(
            folder=url,
            wanted=asked.pictures,
            accepted=accepted,
            attempts=attempts,
            reasons=dict(reasons.most_common()),
            balance=tuple(balance),
            shortfalls=tuple(sorted(short.values(), key=lambda cell: -cell.missing)),
            made=progress.attempts,
            seconds=round(seconds, 1),
            sheet=f"{url}/{sheet}",
        )

    def summary(self) -> str:
        """A few lines for people."""
        share = self.accepted / self.attempts if self.attempts else 0.0
        lines = [
            f"{self.folder}: {self.accepted} of {self.wanted} pictures from {self.attempts} attempts "
            f"({share:.0%} accepted); this run made {self.made} in {self.seconds:.0f} s",
            f"rejected: {reasons_text(self.reasons)}",
            f"contact sheet: {self.sheet}",
        ]
        return "\n".join(lines)

    def shortfall_text(self, most: int = 5) -> str:
        """One line that names the cells that fall short, by how much and why."""
        cells = [f"{cell.cell} lacks {cell.missing} ({reasons_text(cell.reasons)})" for cell in self.shortfalls[:most]]
        more = f"; and {len(self.shortfalls) - most} more cells" if len(self.shortfalls) > most else ""
        missing = sum(cell.missing for cell in self.shortfalls)
        return (
            f"{self.folder}: {self.accepted} of {self.wanted} pictures; {missing} slots used up their attempts: "
            f"{'; '.join(cells)}{more} (contact sheet: {self.sheet})"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "summary": self.summary()}

    def as_markdown(self) -> str:
        """The summary and the shortfalls, for a Prefect artifact."""
        rows = [f"| {cell.cell} | {cell.missing} | {reasons_text(cell.reasons)} |" for cell in self.shortfalls]
        table = (
            ["", "| cell | missing | reasons |", "|---|---|---|", *rows] if rows else ["", "Every cell has its quota."]
        )
        return "\n".join(["\n\n".join(self.summary().splitlines()), *table])


def count_levels(shards: Iterable[PlannedShard]) -> Asked:
    """What the plan's shards ask for, streamed."""
    levels: Counter[Level] = Counter()
    cells: dict[str, dict[str, str]] = {}
    by_cell: Counter[str] = Counter()
    for shard in shards:
        for slot in shard.slots:
            if slot.cell not in by_cell:
                cells[slot.cell] = {
                    "emotion": slot.emotion,
                    "ethnicity": slot.ethnicity,
                    "age": str(slot.age),
                    "gender": slot.gender,
                }
            by_cell[slot.cell] += 1
    for cell, count in by_cell.items():
        for level in cells[cell].items():
            levels[level] += count
    return Asked(by_cell.total(), dict(sorted(levels.items())), cells)
