"""Scores in files and on a terminal."""

import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.store.parquet import write_tables
from pipeline.store.storage import LocalStorage
from pipeline.training.model import EmotionModel
from pipeline.training.predict import Scores

FORMATS = (".json", ".parquet")
TOP = 3
SHOWN = 40
"""Pictures that a terminal lists."""


def check_format(file: Path) -> None:
    """InputError where scores cannot be written under this name."""
    if file.suffix not in FORMATS:
        raise InputError(f"{file}: scores are written as {' or '.join(FORMATS)}; give the file one of these endings")


def write_scores(file: Path, model: EmotionModel, scores: Scores) -> None:
    """Writes every score, atomically. Parquet has the columns of an annotations folder: id, and one an emotion."""
    check_format(file)
    storage = LocalStorage(file.absolute().parent)
    if file.suffix == ".json":
        storage.write(file.name, json.dumps(scores_as_dict(model, scores), indent=1).encode())
        return
    columns = {name: pa.array(scores.values[:, place]) for place, name in enumerate(model.emotions)}
    table = pa.table({"id": pa.array(scores.ids, pa.string()), **columns})
    write_tables(storage, file.name, table.schema, [table])


def scores_as_dict(model: EmotionModel, scores: Scores) -> dict[str, Any]:
    """{"encoder": ..., "pictures": [{"id": ..., "scores": {emotion: number}}]}; scores are null where no face was found."""
    pictures = [
        {"id": name, "scores": None if missing else dict(zip(model.emotions, row, strict=True))}
        for name, row, missing in _rows(scores)
    ]
    return {"encoder": model.encoder._asdict(), "pictures": pictures}


def scores_as_text(model: EmotionModel, scores: Scores) -> str:
    """The highest emotions of each picture, a line a picture."""
    lines = []
    for name, row, missing in list(_rows(scores))[:SHOWN]:
        ranked = sorted(zip(row, model.emotions, strict=True), reverse=True)[:TOP]
        told = ", ".join(f"{emotion} {score:.1f}" for score, emotion in ranked)
        lines.append(f"{name}: {'no face found' if missing else told}")
    if len(scores.ids) > SHOWN:
        lines.append(f"... and {len(scores.ids) - SHOWN} more; --output FILE.parquet keeps them all")
    return "\n".join(lines)


def _rows(scores: Scores) -> list[tuple[str, list[float], bool]]:
    rows = zip(scores.ids, scores.values.tolist(), strict=True)
    return [(name, row, math.isnan(row[0])) for name, row in rows]
