"""The probe: a small network that reads a found face, trained on the bundled model's renders (models/train_reader.py).

It says how whole and uncovered the face is, which decides over acceptance; which ethnicity, age, gender and emotion the
face shows, as far as the renderer's tables go; and gives an embedding, the bundled encoder of the trainer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.faces.align import straightened
from pipeline.faces.face import Face
from pipeline.faces.network import FaceNetwork, Floats
from pipeline.resources import probe_file

CORNER, SPAN, SIZE = (-1.8, -1.35), 3.6, 96  # the square of the face frame that the network sees: head, hair, chin
AXES = ("ethnicity", "age", "gender", "emotion")


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
        try:
            self._network = FaceNetwork(file)
            self.levels = {axis: self._network.levels[axis] for axis in AXES}
        except Exception as error:  # onnxruntime raises many kinds
            raise InputError(f"{file}: not a face probe ({type(error).__name__}); restore models/readers") from error
        self.revision, self.width = self._network.revision, self._network.width
        self.name = f"probe {self.revision}"

    def read(self, pictures: Sequence[NDArray[np.uint8]], faces: Sequence[Face]) -> Reading:
        """Reads one face in each RGB picture of shape (height, width, 3)."""
        squares = np.stack([face_square(*pair) for pair in zip(pictures, faces, strict=True)])
        visibility, *levels, embedding = self._network.run(squares)
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
