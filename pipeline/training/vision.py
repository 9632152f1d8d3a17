"""Any Hugging Face vision model as an encoder."""

import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
import transformers
from transformers import AutoConfig, AutoImageProcessor, AutoModel

from pipeline.digest import digest
from pipeline.errors import InputError, RunError, brief, did_you_mean
from pipeline.faces.face import Face
from pipeline.hub import HUB_ERRORS, find_commit, is_hub_id
from pipeline.training.encoder import BUNDLED, DEFAULT, Floats, Picture, with_faces

MARGIN = 0.25
"""Border around a cropped face, as a share of its longer side."""
_DIGESTED = {".json", ".safetensors", ".bin"}
_LOAD_ERRORS: tuple[type[Exception], ...] = (*HUB_ERRORS, ValueError, KeyError, ImportError, RuntimeError)

Model: TypeAlias = Any
"""A transformers model or processor; they come without types."""


class VisionEncoder:
    """The pooled output of a vision model, or of the picture half of a model such as SigLIP or CLIP.

    CLIP's is its projection, the vector that it compares with text. A model without a pooler gives the mean over its
    patches. Code that a model brings along is never run. See Encoder.
    """

    def __init__(self, name: str, device: torch.device, face_crop: bool = False, revision: str = "") -> None:
        """Reads the configuration; InputError where there is none. See `open_encoder`."""
        _quieten()
        self.id, self.needs_faces = name, face_crop
        self._device = device
        self._folder = Path(name).expanduser() if Path(name).expanduser().is_dir() else None
        commit = None if self._folder or not is_hub_id(name) else find_commit(name, revision)
        self._where = {
            "pretrained_model_name_or_path": self._folder or name,
            "revision": commit or revision or None,
            "local_files_only": commit is None,
        }
        try:
            config = AutoConfig.from_pretrained(**self._where)
        except _LOAD_ERRORS as error:
            raise InputError(_absent(name, revision, error)) from None
        self.revision: str = _revision(self._folder) if self._folder else str(config._commit_hash or revision)
        if self._folder and revision and revision != self.revision:
            raise InputError(
                f"{name}: this encoder's files changed (revision {self.revision}, expected {revision}); its embeddings "
                "would not fit the model"
            )

    @cached_property
    def width(self) -> int:
        """Numbers in an embedding, found by encoding a grey square."""
        return int(self._embed([np.full((64, 64, 3), 127, np.uint8)]).shape[1])

    def encode(self, pictures: Sequence[Picture], faces: Sequence[Face | None] | None = None) -> Floats:
        """See Encoder."""
        if not self.needs_faces:
            return self._embed(pictures)

        def embed(found: Sequence[Picture], where: Sequence[Face]) -> Floats:
            return self._embed([_crop(picture, face) for picture, face in zip(found, where, strict=True)])

        return with_faces(embed, self.width, pictures, faces)

    @torch.inference_mode()
    def _embed(self, pictures: Sequence[Picture]) -> Floats:
        processor, model = self._loaded
        inputs = processor(images=list(pictures), return_tensors="pt", input_data_format="channels_last")
        inputs = inputs.to(self._device)
        try:
            found = model.get_image_features(**inputs) if hasattr(model, "get_image_features") else model(**inputs)
        except torch.OutOfMemoryError:
            raise RunError(f"{self.id}: {self._device} has no memory for {len(pictures)} pictures at once") from None
        embeddings: Floats = pooled(found).flatten(1).float().cpu().numpy()
        return embeddings

    @cached_property
    def _loaded(self) -> tuple[Model, Model]:
        """Processor and model, in evaluation mode on the device."""
        try:
            processor = AutoImageProcessor.from_pretrained(**self._where)
            model = AutoModel.from_pretrained(**self._where, dtype=torch.float32)
        except _LOAD_ERRORS as error:
            raise InputError(f"{self.id}: cannot be loaded as a vision encoder ({brief(error)})") from None
        return processor, model.to(self._device).eval()


def pooled(found: Any) -> torch.Tensor:  # noqa: ANN401 - transformers has no types
    """One vector a picture or text: a model's own pooling, or else the mean over its patches."""
    if isinstance(found, torch.Tensor):
        return found
    pooled = getattr(found, "pooler_output", None)
    vectors: torch.Tensor = found.last_hidden_state.mean(dim=1) if pooled is None else pooled
    return vectors


def _crop(picture: Picture, face: Face) -> Picture:
    """The square around the face's box with its margin, as far as the picture reaches."""
    high, wide = picture.shape[:2]
    half = max(face.width, face.height) * (0.5 + MARGIN)
    x, y = (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2
    left, top = max(0, round(x - half)), max(0, round(y - half))
    right, bottom = min(wide, round(x + half)), min(high, round(y + half))
    return picture[top : max(bottom, top + 1), left : max(right, left + 1)]


def _revision(folder: Path) -> str:
    """16 hex digits that change with any configuration or weight file."""
    return digest(file for file in folder.iterdir() if file.suffix in _DIGESTED)


def _absent(name: str, revision: str, error: Exception) -> str:
    at = f" at revision {revision}" if revision else ""
    near = did_you_mean(name, {BUNDLED, DEFAULT} - {name})
    fetch = f"with network type `hf download {name}`, " if is_hub_id(name) else ""
    return (
        f"encoder {name!r}{at}: no vision model in a folder of this name, in the Hugging Face cache or on the hub{near} "
        f"({brief(error)}); {fetch}name another, or take 'bundled'"
    )


def _quieten() -> None:
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("httpx").setLevel(logging.WARNING)
