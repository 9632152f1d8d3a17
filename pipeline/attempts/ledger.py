"""The books of one open shard: which attempts are still wanted, which attempt fills each slot.

The lowest-numbered attempt that passes fills its slot. Slots are settled in slot order, and a passing picture that is a
duplicate of an earlier slot's is passed over; so the outcome is the same in whatever order verdicts arrive.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.attempts.likeness import distance
from pipeline.attempts.verdict import Reason, Verdict


@dataclass(slots=True)
class _SlotState:
    judged: dict[int, JudgedAttempt] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    settled: bool = False


class Ledger:
    """Not safe for threads: its owner holds a lock."""

    def __init__(self, slot_ids: Sequence[str], max_attempts: int, duplicate_distance: int) -> None:
        self._slots = {slot_id: _SlotState() for slot_id in slot_ids}
        self._order = list(slot_ids)
        self._max_attempts = max_attempts
        self._duplicate_distance = duplicate_distance
        self._frontier = 0
        self._fingerprints: list[int] = []
        self._wanted = deque((slot_id, 0) for slot_id in slot_ids)

    @property
    def complete(self) -> bool:
        """Whether every slot is settled: filled, or out of attempts."""
        return self._frontier == len(self._order)

    def take(self, count: int) -> list[tuple[str, int]]:
        """Up to `count` wanted attempts as (slot id, number), first wanted first."""
        taken: list[tuple[str, int]] = []
        while self._wanted and len(taken) < count:
            slot_id, number = self._wanted.popleft()
            state = self._slots[slot_id]
            if not state.settled and number not in state.asked:
                state.asked.add(number)
                taken.append((slot_id, number))
        return taken

    def take_ahead(self, count: int) -> list[tuple[str, int]]:
        """Up to `count` attempts that may turn out to be wanted, while others of their slots are still being judged."""
        open_slots = [slot_id for slot_id in self._order[self._frontier :] if self._candidate(slot_id) is None]
        ahead = [(slot_id, max(self._slots[slot_id].asked, default=-1) + 1) for slot_id in open_slots]
        taken = [(slot_id, number) for slot_id, number in ahead if number < self._max_attempts][:count]
        for slot_id, number in taken:
            self._slots[slot_id].asked.add(number)
        return taken

    def record(self, judged: JudgedAttempt) -> None:
        """Enters a verdict, asks for the slot's next attempt where that is wanted, and settles what can be settled."""
        slot_id = judged.attempt.slot_id
        state = self._slots[slot_id]
        state.asked.add(judged.attempt.number)
        state.judged.setdefault(judged.attempt.number, judged)
        self._want_next(slot_id)
        while not self.complete and self._settle(self._order[self._frontier]):
            self._frontier += 1

    def filled(self) -> Iterator[JudgedAttempt | None]:
        """For each slot in slot order the attempt that fills it, or None where its attempts are used up."""
        for slot_id in self._order:
            number = self._candidate(slot_id)
            yield None if number is None else self._slots[slot_id].judged[number]

    def attempts(self) -> Iterator[JudgedAttempt]:
        """Every attempt up to the one that fills its slot, in slot order. Later ones, made ahead, are left out."""
        for slot_id in self._order:
            last = self._candidate(slot_id)
            judged = self._slots[slot_id].judged
            yield from (judged[number] for number in range(len(judged) if last is None else last + 1))

    def _candidate(self, slot_id: str) -> int | None:
        """The slot's lowest passing attempt, provided that every lower one is judged."""
        judged = self._slots[slot_id].judged
        for number in range(self._max_attempts):
            if number not in judged:
                return None
            if judged[number].verdict.accepted:
                return number
        return None

    def _want_next(self, slot_id: str) -> None:
        judged = self._slots[slot_id].judged
        for number in range(self._max_attempts):
            if number not in judged:
                self._wanted.append((slot_id, number))
                return
            if judged[number].verdict.accepted:
                return

    def _settle(self, slot_id: str) -> bool:
        state = self._slots[slot_id]
        while (number := self._candidate(slot_id)) is not None:
            judged = state.judged[number]
            if not self._is_duplicate(judged.fingerprint):
                self._fingerprints.append(judged.fingerprint)
                state.settled = True
                return True
            state.judged[number] = replace(judged, verdict=Verdict(Reason.DUPLICATE, judged.verdict.scores))
            self._want_next(slot_id)
        state.settled = len(state.judged) == self._max_attempts
        return state.settled

    def _is_duplicate(self, fingerprint: int) -> bool:
        return any(distance(fingerprint, other) <= self._duplicate_distance for other in self._fingerprints)
