"""What a run has done so far: read by progress bars, artifacts and the breaker."""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.attempts.verdict import Reason

SHEET_REJECTS = 64
"""Rejects kept for the sheet that the breaker shows."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run. `accepted` counts passing attempts; a slot can see more than one when work is made ahead."""

    attempts: int
    accepted: int
    reasons: dict[Reason, int]
    barren: int
    """Attempts on end, up to now, that brought nothing."""

    @property
    def acceptance(self) -> float:
        """Share of attempts that passed, 0 to 1; 0 before the first."""
        return self.accepted / self.attempts if self.attempts else 0.0


def reasons_text(reasons: Mapping[Reason, int] | Mapping[str, int]) -> str:
    """Rejections by reason, most frequent first: "no_face 60, occluded 4"; "none" where there are none."""
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count}" for reason, count in ranked) or "none"


class Tally:
    """Counts verdicts; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts = self._accepted = self._barren = 0
        self._reasons: Counter[Reason] = Counter()
        self._rejects: deque[JudgedAttempt] = deque(maxlen=SHEET_REJECTS)

    def add(self, judged: JudgedAttempt) -> None:
        """Counts one verdict."""
        with self._lock:
            self._attempts += 1
            reason = judged.verdict.reason
            if reason is None:
                self._accepted += 1
                self._barren = 0
            else:
                self._barren += 1
                self._reasons[reason] += 1
                self._rejects.append(judged)

    @property
    def progress(self) -> Progress:
        """The counts at this moment."""
        with self._lock:
            return Progress(self._attempts, self._accepted, dict(self._reasons), self._barren)

    @property
    def last_rejects(self) -> list[JudgedAttempt]:
        """The latest rejected attempts, oldest first, with their thumbnails."""
        with self._lock:
            return list(self._rejects)
