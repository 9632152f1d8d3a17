"""Rows of attempts and pictures, and judged attempts made from rows again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from hashlib import sha256
from typing import Any

from pipeline.attempts.attempt import Attempt, JudgedAttempt
from pipeline.attempts.verdict import Reason, Scores, Verdict
from pipeline.store.planfile import PlannedSlot
from pipeline.store.schema import Labels

Row = dict[str, Any]
Recipe = Mapping[str, str | int | float | bool | None]

_SCORES = tuple(field.name for field in fields(Scores))


def picture_row(slot: PlannedSlot, judged: JudgedAttempt, labels: Labels, recipe: Recipe) -> Row:
    """The row of data/*.parquet of an accepted attempt. Labels are the slot's: what was asked for."""
    scores = judged.verdict.scores
    return {
        "image": {"bytes": judged.image, "path": f"{slot.id}.{extension(judged.image)}"},
        "id": slot.id,
        "emotion": labels.emotion.index(slot.emotion),
        "ethnicity": labels.ethnicity.index(slot.ethnicity),
        "age": slot.age,
        "gender": labels.gender.index(slot.gender),
        "intensity": slot.prompt.intensity,
        "prompt": judged.attempt.prompt,
        "negative_prompt": judged.attempt.negative_prompt,
        "seed": judged.attempt.seed,
        "attempt": judged.attempt.number,
        **{name: recipe.get(name) for name in ("model", "revision", "steps", "guidance")},
        "width": judged.width,
        "height": judged.height,
        "face_box": scores.face_box,
        "landmarks": scores.landmarks,
        "det_score": scores.det_score,
        "yaw": scores.yaw,
        "pitch": scores.pitch,
        "roll": scores.roll,
        "visibility": scores.visibility,
        "sharpness": scores.sharpness,
        "sha256": sha256(judged.image).hexdigest(),
    }


def attempt_row(judged: JudgedAttempt) -> Row:
    """The row of attempts/*.parquet; the thumbnail is kept of rejects alone."""
    accepted = judged.verdict.accepted
    return {**_common(judged), "accepted": accepted, "thumbnail": None if accepted else judged.image}


def spool_row(judged: JudgedAttempt) -> Row:
    """The row of a spool file, from which `judged_attempts` makes the attempt again."""
    attempt = judged.attempt
    own = {"prompt": attempt.prompt, "negative_prompt": attempt.negative_prompt, "image": judged.image}
    return {**_common(judged), **own}


def judged_attempts(rows: Iterable[Row]) -> Iterator[JudgedAttempt]:
    """The attempts that `spool_row` put down."""
    for row in rows:
        values = {name: row[name] for name in _SCORES}
        tuples = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        reason = None if row["reason"] is None else Reason(row["reason"])
        yield JudgedAttempt(
            Attempt(row["id"], row["attempt"], row["seed"], row["prompt"], row["negative_prompt"]),
            Verdict(reason, Scores(**{**values, **tuples})),
            row["image"],
            row["fingerprint"],
            row["width"],
            row["height"],
            row["milliseconds"],
        )


def extension(image: bytes) -> str:
    """png, webp or jpg, from the first bytes of an encoded picture."""
    if image.startswith(b"\x89PNG"):
        return "png"
    return "webp" if image[:4] == b"RIFF" and image[8:12] == b"WEBP" else "jpg"


def _common(judged: JudgedAttempt) -> Row:
    reason = judged.verdict.reason
    return {
        "id": judged.attempt.slot_id,
        "attempt": judged.attempt.number,
        "seed": judged.attempt.seed,
        "reason": None if reason is None else reason.value,
        **{name: getattr(judged.verdict.scores, name) for name in _SCORES},
        "fingerprint": judged.fingerprint,
        "width": judged.width,
        "height": judged.height,
        "milliseconds": judged.milliseconds,
    }
