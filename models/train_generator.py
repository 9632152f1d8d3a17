"""Train the denoiser with rectified flow on the latents of the renders, together with the text encoder that prompts it.

x_t = (1 - t) x + t noise, target v = noise - x, t logit-normal; the loss counts cells of the face more (CELL_WEIGHT). One
prompt in ten is replaced by the empty or a negative prompt, so that classifier-free guidance works with either. Every picture
meets a new wording each time. The text encoder comes from train_text and goes on learning slowly (WORDS_RATE), so that what the
pictures tell apart, such as decades of age, comes apart in its output. The average of the weights is what ships.

Run: ``python -m models.train_generator --work outputs/bundled-model --minutes 80``. Resumes from ``generator.pt`` with its
optimizer; ``--rate`` is the peak learning rate and ``--cooldown`` the share of this run over which it falls to a twentieth.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models import networks
from models.latent import CELL_WEIGHT, load_labels
from models.people import Labels
from models.render import COLUMNS
from models.wording import build_tokenizer, describe, encode, negatives

DROPPED = 0.1
WORDS_RATE = 0.3  # learning rate of the text encoder, as a share of the denoiser's
SAVE_EVERY = 300  # steps


@dataclass(frozen=True, slots=True)
class Data:
    """Latents (2, n, C, 8, 8) float16 and the tokens of several prompts for each picture, (n, variants, LENGTH)."""

    latents: torch.Tensor
    tokens: torch.Tensor
    unconditional: torch.Tensor

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Random latents, half of them mirrored, and tokens, a tenth of them unconditional."""
        rows = torch.randint(self.latents.shape[1], (size,))
        latents = self.latents[torch.randint(2, (size,)), rows].float()
        tokens = self.tokens[rows, torch.randint(self.tokens.shape[1], (size,))].clone()
        empty = torch.rand(size) < DROPPED
        tokens[empty] = self.unconditional[torch.randint(len(self.unconditional), (int(empty.sum()),))]
        return latents.contiguous(memory_format=torch.channels_last), tokens.long()


def load(work: Path, variants: int, seed: int) -> Data:
    """Read the latents and word ``variants`` prompts for each picture."""
    latents = torch.from_numpy(np.load(work / "latents.npy"))
    columns = load_labels(work)
    count, tokenizer, rng = latents.shape[1], build_tokenizer(), np.random.default_rng(seed)
    rows = [Labels(*(columns[name][i].item() for name in COLUMNS)) for i in range(count)]
    tokens = np.stack(
        [encode([describe(row, rng) for row in rows], tokenizer).astype(np.int16) for _ in range(variants)], 1
    )
    # the empty prompt counts twice: it is also what stands in where no negative prompt is given
    return Data(latents, torch.from_numpy(tokens), torch.from_numpy(encode(["", *negatives()], tokenizer)).short())


def flow_loss(
    denoiser: torch.nn.Module, latents: torch.Tensor, context: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """Weighted squared error of the predicted velocity at one random time for each picture."""
    noise = torch.randn_like(latents)
    time = torch.sigmoid(torch.randn(len(latents)))
    mixed = torch.lerp(latents, noise, time.view(-1, 1, 1, 1))
    velocity = denoiser(mixed, time * 1000, encoder_hidden_states=context).sample
    return ((velocity - (noise - latents)).square() * weight).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--cooldown", type=float, default=0.4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--average", type=float, default=0.9985, help="decay of the weight average")
    parser.add_argument("--variants", type=int, default=6, help="prompts worded for each picture")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="torch.compile the denoiser (needs a C++ compiler)")
    args = parser.parse_args()
    networks.prepare(args.threads)
    denoiser, encoder = networks.denoiser(), networks.text_encoder(len(build_tokenizer()))
    trained = [*denoiser.parameters(), *encoder.parameters()]
    groups = [
        {"params": list(part.parameters()), "share": share} for part, share in ((denoiser, 1.0), (encoder, WORDS_RATE))
    ]
    optimizer = torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.99), weight_decay=0.01)
    text = networks.restore(args.work / "text.pt")
    if text is None:
        raise SystemExit(f"{args.work}/text.pt is missing: run python -m models.train_text first")
    encoder.load_state_dict(text["encoder"])
    average, step = networks.Average(trained, args.average), 0
    state = networks.restore(args.work / "generator.pt")
    if state:
        denoiser.load_state_dict(state["live"])
        encoder.load_state_dict(state["encoder"])
        optimizer.load_state_dict(state["optimizer"])
        average.kept, average.steps, step = state["average"], state["step"], state["step"]
    torch.manual_seed(step)
    data = load(args.work, args.variants, seed=step)
    weight = torch.from_numpy(CELL_WEIGHT / CELL_WEIGHT.mean())
    network = torch.compile(denoiser) if args.compile else denoiser
    print(f"{data.latents.shape[1]} pictures and their mirror images, from step {step}", flush=True)
    progress = networks.Progress("generator", args.minutes)
    while progress.elapsed < args.minutes:
        for group in optimizer.param_groups:
            group["lr"] = group["share"] * networks.rate(
                args.rate, step, progress.elapsed / args.minutes, args.cooldown, least=0.05
            )
        latents, tokens = data.batch(args.batch)
        loss = flow_loss(network, latents, encoder(tokens).last_hidden_state, weight)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        average.update()
        step += 1
        progress.step(step, loss.item())
        if step % SAVE_EVERY == 0:
            save(args.work, denoiser, encoder, optimizer, average, step)
    save(args.work, denoiser, encoder, optimizer, average, step)


def save(
    work: Path,
    denoiser: torch.nn.Module,
    encoder: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    average: networks.Average,
    step: int,
) -> None:
    """Write ``generator.pt``; its ``average`` holds the denoiser's parameters, then the text encoder's."""
    state = {
        "live": denoiser.state_dict(),
        "encoder": encoder.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average.kept,
        "step": step,
    }
    networks.save(work / "generator.pt", state)


if __name__ == "__main__":
    main()
