"""Opens an encoder by its name: any Hugging Face vision model, or the bundled probe."""

from pipeline.training.bundled import BundledEncoder
from pipeline.training.encoder import BUNDLED, Encoder
from pipeline.training.processes import device_of


def open_encoder(name: str, device: str = "auto", face_crop: bool = False, revision: str = "") -> Encoder:
    """The encoder called `name`: 'bundled', a folder, or a hub id. Weights are read at the first use.

    Args:
        name: 'bundled', the folder of a Hugging Face vision model, or its hub id.
        device: auto, cpu, cuda, cuda:1 or mps; auto is this process's accelerator where there is one.
        face_crop: Show the encoder the face with a margin, not the whole picture. 'bundled' always sees the face.
        revision: Of a hub model; the newest where empty.

    Raises InputError for an encoder that is not there, is no vision model, or a device that this machine lacks.
    """
    if name == BUNDLED:
        return BundledEncoder()
    from pipeline.training.vision import VisionEncoder  # imports transformers

    return VisionEncoder(name, device_of(device), face_crop, revision)
