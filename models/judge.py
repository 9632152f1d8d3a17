"""The judge: reads whole pictures, and was never used to make or to choose one (models/train_reader.py)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

SIZE = 96
AT_ONCE = 64
FILE = Path(__file__).parent / "readers" / "judge.onnx"


class Judge:
    """A loaded judge."""

    def __init__(self, file: Path = FILE) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.levels: dict[str, list[str]] = json.loads(self._session.get_modelmeta().custom_metadata_map["levels"])

    def read(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> tuple[dict[str, npt.NDArray], npt.NDArray]:
        """Square RGB pictures to probabilities (n, levels) by axis, and embeddings (n, width)."""
        seen = np.stack([shrunk(picture) for picture in pictures])
        parts = [self._session.run(None, {"faces": seen[i : i + AT_ONCE]}) for i in range(0, len(seen), AT_ONCE)]
        *levels, embedding = (np.concatenate(part) for part in zip(*parts, strict=True))
        return dict(zip(self.levels, levels, strict=True)), embedding


def shrunk(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A square picture as the judge sees it, (SIZE, SIZE, 3)."""
    return np.asarray(Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.BOX))
