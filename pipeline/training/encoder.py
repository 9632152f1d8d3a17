"""What turns a picture into an embedding, and what all encoders share."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.faces.face import Face

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

BUNDLED = "bundled"
BUNDLED_CAUTION = (
    "the bundled encoder learnt the 40 emotions from the renders that the bundled model learnt from, so figures on that "
    "model's pictures show that the parts fit together, and tell nothing of photographs."
)
DEFAULT = "google/siglip2-so400m-patch16-384"


class Encoder(Protocol):
    """A frozen image encoder. The same picture gives the same embedding, whatever its neighbours, up to rounding."""

    @property
    def id(self) -> str:
        """Hub id, folder, or 'bundled'."""
        ...

    @property
    def revision(self) -> str:
        """What tells its weights from others: a hub commit or a digest."""
        ...

    @property
    def width(self) -> int:
        """Numbers in an embedding; may load the weights."""
        ...

    @property
    def needs_faces(self) -> bool:
        """It looks at the face alone, so `encode` must be told where that is."""
        ...

    def encode(self, pictures: Sequence[Picture], faces: Sequence[Face | None] | None = None) -> Floats:
        """Embeddings (n, width) of RGB pictures (height, width, 3) each.

        A row is nan where the encoder needs a face and the picture has none. Raises RunError where memory runs out.
        """
        ...


def cache_key(encoder: Encoder) -> str:
    """A folder name for the encoder's embeddings: its id, revision, and whether it sees the face alone."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", encoder.id.rstrip("/").rpartition("/")[2])
    return f"{name}-{encoder.revision[:12]}{'-face' if encoder.needs_faces else ''}"


def with_faces(
    embed: Callable[[Sequence[Picture], Sequence[Face]], Floats],
    width: int,
    pictures: Sequence[Picture],
    faces: Sequence[Face | None] | None,
) -> Floats:
    """What `embed` makes of the pictures that have a face, as rows of (n, width); nan for the others."""
    known = faces if faces is not None else [None] * len(pictures)
    embeddings = np.full((len(pictures), width), np.nan, np.float32)
    found = [(place, picture, face) for place, (picture, face) in enumerate(zip(pictures, known, strict=True)) if face]
    if found:
        places, seen, where = zip(*found, strict=True)
        embeddings[list(places)] = embed(seen, where)
    return embeddings
