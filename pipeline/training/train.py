"""One training run: embeddings, labels, heads, and the finished model in a folder."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import InputError
from pipeline.labels.emotions import emotion_names
from pipeline.progress import watching
from pipeline.store.lock import locked
from pipeline.store.storage import LocalStorage
from pipeline.training.card import model_card
from pipeline.training.embeddings import Embeddings, embed
from pipeline.training.encoder import DEFAULT, Encoder
from pipeline.training.encoders import open_encoder
from pipeline.training.examples import Examples, Gathered, Part, gather
from pipeline.training.fit import CHECKPOINT, Epoch, Fit
from pipeline.training.heads import SIZES
from pipeline.training.labels import REQUESTED, Labels, open_labels
from pipeline.training.loss import Statistics, measure
from pipeline.training.measures import Measures, measure_part
from pipeline.training.model import EmotionModel
from pipeline.training.outcome import TrainOutcome
from pipeline.training.pictures import PictureSource, open_pictures
from pipeline.training.predict import check_width
from pipeline.training.processes import device_of, processes
from pipeline.training.recipe import Recipe, Settings, Size, check_settings, freeze

OUTCOME = "outcome.json"
CHECKPOINT_SHARE = 0.05
"""Of the time, at most, goes into checkpoints."""

AfterEpoch = Callable[[Epoch, int], None]
"""Told of every epoch and of the number of epochs at most."""


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What is asked for. Empty means the default, or what `init` says."""

    dataset: str
    """A dataset's folder or URL, or a folder of picture files."""
    labels: str = REQUESTED
    """See `pipeline.training.labels.open_labels`."""
    encoder: str = ""
    """See `pipeline.training.encoders.open_encoder`; SigLIP2 where left out."""
    heads: Size | None = None
    """Small where left out."""
    init: str = ""
    """A model whose heads are trained on; see `EmotionModel.load`."""
    output: str = ""
    """A local folder; `default_output` where left out."""
    face_crop: bool = False
    """Embed the face alone."""
    device: str = "auto"
    settings: Settings = field(default_factory=Settings)


def train(request: TrainRequest, after: AfterEpoch = lambda epoch, most: None) -> dict[str, Any] | None:
    """Trains, or goes on with, the model that `request` asks for; the outcome as plain data (TrainOutcome).

    A finished output gives its outcome again, with "finished_before" true. Under `accelerate launch`, embeddings are made by
    all processes and the rest by the first; the others get None. Raises InputError where the request cannot be met.
    """
    source = open_pictures(request.dataset)
    init = EmotionModel.load(request.init) if request.init else None
    encoder = _encoder(request, init)
    labels = open_labels(request.labels, source)
    output = LocalStorage(Path(request.output or default_output(request, source)))
    embeddings = embed(source, encoder)
    if not processes().is_main_process:
        return None
    recipe = _recipe(request, source, encoder, labels, init)
    with locked(output, "emonet train"):
        freeze(output, recipe)
        if output.exists(OUTCOME):
            return {**json.loads(output.read(OUTCOME)), "finished_before": True}
        return _Run(request, recipe, output, after).finish(embeddings, labels, init)


def make_train_request(dataset: str, options: Mapping[str, Any]) -> TrainRequest:
    """A request from the options of the command or the flow: fields of TrainRequest and of Settings, None if left out.

    InputError names an option out of range.
    """
    settings = {name: value for name, value in options.items() if name in Settings.model_fields}
    others = {name: value for name, value in options.items() if name not in settings}
    return TrainRequest(dataset, **others, settings=check_settings(settings))


def default_output(request: TrainRequest, source: PictureSource) -> str:
    """outputs/models/DATASET-LABELS-HEADS."""
    heads = "tuned" if request.init else request.heads or "small"
    return f"outputs/models/{source.name}-{Path(request.labels).stem}-{heads}"


class _Run:
    """The part of a run that one process does, with the output folder locked."""

    def __init__(self, request: TrainRequest, recipe: Recipe, output: LocalStorage, after: AfterEpoch) -> None:
        self._request, self._recipe, self._output, self._after = request, recipe, output, after
        self._settings = request.settings
        self._saved = self._started = time.monotonic()
        self._saving = 0.0

    def finish(self, embeddings: Embeddings, labels: Labels, init: EmotionModel | None) -> dict[str, Any]:
        """Fits, measures and writes everything."""
        if init is not None:
            check_width(init, embeddings.encoder.id, embeddings.width)
        with Examples(self._output.root / ".examples", embeddings.width) as examples:
            parts = gather(examples, embeddings, labels, self._settings.validation)
            statistics = measure(examples, parts.train, labels.kind)
            model = init or _new_model(self._recipe, embeddings.width, statistics, self._settings)
            fit = self._fit(model, statistics, examples, parts)
            model.means.copy_(_mean_scores(model, examples, parts.train))
            measures = tuple(
                measure_part(model, examples, part, labels.kind) for part in (parts.validation, parts.test)
            )
        outcome = self._outcome(fit, parts, statistics, measures)
        model.card = model_card(self._recipe, outcome)
        self._write(model, outcome)
        return {**outcome.as_dict(), "finished_before": False}

    def _fit(self, model: EmotionModel, statistics: Statistics, examples: Examples, parts: Gathered) -> Fit:
        fit = Fit(model, statistics.objective, self._settings, device_of(self._request.device))
        fit.only(statistics.taught)
        fit.resume(self._output)
        most = self._settings.epochs
        with watching(f"{self._output.root.name}: training", most, "epochs", len(fit.history)) as watch:

            def after(epoch: Epoch) -> None:
                self._checkpoint(fit)
                watch.advance(1, f"validation loss {epoch.validation_loss:.4f}, {epoch.training} heads training")
                self._after(epoch, most)

            fit.run(examples, parts.train, parts.validation, after)
        return fit

    def _checkpoint(self, fit: Fit) -> None:
        began = time.monotonic()
        if fit.finished or (began - self._saved) * CHECKPOINT_SHARE >= self._saving:
            fit.save(self._output)
            self._saved = time.monotonic()
            self._saving = self._saved - began

    def _outcome(
        self, fit: Fit, parts: Gathered, statistics: Statistics, measures: tuple[Measures, ...]
    ) -> TrainOutcome:
        return TrainOutcome(
            output=self._output.url,
            dataset=self._recipe.dataset,
            labels=self._recipe.labels,
            encoder=self._recipe.encoder,
            heads=self._recipe.heads,
            train=len(parts.train.rows),
            validation=len(parts.validation.rows),
            test=len(parts.test.rows),
            faceless=parts.faceless,
            unlabelled=parts.unlabelled,
            untaught=tuple(
                name for name, taught in zip(emotion_names(), statistics.taught.tolist(), strict=True) if not taught
            ),
            epochs=len(fit.history),
            seconds=round(time.monotonic() - self._started, 1),
            measures=measures,
        )

    def _write(self, model: EmotionModel, outcome: TrainOutcome) -> None:
        """Model and card, then the outcome, whose appearance is the end of the run; then the checkpoint goes."""
        fresh = self._output.root / ".model"
        shutil.rmtree(fresh, ignore_errors=True)
        model.cpu().save_pretrained(fresh)
        for file in sorted(fresh.iterdir()):
            os.replace(file, self._output.root / file.name)
        fresh.rmdir()
        self._output.write(OUTCOME, json.dumps(outcome.as_dict(), indent=1).encode())
        self._output.remove(CHECKPOINT)


def _encoder(request: TrainRequest, init: EmotionModel | None) -> Encoder:
    """The encoder asked for; that of `init` where one is given, whose heads fit no other."""
    if init is None:
        return open_encoder(request.encoder or DEFAULT, request.device, request.face_crop)
    if request.heads is not None and SIZES[request.heads] != init.hidden:
        raise InputError(f"--heads {request.heads}: {request.init} has heads of {init.hidden}; leave --heads out")
    if request.face_crop and not init.face_crop:
        raise InputError(f"--face-crop: {request.init} was trained on whole pictures; leave it out")
    # A folder may have moved since, so its name may be given again; the revision still has to be the same.
    return open_encoder(request.encoder or init.encoder.id, request.device, init.face_crop, init.encoder.revision)


def _recipe(
    request: TrainRequest, source: PictureSource, encoder: Encoder, labels: Labels, init: EmotionModel | None
) -> Recipe:
    pieces = "\n".join(f"{piece.name} {piece.split} {piece.digest}" for piece in source.pieces())
    return Recipe(
        dataset=source.storage.url,
        pictures=hashlib.sha256(pieces.encode()).hexdigest()[:16],
        labels=labels.name,
        labels_digest=labels.digest,
        encoder=encoder.id,
        encoder_revision=encoder.revision,
        face_crop=encoder.needs_faces,
        heads=init.hidden if init else SIZES[request.heads or "small"],
        init=request.init,
        init_digest=_weights_digest(init) if init else "",
        settings=request.settings,
    )


def _new_model(recipe: Recipe, width: int, statistics: Statistics, settings: Settings) -> EmotionModel:
    """Initial weights. A head's first answer is its mean target, so that rare emotions need not learn it; heads that no
    picture teaches answer 0."""
    model = EmotionModel(
        width,
        recipe.heads,
        emotion_names(),
        recipe.encoder,
        recipe.encoder_revision,
        face_crop=recipe.face_crop,
        dropout=settings.dropout,
    )
    model.heads.initialise(torch.Generator().manual_seed(settings.seed))
    model.centre.copy_(statistics.centre)
    model.scale.copy_(statistics.scale)
    with torch.no_grad():
        model.heads.biases[-1].copy_((statistics.mean_target * statistics.taught)[:, None, None])
        model.heads.weights[-1][~statistics.taught] = 0
    return model


def _mean_scores(model: EmotionModel, examples: Examples, part: Part) -> torch.Tensor:
    total = sum(model.score(batch.embeddings).double().sum(0) for batch in examples.blocks(part.rows))
    return torch.as_tensor(total / len(part.rows)).float()


def _weights_digest(model: EmotionModel) -> str:
    whole = hashlib.sha256()
    for value in model.state_dict().values():
        whole.update(value.numpy().tobytes())
    return whole.hexdigest()[:16]
