"""The judge: reads whole pictures, and was never used to make or to choose one (models/train_reader.py)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.faces.network import FaceNetwork

SIZE = 96
FILE = Path(__file__).parent / "readers" / "judge.onnx"


class Judge:
    """A loaded judge."""

    def __init__(self, file: Path = FILE) -> None:
        self._network = FaceNetwork(file)
        self.levels = self._network.levels

    def read(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> tuple[dict[str, npt.NDArray], npt.NDArray]:
        """Square RGB pictures to probabilities (n, levels) by axis, and embeddings (n, width)."""
        seen = np.stack([shrunk(picture) for picture in pictures])
        *levels, embedding = self._network.run(seen)
        return dict(zip(self.levels, levels, strict=True)), embedding


def shrunk(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A square picture as the judge sees it, (SIZE, SIZE, 3)."""
    return np.asarray(Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.BOX))
