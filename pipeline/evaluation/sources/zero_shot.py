"""The baseline that was never shown our emotions: a text-image model that compares a picture with their descriptors.

Source: A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021), section 3.1: the
text embedding of a class is the mean over several prompts, here one for each descriptor. CLIP's scores are a softmax over
the emotions; those of SigLIP (X. Zhai et al., 2023), which has a bias, a sigmoid each. Both are multiplied by 7.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from transformers import AutoModel, AutoProcessor

from pipeline.errors import InputError
from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.sources.dataset import ALL
from pipeline.evaluation.sources.pictures import PictureFolder
from pipeline.evaluation.sources.scorer import ZERO_SHOT, in_order
from pipeline.generators.device import choose_device
from pipeline.published import HIGHEST
from pipeline.store.folder import DatasetFolder
from pipeline.vocabulary import Emotion, load_vocabulary

PROMPT = "a photo of a face showing {}"
BATCH = 32


@dataclass(frozen=True, slots=True)
class ZeroShot:
    """A loaded model with the text embedding of each emotion, (emotions, width); see `Scorer`."""

    name: str
    emotions: tuple[str, ...]
    model: Any
    processor: Any
    texts: Tensor

    @classmethod
    def load(cls, source: str, device: str) -> Self:
        """CLIP, SigLIP and their like, by hub id or folder; InputError where it is not there or is something else."""
        model = _loaded(AutoModel, source)
        if not hasattr(model, "get_text_features") or not hasattr(model, "logit_scale"):
            raise InputError(f"{ZERO_SHOT}{source}: is a {type(model).__name__}, which compares no texts with pictures")
        processor = _loaded(AutoProcessor, source)
        model = model.to(choose_device(device)).eval()
        emotions = load_vocabulary().emotions
        texts = torch.stack([_text_embedding(model, processor, emotion) for emotion in emotions])
        name = Path(source).name if Path(source).is_dir() else source
        return cls(f"{ZERO_SHOT}{name}", tuple(emotion.name for emotion in emotions), model, processor, texts)

    def score_dataset(self, folder: DatasetFolder, ids: Sequence[str], split: str) -> Floats:
        """See `Scorer`."""
        found: list[str] = []
        values = self._score(_dataset_pictures(folder, split, found))
        return in_order(found, values, ids, self.name)

    def score_files(self, pictures: PictureFolder) -> Floats:
        """See `Scorer`."""
        return self._score(_opened(path, str(path)) for path in pictures.paths())

    @torch.inference_mode()
    def _score(self, pictures: Iterable[Image.Image]) -> Floats:
        """(pictures, emotions), 0 to 7."""
        pictures = iter(pictures)
        blocks = []
        while batch := list(islice(pictures, BATCH)):
            inputs = self.processor(images=batch, return_tensors="pt").to(self.model.device)
            seen = _unit(_pooled(self.model.get_image_features(**inputs)))
            logits = seen @ self.texts.T * self.model.logit_scale.exp()
            bias = getattr(self.model, "logit_bias", None)
            shares = logits.softmax(1) if bias is None else (logits + bias).sigmoid()
            blocks.append(shares.double().cpu().numpy())
        return np.concatenate(blocks) * HIGHEST


def _loaded(kind: Any, source: str) -> Any:  # noqa: ANN401 - transformers has no types
    try:
        return kind.from_pretrained(source)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{ZERO_SHOT}{source}: cannot be loaded ({str(error).strip().splitlines()[0][:160]}); name a folder or a "
            "hub id of a CLIP or SigLIP model"
        ) from None


@torch.inference_mode()
def _text_embedding(model: Any, processor: Any, emotion: Emotion) -> Tensor:  # noqa: ANN401 - transformers has no types
    longest = model.config.text_config.max_position_embeddings
    inputs = processor(
        text=[PROMPT.format(word) for word in emotion.descriptors],
        padding="max_length",
        max_length=longest,
        truncation=True,
        return_tensors="pt",
    ).to(model.device)
    return _unit(_unit(_pooled(model.get_text_features(**inputs))).mean(0))


def _pooled(features: Any) -> Tensor:  # noqa: ANN401 - a tensor, from transformers 5 on an output that holds it
    pooled: Tensor = getattr(features, "pooler_output", features)
    return pooled


def _unit(embeddings: Tensor) -> Tensor:
    return torch.nn.functional.normalize(embeddings, dim=-1)


def _dataset_pictures(folder: DatasetFolder, split: str, found: list[str]) -> Iterator[Image.Image]:
    """The pictures of a split, one row group in memory; their ids are appended to `found`."""
    for record in folder.committed():
        if split in (ALL, record.split):
            for table in folder.read_shard(record.name, ["id", "image"]):
                for row in table.to_pylist():
                    found.append(row["id"])
                    yield _opened(BytesIO(row["image"]["bytes"]), row["id"])


def _opened(source: Any, where: str) -> Image.Image:  # noqa: ANN401 - a path or a file
    try:
        with Image.open(source) as image:
            return image.convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(f"{where}: is no picture that can be read ({error})") from None
