"""Forty heads at once against a loop over forty single heads: `python benchmarks/heads.py [--width 192]`.

All train the same initial weights on the same pictures in the same order, with AdamW, averaged weights and a validation
after every epoch, and without dropout. The single heads are `nn.Sequential`s of `nn.Linear`, in two versions:

  plain   as such loops are written: `DataLoader` over tensors, AdamW as it comes
  tuned   batches cut from tensors in memory, fused AdamW; the least that forty runs can cost

Data are random embeddings whose scores come from a random network. The three take turns, and the shortest time of each
counts. Printed: seconds, their ratio, and how far the best validation losses of the forty heads lie apart. On a CPU the ratio
falls as embeddings and heads widen, since arithmetic, which is the same for all, outgrows what is paid per step and head.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from pipeline.labels.emotions import emotion_names
from pipeline.training.examples import Examples, Part
from pipeline.training.fit import Fit
from pipeline.training.heads import SIZES
from pipeline.training.loss import Objective, measure
from pipeline.training.model import EmotionModel
from pipeline.training.recipe import Settings

Batches = Callable[[NDArray[np.int64], int], Iterator[tuple[Tensor, Tensor, Tensor]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", choices=list(SIZES), default="small")
    parser.add_argument("--pictures", type=int, default=2048)
    parser.add_argument("--width", type=int, default=192, help="numbers in an embedding; the bundled encoder's")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=Settings().batch_size)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="torch's own choice by default")
    parser.add_argument("--rounds", type=int, default=3, help="the shortest time of so many counts")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = Settings(epochs=arguments.epochs, batch_size=arguments.batch_size, dropout=0, patience=arguments.epochs)
    with tempfile.TemporaryDirectory() as folder, Examples(Path(folder) / "records", arguments.width) as examples:
        tensors = random_pictures(arguments.pictures, arguments.width)
        examples.append(torch.hstack(tensors).numpy())
        held = arguments.pictures // 10
        train, validation = Part("train", np.arange(held, arguments.pictures)), Part("validation", np.arange(held))
        objective = measure(examples, train, "rating").objective
        model = EmotionModel(arguments.width, SIZES[arguments.heads], emotion_names(), "random")
        model.heads.initialise(torch.Generator().manual_seed(0))

        def loop(batches: Batches, fused: bool | None) -> Tensor:
            singles = [Single(model, place, objective, settings, fused) for place in range(len(model.emotions))]
            return torch.tensor([single.train(train.rows, validation.rows, batches, tensors) for single in singles])

        def together() -> Tensor:
            copy = EmotionModel(arguments.width, SIZES[arguments.heads], emotion_names(), "random")
            copy.load_state_dict(model.state_dict())
            fit = Fit(copy, objective, settings, torch.device("cpu"))
            fit.run(examples, train, validation, lambda epoch: None)
            return fit.best_loss

        together()  # the first call of each kind of operation sets things up
        print(f"{len(model.emotions)} heads {arguments.width}-{'-'.join(map(str, model.hidden))}-1, ", end="")
        print(f"{len(train.rows)} pictures, {settings.epochs} epochs, batches of {settings.batch_size}, ", end="")
        print(f"{torch.get_num_threads()} threads")
        ways = {
            "at once": together,
            "loop, plain": lambda: loop(loaded(tensors), None),
            "loop, tuned": lambda: loop(cut(tensors), True),
        }
        rounds = [{name: timed(way) for name, way in ways.items()} for _ in range(arguments.rounds)]
        report({name: min((one[name] for one in rounds), key=lambda result: result[0][0]) for name in ways})


def report(results: dict[str, tuple[NDArray[np.float64], Tensor]]) -> None:
    seconds, losses = results["at once"]
    print(
        f"{'':<12} {'wall s':>8} {'CPU s':>8} {'ratio':>7} {'of CPU':>7}   mean loss, and largest difference of a head's"
    )
    for name, (took, found) in results.items():
        apart = float(((found - losses) / losses).abs().max())
        wall, cpu = took / seconds
        print(
            f"{name:<12} {took[0]:8.2f} {took[1]:8.2f} {wall:7.1f} {cpu:7.1f}   {float(found.mean()):.6f} {apart:.0e}"
        )


def timed(work: Callable[[], Tensor]) -> tuple[NDArray[np.float64], Tensor]:
    """Seconds on the wall and of this process's CPU, the fairer where a machine is shared; and what `work` returns."""
    before = np.array([time.perf_counter(), time.process_time()])
    losses = work()
    return np.array([time.perf_counter(), time.process_time()]) - before, losses


def random_pictures(pictures: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Embeddings, values and weights."""
    generator = torch.Generator().manual_seed(1)
    embeddings = torch.randn(pictures, width, generator=generator)
    scores = (embeddings @ torch.randn(width, len(emotion_names()), generator=generator) / width**0.5).relu()
    values = (2 * scores).clamp(max=7)
    return embeddings, values, torch.ones_like(values)


def loaded(tensors: tuple[Tensor, Tensor, Tensor]) -> Batches:
    """Batches as a DataLoader makes them."""
    dataset = TensorDataset(*tensors)
    return lambda rows, size: iter(DataLoader(dataset, batch_size=size, sampler=rows.tolist()))


def cut(tensors: tuple[Tensor, Tensor, Tensor]) -> Batches:
    """Batches as one indexing makes them."""

    def batches(rows: NDArray[np.int64], size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for first in range(0, len(rows), size):
            chosen = torch.from_numpy(rows[first : first + size])
            yield tensors[0][chosen], tensors[1][chosen], tensors[2][chosen]

    return batches


class Single:
    """Head number `place` of a model as a network of its own, with the same weights and the same training."""

    def __init__(
        self, model: EmotionModel, place: int, objective: Objective, settings: Settings, fused: bool | None
    ) -> None:
        layers: list[nn.Module] = []
        for weight, bias in zip(model.heads.weights, model.heads.biases, strict=True):
            linear = nn.Linear(weight.shape[2], weight.shape[1])
            linear.load_state_dict({"weight": weight[place].clone(), "bias": bias[place, :, 0].clone()})
            layers += [linear, nn.ReLU()]
        self.head, self.place, self.settings = nn.Sequential(*layers[:-1]), place, settings
        self.objective = Objective(objective.kind, objective.present[place], objective.absent[place])
        self.optimizer = torch.optim.AdamW(
            self.head.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=fused
        )
        self.average = {name: value.detach().clone() for name, value in self.head.named_parameters()}
        self.steps = 0

    def train(
        self,
        rows: NDArray[np.int64],
        validation: NDArray[np.int64],
        batches: Batches,
        tensors: tuple[Tensor, Tensor, Tensor],
    ) -> float:
        """The best validation loss."""
        best = torch.inf
        for epoch in range(self.settings.epochs):
            order = np.random.default_rng((self.settings.seed, epoch)).permutation(rows)
            for embeddings, values, weights in batches(order, self.settings.batch_size):
                self.step(embeddings, values[:, self.place], weights[:, self.place])
            best = min(best, self.validate(*(tensor[torch.from_numpy(validation)] for tensor in tensors)))
        return best

    def step(self, embeddings: Tensor, values: Tensor, weights: Tensor) -> None:
        losses, _ = self.objective.losses(self.head(embeddings)[:, 0], values, weights)
        self.optimizer.zero_grad(set_to_none=True)
        losses.mean().backward()
        self.optimizer.step()
        self.steps += 1
        decay = min(self.settings.ema, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for name, value in self.head.named_parameters():
                self.average[name].lerp_(value, 1 - decay)

    @torch.no_grad()
    def validate(self, embeddings: Tensor, values: Tensor, weights: Tensor) -> float:
        scores = torch.func.functional_call(self.head, self.average, embeddings)[:, 0]
        losses, counted = self.objective.losses(scores, values[:, self.place], weights[:, self.place])
        return float(losses.sum() / counted.sum())


if __name__ == "__main__":
    main()
