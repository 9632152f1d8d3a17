"""Trains all heads at once; each stops, and keeps its best weights, as if it were trained alone."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO, cast

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from pipeline.errors import InputError, brief
from pipeline.store.storage import Storage
from pipeline.training.examples import Batch, Examples, Ints, Part
from pipeline.training.loss import Objective
from pipeline.training.model import EmotionModel
from pipeline.training.recipe import Settings

CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch brought. Losses are means over the heads; `improved` and `training` count heads."""

    number: int
    train_loss: float
    validation_loss: float
    improved: int
    training: int


class Fit:
    """A training run in progress: live weights, their moving average, and the best average of each head so far.

    One epoch is a pass over the training pictures in an order that follows from seed and epoch alone, as do the dropout
    masks. So a run that goes on from a checkpoint, which is written between epochs, makes the same weights as one that was
    never interrupted: on the same device, number of threads and torch version, to the last bit.
    """

    def __init__(self, model: EmotionModel, objective: Objective, settings: Settings, device: torch.device) -> None:
        """`model` holds the initial weights, and the result after `run`."""
        self.model = model.to(device)
        self._settings, self._device, self._objective = settings, device, objective.to(device)
        self._live = dict(model.heads.named_parameters())
        self._average = {name: value.detach().clone() for name, value in self._live.items()}
        self._best = {name: value.detach().clone() for name, value in self._live.items()}
        self._optimizer = torch.optim.AdamW(
            self._live.values(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        count = len(model.emotions)
        self.best_loss = torch.full((count,), torch.inf, device=device)
        """(40,) lowest validation loss of each head."""
        self._stale = torch.zeros(count, dtype=torch.long, device=device)
        self._taught = torch.ones(count, dtype=torch.bool, device=device)
        self._taught_share = self._taught / count
        self._steps = 0
        self.history: list[Epoch] = []

    def only(self, taught: Tensor) -> None:
        """Trains these heads (40,) alone; the others keep the weights that they came with."""
        self._taught &= taught.to(self._device)
        self._taught_share = self._taught / self._taught.sum().clamp(min=1)

    @property
    def finished(self) -> bool:
        """No head is left that may still improve, or the epochs are used up."""
        return len(self.history) >= self._settings.epochs or not self._training.any()

    @property
    def _training(self) -> Tensor:
        return self._taught & (self._stale < self._settings.patience)

    def run(self, examples: Examples, train: Part, validation: Part, after: Callable[[Epoch], None]) -> None:
        """Trains to the end and puts each head's best weights into the model. `after` is called after every epoch."""
        while not self.finished:
            number = len(self.history)
            train_loss = self._pass(examples, train.rows, number)
            losses = self._validate(examples, validation.rows)
            improved = self._keep_best(losses)
            training = int(self._training.sum())
            self.history.append(Epoch(number + 1, train_loss, _mean(losses[self._taught]), improved, training))
            after(self.history[-1])
        self.model.heads.load_state_dict(self._best)
        self.model.eval()

    def _pass(self, examples: Examples, rows: Ints, epoch: int) -> float:
        """One epoch of steps; the mean training loss of the taught heads."""
        self.model.train()
        order = np.random.default_rng((self._settings.seed, epoch)).permutation(rows)
        seed = np.random.SeedSequence((self._settings.seed, epoch)).generate_state(1)[0]
        masks = torch.Generator(self._device).manual_seed(int(seed))
        total = torch.zeros((), device=self._device)
        for first in range(0, len(order), self._settings.batch_size):
            batch = examples.take(order[first : first + self._settings.batch_size])
            total += self._step(batch, masks) * len(batch.values)
        return float(total) / len(order)

    def _step(self, batch: Batch, masks: torch.Generator) -> Tensor:
        """One step. The loss is a sum over heads, so that each gets the gradient that it would get alone."""
        embeddings, values, weights = self._on_device(batch)
        losses, _ = self._objective.losses(self.model(embeddings, generator=masks), values, weights)
        each = losses.mean(dim=0)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(each.sum())
        self._optimizer.step()
        self._steps += 1
        decay = min(self._settings.ema, (1 + self._steps) / (10 + self._steps))
        with torch.no_grad():
            for name, value in self._live.items():
                self._average[name].lerp_(value, 1 - decay)
        return each.detach() @ self._taught_share

    @torch.no_grad()
    def _validate(self, examples: Examples, rows: Ints) -> Tensor:
        """(40,) mean validation loss of each head with averaged weights; heads without a label follow the mean."""
        self.model.eval()
        weights = {f"heads.{name}": value for name, value in self._average.items()}
        lost = weighed = torch.zeros(len(self.model.emotions), device=self._device)
        for batch in examples.blocks(rows):
            embeddings, *labels = self._on_device(batch)
            losses, counted = self._objective.losses(functional_call(self.model, weights, embeddings), *labels)
            lost, weighed = lost + losses.sum(0), weighed + counted.sum(0)
        known = weighed > 0
        mean = lost / weighed.clamp(min=1e-12)
        return torch.where(known, mean, mean[known].mean())

    def _keep_best(self, losses: Tensor) -> int:
        """Takes over the averaged weights of the heads that improved; a head that has stopped stays as it is."""
        improved = (losses < self.best_loss) & self._training
        for name, value in self._average.items():
            self._best[name][improved] = value[improved]
        self.best_loss = torch.where(improved, losses, self.best_loss)
        self._stale = torch.where(improved, 0, self._stale + 1)
        return int(improved.sum())

    def _on_device(self, batch: Batch) -> Iterator[Tensor]:
        return (part.to(self._device) for part in (batch.embeddings, batch.values, batch.weights))

    def save(self, storage: Storage) -> None:
        """Writes the checkpoint, atomically."""
        state = {
            "live": dict(self.model.heads.state_dict()),
            "average": self._average,
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
            "best_loss": self.best_loss,
            "stale": self._stale,
            "steps": self._steps,
            "history": [asdict(epoch) for epoch in self.history],
        }
        with storage.writing(CHECKPOINT) as sink:
            torch.save(state, cast(BinaryIO, sink))

    def resume(self, storage: Storage) -> bool:
        """Takes up the checkpoint; False where there is none. InputError where it is damaged."""
        if not storage.exists(CHECKPOINT):
            return False
        try:
            with storage.open(CHECKPOINT) as file:
                state = torch.load(file, map_location=self._device, weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
            raise InputError(
                f"{storage.where(CHECKPOINT)}: damaged ({brief(error, 100)}); remove it to start this run anew"
            ) from None
        self.model.heads.load_state_dict(state["live"])
        self._average, self._best = state["average"], state["best"]
        self._optimizer.load_state_dict(state["optimizer"])
        self.best_loss, self._stale, self._steps = state["best_loss"], state["stale"], state["steps"]
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        return True


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else float("nan")
