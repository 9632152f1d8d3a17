"""The probe: a small network that reads a found face, trained on the bundled model's renders (models/train_probe.py).

It says how whole and uncovered the face is, which decides over acceptance; which ethnicity, age, gender and emotion the
face shows, as far as the renderer's tables go; and gives an embedding, the bundled encoder of the trainer.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.faces.align import straightened
from pipeline.faces.face import Face
from pipeline.resources import probe_file

Floats = NDArray[np.float32]

CORNER, SPAN, SIZE = (-1.8, -1.35), 3.6, 96  # the square of the face frame that the network sees: head, hair, chin
AXES = ("ethnicity", "age", "gender", "emotion")
AT_ONCE = 64  # faces in one pass


@dataclass(frozen=True, slots=True)
class Reading:
    """What the probe reads in n faces. Probabilities of one axis sum to 1."""

    visibility: Floats
    """(n,) 0, covered or cut, to 1, whole; 0.5 is the limit."""
    levels: dict[str, Floats]
    """Axis of AXES -> (n, levels) probabilities, in the order of `Probe.levels`."""
    embedding: Floats
    """(n, width)."""


class Probe:
    """A loaded probe. Safe to call from several threads; results do not depend on how many there are."""

    def __init__(self, file: Path) -> None:
        """InputError where `file` is missing or no probe."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            content = file.read_bytes()
            self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            levels = json.loads(self._session.get_modelmeta().custom_metadata_map["levels"])
        except Exception as error:  # onnxruntime raises many kinds
            raise InputError(f"{file}: not a face probe ({type(error).__name__}); restore models/probe") from error
        self.revision = hashlib.sha256(content).hexdigest()[:16]
        self.name = f"probe {self.revision}"
        self.levels: dict[str, tuple[str, ...]] = {axis: tuple(levels[axis]) for axis in AXES}
        """Axis -> slugs (ages: years, as text)."""
        self.width = int(self._session.get_outputs()[-1].shape[1])

    def read(self, pictures: Sequence[NDArray[np.uint8]], faces: Sequence[Face]) -> Reading:
        """Reads one face in each RGB picture of shape (height, width, 3)."""
        squares = np.stack([face_square(*pair) for pair in zip(pictures, faces, strict=True)])
        parts = [self._session.run(None, {"faces": squares[i : i + AT_ONCE]}) for i in range(0, len(squares), AT_ONCE)]
        visibility, *levels, embedding = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Reading(visibility, dict(zip(AXES, levels, strict=True)), embedding)

    def measure(self, picture: NDArray[np.uint8], face: Face) -> float:
        """Visibility of one face (`pipeline.faces.face.Visibility`)."""
        return float(self.read([picture], [face]).visibility[0])


def face_square(picture: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
    """What the network sees of a face: (SIZE, SIZE, 3), upright and at one scale."""
    return straightened(picture, face, CORNER, SPAN, SIZE)


@cache
def load_probe() -> Probe:
    """The probe that travels with the code."""
    return Probe(probe_file())
