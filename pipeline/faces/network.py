"""A network that reads pictures of one size: how an ONNX file of models/export_readers.py is run."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

AT_ONCE = 64
"""Pictures in one pass."""


class FaceNetwork:
    """A loaded network. Safe to call from several threads; results do not depend on how many there are."""

    def __init__(self, file: Path) -> None:
        """Raises what reading the file and onnxruntime raise, which is of many kinds."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        content = file.read_bytes()
        self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        told = json.loads(self._session.get_modelmeta().custom_metadata_map["levels"])
        self.levels: dict[str, tuple[str, ...]] = {axis: tuple(names) for axis, names in told.items()}
        """Axis -> slugs (ages: years, as text)."""
        self.width = int(self._session.get_outputs()[-1].shape[1])
        """Of the embedding, which is the last output."""
        self.revision = hashlib.sha256(content).hexdigest()[:16]

    def run(self, pictures: NDArray[np.uint8]) -> list[Floats]:
        """The outputs for RGB pictures (n, side, side, 3), in the file's order, n rows each."""
        parts = [
            self._session.run(None, {"faces": pictures[i : i + AT_ONCE]}) for i in range(0, len(pictures), AT_ONCE)
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]
