"""A model of `emonet train`, or the published heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.sources.dataset import ALL
from pipeline.evaluation.sources.pictures import PictureFolder
from pipeline.evaluation.sources.scorer import in_order
from pipeline.store.folder import DatasetFolder
from pipeline.training.encoder import BUNDLED, BUNDLED_CAUTION, Encoder
from pipeline.training.model import EmotionModel
from pipeline.training.predict import encoder_of, score_dataset, score_images


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and the encoder whose embeddings it takes; see `Scorer`."""

    name: str
    model: EmotionModel
    encoder: Encoder

    @classmethod
    def load(cls, source: str, encoder: str, device: str) -> Self:
        """By folder or hub id; InputError where the model or its encoder is not there or not whole."""
        model = EmotionModel.load(source)
        name = Path(source).resolve().name if Path(source).is_dir() else source
        return cls(name, model, encoder_of(model, encoder, device))

    @property
    def emotions(self) -> tuple[str, ...]:
        """See `Scorer`."""
        return self.model.emotions

    @property
    def cautions(self) -> tuple[str, ...]:
        """See `Scorer`."""
        return (f"{self.name}: {BUNDLED_CAUTION}",) if self.encoder.id == BUNDLED else ()

    def score_dataset(self, folder: DatasetFolder, ids: Sequence[str], split: str) -> Floats:
        """See `Scorer`."""
        scores = score_dataset(self.model, folder, None if split == ALL else split, encoder=self.encoder)
        return in_order(scores.ids, scores.values.astype(float), ids, self.name)

    def score_files(self, pictures: PictureFolder) -> Floats:
        """See `Scorer`."""
        return score_images(self.model, pictures.paths(), encoder=self.encoder).values.astype(float)
