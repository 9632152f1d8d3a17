"""The emotion model: an encoder's embedding in, a score from 0 to 7 for each of 40 emotions out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from huggingface_hub import ModelCard, PyTorchModelHubMixin, constants, hf_hub_download
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from pipeline.errors import InputError, brief
from pipeline.labels.emotions import emotion_names
from pipeline.training.heads import StackedHeads
from pipeline.training.source import PUBLISHED_ENCODER, find_model, is_ours, read_published

CARD = "README.md"


class EncoderId(NamedTuple):
    """Which encoder makes a model's embeddings: a hub id, a folder or 'bundled', and what tells its weights apart.

    An empty revision means that it is not known, which the published heads leave open.
    """

    id: str
    revision: str


class EmotionModel(torch.nn.Module, PyTorchModelHubMixin, library_name="emonet-face-big", license="cc-by-4.0"):
    """A head an emotion over the embeddings of one frozen encoder.

    An embedding is standardised with the constants `centre` and `scale` of the pictures the model was first trained on
    (0 and 1 for published heads). `means` (one an emotion) is the mean score over the training pictures, which
    "mean subtraction" takes away so that emotions can be compared within a picture.
    """

    centre: Tensor
    scale: Tensor
    means: Tensor

    def __init__(
        self,
        width: int,
        hidden: Sequence[int],
        emotions: Sequence[str],
        encoder: str,
        encoder_revision: str = "",
        face_crop: bool = False,
        normalise: bool = False,
        dropout: float = 0.0,
    ) -> None:
        """Heads of zeros, to be initialised or loaded.

        Args:
            width: Numbers in an embedding.
            hidden: Width of each hidden layer.
            emotions: Names, in the order of the scores.
            encoder: Hub id, folder or 'bundled'.
            encoder_revision: Tells its weights apart; empty where it is not known.
            face_crop: The encoder sees the face alone, not the whole picture.
            normalise: Embeddings are scaled to length 1 first.
            dropout: Share of hidden values dropped in training, 0 to 1.
        """
        super().__init__()
        self.emotions = tuple(emotions)
        self.encoder = EncoderId(encoder, encoder_revision)
        self.width, self.hidden = width, tuple(hidden)
        self.face_crop, self.normalise = face_crop, normalise
        self.card = ""
        self.heads = StackedHeads(len(self.emotions), width, hidden, dropout)
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("means", torch.zeros(len(self.emotions)))

    def forward(
        self, embeddings: Tensor, subtract_means: bool = False, generator: torch.Generator | None = None
    ) -> Tensor:
        """Scores (n, emotions) of embeddings (n, width): about 0 to 7, less `means` where `subtract_means` is set.

        Scores are not clipped. `generator` feeds dropout in training mode.
        """
        if self.normalise:
            embeddings = torch.nn.functional.normalize(embeddings, dim=1)
        scores: Tensor = self.heads((embeddings - self.centre) / self.scale, generator)
        return scores - self.means if subtract_means else scores

    @classmethod
    def load(cls, path: str | Path, revision: str | None = None) -> Self:
        """A trained model: our folder, or one of published heads (`model_<emotion>_best.pth`), or a hub id of either.

        The model is in evaluation mode on the CPU. Raises InputError for what is not there, incomplete or damaged, and
        for a pickle that holds more than tensors.
        """
        folder = find_model(str(path), revision)
        if not is_ours(folder):
            return cls._of_published(read_published(folder))
        try:
            return cls.from_pretrained(folder)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
            raise InputError(
                f"{folder}: not a whole emotion model ({brief(error)}); download it or train it again"
            ) from None

    @classmethod
    def _of_published(cls, layers: Sequence[tuple[Tensor, Tensor]]) -> Self:
        """Stacked layers of Empathic-Insight-Face as a model; see `read_published`."""
        first, *others = [weight.shape for weight, _ in layers]
        hidden = [shape[1] for shape in (first, *others[:-1])]
        model = cls(first[2], hidden, emotion_names(), PUBLISHED_ENCODER)
        with torch.no_grad():
            for place, (weight, bias) in enumerate(layers):
                model.heads.weights[place].copy_(weight)
                model.heads.biases[place].copy_(bias)
        return model.eval()

    def _save_pretrained(self, save_directory: Path) -> None:
        """The mixin's hook: the weights, readable as any other file (the library's own writer lets the owner alone in)."""
        values = {name: value.contiguous() for name, value in self.state_dict().items()}
        (save_directory / constants.SAFETENSORS_SINGLE_FILE).write_bytes(save(values))

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None,
        cache_dir: str | Path | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        map_location: str = "cpu",
        strict: bool = True,
        **model_kwargs: Any,  # noqa: ANN401 - the constructor's arguments, from config.json
    ) -> Self:
        """The mixin's hook: every tensor must be there, nothing is printed, and no pickle is ever read."""

        def find(name: str) -> Path:
            if Path(model_id).is_dir():
                return Path(model_id) / name
            return Path(
                hf_hub_download(
                    model_id,
                    name,
                    revision=revision,
                    token=token,
                    cache_dir=cache_dir,
                    force_download=force_download,
                    local_files_only=local_files_only,
                )
            )

        model = cls(**model_kwargs)
        model.load_state_dict(load_file(find(constants.SAFETENSORS_SINGLE_FILE), device=map_location), strict=strict)
        card = find(CARD)
        model.card = card.read_text(encoding="utf-8") if card.is_file() else ""
        return model.eval()

    def generate_model_card(self, *_arguments: object, **_fields: object) -> ModelCard:
        """The card that training wrote; InputError where there is none, since a model without one is not published."""
        if not self.card:
            raise InputError("this model has no card; set model.card, or train it with `emonet train`")
        return ModelCard(self.card)

    @torch.inference_mode()
    def score(self, embeddings: Tensor, subtract_means: bool = False) -> Tensor:
        """`forward` on the model's device without gradients; scores come back on the CPU."""
        device = self.means.device
        scores: Tensor = self(embeddings.to(device), subtract_means)
        return scores.cpu()
