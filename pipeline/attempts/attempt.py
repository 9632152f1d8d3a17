"""One try at a slot, before and after it was judged."""

from dataclasses import dataclass

from pipeline.attempts.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a generator is asked for: attempt `number` (0 up) at a slot."""

    slot_id: str
    number: int
    seed: int
    prompt: str
    negative_prompt: str


@dataclass(frozen=True, slots=True)
class JudgedAttempt:
    """An attempt, its verdict and what is kept of its picture."""

    attempt: Attempt
    verdict: Verdict
    image: bytes
    """The encoded picture where it was accepted, else a webp thumbnail of at most 96 px a side."""
    fingerprint: int
    """64-bit perceptual hash of the picture."""
    width: int
    height: int
    milliseconds: float
    """The attempt's share of its batch's generation time."""
