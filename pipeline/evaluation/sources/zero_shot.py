"""The baseline that was never shown our emotions: a text-image model that compares a picture with their descriptors.

Source: A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021), section 3.1: the
text embedding of a class is the mean over several prompts, here one for each descriptor. CLIP's scores are a softmax over
the emotions; those of SigLIP (X. Zhai et al., 2023), which has a bias, a sigmoid each. Both are multiplied by 7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModel, AutoProcessor

from pipeline.errors import InputError, brief
from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.sources.dataset import ALL
from pipeline.evaluation.sources.pictures import PictureFolder
from pipeline.evaluation.sources.scorer import ZERO_SHOT, in_order
from pipeline.generators.device import choose_device
from pipeline.labels.published import HIGHEST
from pipeline.planning.vocabulary import Emotion, load_vocabulary
from pipeline.store.folder import DatasetFolder
from pipeline.training.pictures import DatasetPictures, PictureFiles, PictureSource
from pipeline.training.vision import pooled

PROMPT = "a photo of a face showing {}"


@dataclass(frozen=True, slots=True)
class ZeroShot:
    """A loaded model with the text embedding of each emotion, (emotions, width); see `Scorer`."""

    name: str
    emotions: tuple[str, ...]
    model: Any
    processor: Any
    texts: Tensor
    cautions: tuple[str, ...] = ()

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
        found, values = self._score(DatasetPictures(folder), None if split == ALL else split)
        return in_order(found, values, ids, self.name)

    def score_files(self, pictures: PictureFolder) -> Floats:
        """See `Scorer`."""
        return self._score(PictureFiles(Path(), pictures.paths()))[1]

    @torch.inference_mode()
    def _score(self, source: PictureSource, split: str | None = None) -> tuple[list[str], Floats]:
        """Ids and (pictures, emotions), 0 to 7; memory holds the scores and a few pictures."""
        ids: list[str] = []
        blocks = []
        for batch in (batch for piece in source.pieces(split) for batch in source.read(piece, faces=False)):
            images = {"images": list(batch.pictures), "input_data_format": "channels_last"}
            inputs = self.processor(**images, return_tensors="pt").to(self.model.device)
            seen = _unit(pooled(self.model.get_image_features(**inputs)))
            logits = seen @ self.texts.T * self.model.logit_scale.exp()
            bias = getattr(self.model, "logit_bias", None)
            shares = logits.softmax(1) if bias is None else (logits + bias).sigmoid()
            ids += batch.ids
            blocks.append(shares.double().cpu().numpy())
        return ids, np.concatenate(blocks) * HIGHEST


def _loaded(kind: Any, source: str) -> Any:  # noqa: ANN401 - transformers has no types
    try:
        return kind.from_pretrained(source)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{ZERO_SHOT}{source}: cannot be loaded ({brief(error)}); name a folder or a "
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
    return _unit(_unit(pooled(model.get_text_features(**inputs))).mean(0))


def _unit(embeddings: Tensor) -> Tensor:
    return torch.nn.functional.normalize(embeddings, dim=-1)
