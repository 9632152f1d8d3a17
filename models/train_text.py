"""Train the text encoder alone: from a prompt, name ethnicity, age, gender, emotion and intensity.

A few minutes of this spare the generator hours of finding out which words matter. The heads are thrown away; the encoder is
kept and the generator trains on its output.

Run: ``python -m models.train_text --work outputs/bundled-model --minutes 4`` (needs no renders). Resumes from ``text.pt``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models import networks
from models.people import Labels
from models.tables import GENDERS, INTENSITIES, OLDEST, YOUNGEST, expressions, looks
from models.wording import build_tokenizer, describe, encode

BATCH = 64


class Heads(nn.Module):
    """Linear readings of one token's output. What a prompt leaves out (age in 15 % of the short ones) cannot be read."""

    def __init__(self, width: int = networks.TEXT_WIDTH) -> None:
        super().__init__()
        sizes = (len(looks().ethnicities), len(GENDERS), len(expressions()), len(INTENSITIES), 1)
        self.ethnicity, self.gender, self.emotion, self.intensity, self.age = (nn.Linear(width, n) for n in sizes)

    def loss(self, features: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Sum of cross entropies, and of the squared error of age over 20 years."""
        named = (self.ethnicity, self.gender, self.emotion, self.intensity)
        total = sum(functional.cross_entropy(head(features), wanted[:, i]) for i, head in enumerate(named))
        years = (wanted[:, 4].float() - 50) / 20
        return torch.as_tensor(total + 2 * functional.mse_loss(self.age(features)[:, 0], years))


def examples(count: int, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Random prompts and the label numbers they were made of, (count, 5)."""
    axes = [list(looks().ethnicities), list(GENDERS), list(expressions()), list(INTENSITIES)]
    numbers = np.stack(
        [*(rng.integers(len(axis), size=count) for axis in axes), rng.integers(YOUNGEST, OLDEST + 1, count)], 1
    )
    texts = []
    for ethnicity, gender, emotion, intensity, age in numbers.tolist():
        labels = Labels(axes[0][ethnicity], age, axes[1][gender], axes[2][emotion], axes[3][intensity])
        texts.append(describe(labels, rng))
    return texts, numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    networks.prepare(args.threads)
    tokenizer = build_tokenizer()
    encoder, heads = networks.text_encoder(len(tokenizer)), Heads()
    state = networks.restore(args.work / "text.pt")
    if state:
        encoder.load_state_dict(state["encoder"])
        heads.load_state_dict(state["heads"])
    rng = np.random.default_rng(state["step"] if state else 0)
    texts, numbers = examples(60_000, rng)
    tokens, wanted = torch.from_numpy(encode(texts, tokenizer)), torch.from_numpy(numbers)
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, betas=(0.9, 0.99), weight_decay=0.01)
    progress, step = networks.Progress("text", args.minutes, 10), state["step"] if state else 0
    while progress.elapsed < args.minutes:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * max(0.02, 1 - progress.elapsed / args.minutes)
        rows = torch.randint(len(tokens), (BATCH,))
        output = encoder(tokens[rows]).last_hidden_state
        place = torch.randint(
            output.shape[1] - 4, output.shape[1], (1,)
        ).item()  # any padding token knows the whole prompt
        loss = heads.loss(output[:, int(place)], wanted[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        progress.step(step, loss.item())
    networks.save(args.work / "text.pt", {"encoder": encoder.state_dict(), "heads": heads.state_dict(), "step": step})
    texts, numbers = examples(2000, np.random.default_rng(10**6))
    with torch.no_grad():
        features = encoder(torch.from_numpy(encode(texts, tokenizer))).last_hidden_state[:, -1]
        for i, name in enumerate(("ethnicity", "gender", "emotion", "intensity")):
            right = getattr(heads, name)(features).argmax(1).numpy() == numbers[:, i]
            print(f"{name} read from unseen prompts: {right.mean():.3f}")
        age = heads.age(features)[:, 0].numpy() * 20 + 50
        print(f"age: median error {np.median(np.abs(age - numbers[:, 4])):.1f} years")


if __name__ == "__main__":
    main()
