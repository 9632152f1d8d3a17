"""The bundled encoder: the trunk of the face probe, which needs no download."""

from collections.abc import Sequence

from pipeline.faces.face import Face
from pipeline.faces.probe import load_probe
from pipeline.training.encoder import BUNDLED, Floats, Picture, with_faces


class BundledEncoder:
    """The probe's embedding of the found face. See Encoder; InputError where the probe's weights are not there."""

    id = BUNDLED
    needs_faces = True

    def __init__(self) -> None:
        self._probe = load_probe()

    @property
    def revision(self) -> str:
        """A digest of the probe's weights."""
        return self._probe.revision

    @property
    def width(self) -> int:
        """Numbers in an embedding."""
        return self._probe.width

    def encode(self, pictures: Sequence[Picture], faces: Sequence[Face | None] | None = None) -> Floats:
        """See Encoder."""

        def embed(found: Sequence[Picture], where: Sequence[Face]) -> Floats:
            return self._probe.read(found, where).embedding

        return with_faces(embed, self.width, pictures, faces)
