"""Forty heads at once are forty heads."""

import numpy as np
import torch
from torch import nn

from pipeline.labels.emotions import emotion_names
from pipeline.training.examples import Examples, Part
from pipeline.training.fit import Fit
from pipeline.training.heads import SIZES, StackedHeads
from pipeline.training.loss import measure
from pipeline.training.model import EmotionModel
from pipeline.training.recipe import Settings


def stacked(count=5, width=7, hidden=(6, 4), dropout=0.0):
    heads = StackedHeads(count, width, hidden, dropout)
    heads.initialise(torch.Generator().manual_seed(3))
    return heads


def alone(heads, place):
    layers = []
    for weight, bias in zip(heads.weights, heads.biases, strict=True):
        linear = nn.Linear(weight.shape[2], weight.shape[1])
        linear.load_state_dict({"weight": weight[place].clone(), "bias": bias[place, :, 0].clone()})
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def test_scores_and_gradients_are_those_of_separate_networks():
    heads, inputs = stacked(), torch.randn(9, 7, generator=torch.Generator().manual_seed(1))
    scores = heads(inputs)
    (scores**2).sum().backward()
    for place in range(5):
        single = alone(heads, place)
        score = single(inputs)[:, 0]
        (score**2).sum().backward()
        torch.testing.assert_close(scores[:, place], score)
        for layer, linear in enumerate(single[::2]):
            torch.testing.assert_close(heads.weights[layer].grad[place], linear.weight.grad)
            torch.testing.assert_close(heads.biases[layer].grad[place, :, 0], linear.bias.grad)


def test_initial_weights_are_those_of_a_linear_layer():
    heads = stacked(count=40, width=50, hidden=(60,))
    assert heads.weights[0].abs().max() <= 50**-0.5
    assert abs(float(heads.weights[0].std()) - (50**-0.5) / 3**0.5) < 0.002  # a uniform distribution's


def test_dropout_drops_its_share_and_keeps_the_mean_and_only_in_training():
    heads = stacked(count=3, width=4, hidden=(2000,), dropout=0.25)
    inputs = torch.ones(1, 4)
    heads.eval()
    whole = heads(inputs)
    assert torch.equal(whole, heads(inputs))
    heads.train()
    masks = torch.Generator().manual_seed(0)
    drawn = torch.stack([heads(inputs, masks) for _ in range(300)])
    assert float(drawn.std(dim=0).min()) > 0
    torch.testing.assert_close(drawn.mean(dim=0), whole, atol=0.02, rtol=0)


def test_the_two_sizes_are_the_papers():
    assert SIZES == {"small": (128, 32), "large": (1024, 512, 256)}


def test_trained_together_each_head_ends_as_if_trained_alone(tmp_path):
    settings = Settings(epochs=12, batch_size=16, dropout=0, patience=2, learning_rate=0.05, ema=0.5)
    generator = torch.Generator().manual_seed(2)
    embeddings, values = torch.randn(96, 6, generator=generator), 7 * torch.rand(96, 40, generator=generator)
    with Examples(tmp_path / "records", 6) as examples:
        examples.append(torch.hstack([embeddings, values, torch.ones(96, 40)]).numpy())
        train, validation = Part("train", np.arange(24, 96)), Part("validation", np.arange(24))
        objective = measure(examples, train, "rating").objective
        model = EmotionModel(6, (5,), emotion_names(), "none")
        model.heads.initialise(torch.Generator().manual_seed(4))
        singles = [alone(model.heads, place) for place in range(40)]
        fit = Fit(model, objective, settings, torch.device("cpu"))
        fit.run(examples, train, validation, lambda epoch: None)
        stops = set()
        for place in (0, 7, 39):
            best, epochs = train_alone(singles[place], place, objective, settings, examples, train, validation)
            stops.add(epochs)
            torch.testing.assert_close(fit.best_loss[place], torch.tensor(best), rtol=1e-4, atol=0)
            with torch.no_grad():
                torch.testing.assert_close(
                    model(embeddings)[:, place], singles[place](embeddings)[:, 0], rtol=1e-3, atol=1e-3
                )
    assert min(stops) < settings.epochs  # one at least was stopped early, and so its later epochs did not count


def train_alone(head, place, objective, settings, examples, train, validation):
    """The best loss and the epochs of one plain network, which ends with its best averaged weights."""
    optimizer = torch.optim.AdamW(head.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    average = {name: value.detach().clone() for name, value in head.named_parameters()}
    best, kept, stale, steps, epoch = torch.inf, average, 0, 0, 0

    def losses(batch, weights):
        class_weight = torch.where(batch.values[:, place] >= 1, objective.present[place], objective.absent[place])
        score = torch.func.functional_call(head, weights, batch.embeddings)[:, 0]
        return (score - batch.values[:, place]) ** 2 * class_weight, class_weight

    while epoch < settings.epochs and stale < settings.patience:
        order = np.random.default_rng((settings.seed, epoch)).permutation(train.rows)
        for first in range(0, len(order), settings.batch_size):
            loss, _ = losses(examples.take(order[first : first + settings.batch_size]), dict(head.named_parameters()))
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            steps += 1
            decay = min(settings.ema, (1 + steps) / (10 + steps))
            for name, value in head.named_parameters():
                average[name] = decay * average[name] + (1 - decay) * value.detach()
        loss, weight = losses(examples.take(validation.rows), average)
        found = float(loss.sum() / weight.sum())
        stale = 0 if found < best else stale + 1
        if found < best:
            best, kept = found, dict(average)
        epoch += 1
    head.load_state_dict(kept)
    return best, epoch
