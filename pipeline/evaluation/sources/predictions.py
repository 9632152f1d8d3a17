"""Scores that were written down: any model can be evaluated, whatever it runs on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError, brief
from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.sources.pictures import PictureFolder, matched
from pipeline.evaluation.sources.scorer import in_order
from pipeline.labels.emotions import emotion_columns
from pipeline.labels.published import HIGHEST
from pipeline.store.folder import DatasetFolder


@dataclass(frozen=True, slots=True)
class Predictions:
    """A file's scores, (pictures, emotions); see `Scorer`."""

    path: Path
    emotions: tuple[str, ...]
    ids: tuple[str, ...]
    values: Floats

    cautions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """See `Scorer`."""
        return self.path.stem

    def score_dataset(self, folder: DatasetFolder, ids: Sequence[str], split: str) -> Floats:
        """See `Scorer`."""
        return in_order(self.ids, self.values, ids, str(self.path))

    def score_files(self, pictures: PictureFolder) -> Floats:
        """See `Scorer`; the files themselves need not be there."""
        return self.values[matched(self.ids, pictures.ids, str(self.path))]


def read_predictions(path: Path) -> Predictions:
    """A file as `emonet predict --output` writes it.

    Parquet: `id` and a column for each of the 40 emotions. JSON: {"pictures": [{"id": ..., "scores": {emotion: number}}]}.
    A picture without scores has nulls. Raises InputError where the file or a column is missing, for scores that are not
    of this scale, and where an id comes twice.
    """
    columns = _read_json(path) if path.suffix == ".json" else _read_parquet(path)
    names = emotion_columns(list(columns), str(path))
    ids = tuple(map(str, columns["id"]))
    if len(set(ids)) < len(ids):
        twice = next(name for position, name in enumerate(ids) if name in ids[:position])
        raise InputError(f"{path}: scores {twice} twice; keep one")
    values = np.column_stack([_numbers(columns[name], f"{path}, column {name}") for name in names.values()])
    wrong = np.argwhere(np.abs(values - HIGHEST / 2) > 1.5 * HIGHEST)
    if len(wrong):
        row, column = wrong[0]
        raise InputError(
            f"{path}: {ids[row]} is scored {values[row, column]:g} on {list(names)[column]}; scores are about 0 to {HIGHEST}"
        )
    return Predictions(path, tuple(names), ids, values)


def _numbers(column: Sequence[Any], where: str) -> Floats:
    try:
        return np.array([np.nan if value is None else value for value in column], np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{where}: holds what is no number") from None


def _read_parquet(path: Path) -> dict[str, list[Any]]:
    try:
        columns: dict[str, list[Any]] = pq.read_table(path).to_pydict()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({brief(error)})") from None
    return columns


def _read_json(path: Path) -> dict[str, list[Any]]:
    try:
        pictures = json.loads(path.read_text(encoding="utf-8"))["pictures"]
        rows = [{"id": picture["id"], **(picture["scores"] or {})} for picture in pictures]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    except (TypeError, KeyError):
        raise InputError(
            f'{path}: expected {{"pictures": [{{"id": ..., "scores": {{...}}}}]}}, as `emonet predict --output` writes it'
        ) from None
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
