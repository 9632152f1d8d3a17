"""Scores of pictures, in a dataset or loose."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.store.folder import DatasetFolder
from pipeline.training.embeddings import Embedded, embed_dataset
from pipeline.training.encoder import Encoder
from pipeline.training.encoders import open_encoder
from pipeline.training.model import EmotionModel
from pipeline.training.pictures import PictureFiles

Floats = NDArray[np.float32]

BATCH = 256


@dataclass(frozen=True, slots=True)
class Scores:
    """`values` is (n, 40): the score of each emotion in the model's order, about 0 to 7; nan where no face was found.

    `ids` are picture ids of a dataset, or paths of loose pictures as they were given.
    """

    ids: tuple[str, ...]
    values: Floats

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of the pictures without scores."""
        return tuple(name for name, row in zip(self.ids, self.values, strict=True) if np.isnan(row).any())


def score_dataset(
    model: EmotionModel,
    folder: DatasetFolder | str,
    split: str | None = None,
    *,
    encoder: Encoder | None = None,
    subtract_means: bool = False,
) -> Scores:
    """Scores every picture of a dataset, or of one split, in the order of its shards and rows.

    Embeddings are made where they are not cached beside the dataset. `encoder` overrides the model's own. Memory holds the
    scores and one batch. Raises InputError where the encoder is not there or the split is empty.
    """
    dataset = DatasetFolder(folder) if isinstance(folder, str) else folder
    embeddings = embed_dataset(dataset, encoder or encoder_of(model), split)
    check_width(model, embeddings.encoder.id, embeddings.width)
    return _scored(model, embeddings.batches(), subtract_means)


def score_images(
    model: EmotionModel,
    paths: Sequence[Path],
    *,
    encoder: Encoder | None = None,
    subtract_means: bool = False,
) -> Scores:
    """Scores picture files, in their order; nothing is cached.

    A picture in which an encoder that looks at faces finds none has nan for scores. Raises InputError for a file that is
    no picture and an encoder that is not there.
    """
    return score_pictures(model, PictureFiles(Path(), list(paths)), encoder=encoder, subtract_means=subtract_means)


def score_pictures(
    model: EmotionModel, source: PictureFiles, *, encoder: Encoder | None = None, subtract_means: bool = False
) -> Scores:
    """`score_images` of picture files that were found already."""
    chosen = encoder or encoder_of(model)
    check_width(model, chosen.id, chosen.width)
    return _scored(model, _embedded(source, chosen), subtract_means)


def encoder_of(model: EmotionModel, name: str = "", device: str = "auto") -> Encoder:
    """The encoder that a model was trained on, at its revision; `name` says where it is now, if it has moved.

    InputError where it is not there, or is another one.
    """
    return open_encoder(name or model.encoder.id, device, model.face_crop, model.encoder.revision)


def check_width(model: EmotionModel, encoder: str, width: int) -> None:
    """InputError where embeddings of `width` numbers cannot be the ones that the model takes."""
    if width != model.width:
        raise InputError(
            f"encoder {encoder!r} makes embeddings of {width} numbers and the model takes {model.width}, those of "
            f"{model.encoder.id!r}; name that encoder"
        )


def _embedded(source: PictureFiles, encoder: Encoder) -> Iterator[Embedded]:
    for piece in source.pieces():
        for batch in source.read(piece, encoder.needs_faces):
            yield Embedded(batch.ids, encoder.encode(batch.pictures, batch.faces))


def _scored(model: EmotionModel, batches: Iterator[Embedded], subtract_means: bool) -> Scores:
    ids: list[str] = []
    values: list[Floats] = []
    for batch in batches:
        ids += batch.ids
        for first in range(0, len(batch.values), BATCH):
            part = torch.from_numpy(batch.values[first : first + BATCH])
            values.append(model.score(part, subtract_means).numpy())
    return Scores(tuple(ids), np.concatenate(values))
