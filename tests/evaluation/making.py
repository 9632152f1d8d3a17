"""Small files in the published formats."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.labels.published import Ratings


def write_votes(path: Path, votes: Iterable[Sequence[object]]) -> Path:
    """`votes` are (path, annotator, value, emotion)."""
    return _write(path, ["path", "annotator", "value", "emotion"], votes)


def write_ratings(path: Path, rows: Iterable[tuple[str, str, bool, Mapping[str, float]]]) -> Path:
    """`rows` are (image, annotator, human, {"Group|Emotion": rating})."""
    records = [(image, annotator, human, json.dumps(ratings)) for image, annotator, human, ratings in rows]
    return _write(path, ["image", "annotator", "human", "annotations"], records)


def sequential_votes(images: int, seed: int = 0) -> list[tuple[str, str, bool, str]]:
    """Up to three people are asked in turn, until one says no; all say yes at the same rate, so they agree by chance."""
    rng = np.random.default_rng(seed)
    votes = []
    for image in range(images):
        for annotator in ("human-1", "human-4", "human-2"):
            value = bool(rng.random() < 0.7)
            votes.append((f"{image:05d}", annotator, value, ("Amusement", "Anger", "Hopelessness")[image % 3]))
            if not value:
                break
    return votes


def made_ratings(values: np.ndarray, people: int, emotions: Sequence[str]) -> Ratings:
    """`values` (annotators, images, emotions) as if read from a file; the first `people` annotators are people."""
    annotators, images, _ = values.shape
    names = [f"human-{k}" if k < people else f"model-{k}" for k in range(annotators)]
    return Ratings(
        rows=annotators * images,
        repeats=0,
        images=tuple(map(str, range(images))),
        annotators=tuple(names),
        human=tuple(k < people for k in range(annotators)),
        emotions=tuple(emotions),
        values=values.astype(float),
    )


def random_ratings(seed: int, annotators: int, images: int, emotions: int, missing: float = 0.3) -> np.ndarray:
    """Whole ratings 0 to 7 that agree somewhat; an annotator skips whole images."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 8, (images, emotions))
    values = np.clip(truth + rng.integers(-2, 3, (annotators, images, emotions)), 0, 7).astype(float)
    values[rng.random((annotators, images)) < missing] = np.nan
    return values


def _write(path: Path, header: Sequence[str], records: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(records)
    return path
