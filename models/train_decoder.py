"""Train the decoder (latents to pictures without seams), or distil the encoder half (pictures to latents).

Decoder: it sees latents with a little noise, so that it forgives imperfect samples, and is compared with the
render: L1 and squared error, and the same for steps between neighbours, all counted more around eyes, brows and mouth. Pixels
alone make skin too smooth to tell an age by; with ``--detail`` the two are also compared as the trained probe sees them.

Run: ``python -m models.train_decoder --work outputs/bundled-model --minutes 40`` and
``python -m models.train_decoder --work outputs/bundled-model --half encoder --minutes 4``; once the probe is trained, the first
again with ``--detail 0.5``. All resume.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from models import networks, reader
from models.latent import CELL_WEIGHT, LatentSpace, load_pictures

NOISE = 0.12  # of each channel's spread, at most; drawn anew for each picture
SAVE_EVERY = 200


class Data:
    """Renders, their latents made on the fly, and the pixel weights."""

    def __init__(self, work: Path) -> None:
        self.space = LatentSpace.load(work / "latent.npz")
        self.pictures = load_pictures(work)
        spread = self.space.encode(self.pictures[:400]).std((0, 2, 3))
        self.spread = torch.from_numpy(spread).view(1, -1, 1, 1)
        cells = torch.from_numpy(CELL_WEIGHT / CELL_WEIGHT.mean())[None, None]
        self.weight = functional.interpolate(cells, scale_factor=16, mode="bilinear").expand(1, 1, 128, 128)

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures (n, 3, 128, 128) in -1..1, half mirrored, and their clean latents."""
        rows = torch.randint(len(self.pictures), (size,)).numpy()
        pictures = self.pictures[rows]
        mirrored = torch.rand(size).numpy() < 0.5
        pictures[mirrored] = pictures[mirrored, :, ::-1]
        latents = torch.from_numpy(self.space.encode(pictures))
        return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1, latents


def picture_loss(made: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """L1 + squared error of pixels and of their differences to the right and below."""
    error = made - wanted
    total = ((error.abs() + 2 * error.square()) * weight).mean()
    across, down = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]
    return total + 0.7 * ((across.abs() * weight[..., 1:]).mean() + (down.abs() * weight[..., 1:, :]).mean())


class Detail:
    """How differently the probe sees two pictures: the mean distance of its maps, in their own deviations, times ``weight``."""

    def __init__(self, work: Path, weight: float) -> None:
        self.trunk, self.weight = reader.trained("probe", work).trunk.eval().requires_grad_(False), weight

    def __call__(self, made: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        maps = functional.interpolate(torch.cat([made, wanted]), size=reader.SIZE, mode="bilinear", antialias=True)
        total = torch.zeros(())
        for layer in self.trunk:
            maps = layer(maps)
            mine, other = maps.chunk(2)
            total = total + ((mine - other).abs().mean() / other.std())
        return self.weight * total / len(self.trunk)


def decoder_loss(vae: torch.nn.Module, data: Data, size: int, detail: Detail | None) -> torch.Tensor:
    """On noisy latents."""
    pictures, latents = data.batch(size)
    noisy = latents + torch.randn_like(latents) * data.spread * NOISE * torch.rand(size, 1, 1, 1) * 1.5
    made = vae.decoder(noisy.contiguous(memory_format=torch.channels_last))
    loss = picture_loss(made, pictures, data.weight)
    return loss + detail(made, pictures) if detail else loss


def encoder_loss(vae: torch.nn.Module, data: Data, size: int) -> torch.Tensor:
    """Distance of the mean to the linear latents, each channel in units of its spread; almost no variance."""
    pictures, latents = data.batch(size)
    output = vae.encoder(pictures.contiguous(memory_format=torch.channels_last))
    mean, log_variance = output.chunk(2, dim=1)
    return ((mean - latents) / data.spread).square().mean() + 0.01 * (log_variance + 8).square().mean()


def start_evenly(vae: torch.nn.Module, data: Data) -> None:
    """Let the first convolution of the decoder see channels of equal spread."""
    first = vae.decoder.conv_in.weight
    with torch.no_grad():
        first.div_(data.spread)


@torch.no_grad()
def decibels(vae: torch.nn.Module, data: Data) -> float:
    """Peak signal-to-noise ratio of 64 renders that went through the latents."""
    pictures, latents = data.batch(64)
    made = vae.decoder(latents).clamp(-1, 1)
    return float(10 * np.log10(4 / (made - pictures).square().mean().item()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--half", choices=("decoder", "encoder"), default="decoder")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--detail", type=float, default=0.0, help="weight of what the probe sees in the decoder's loss")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    networks.prepare(args.threads)
    vae, data = networks.autoencoder(), Data(args.work)
    half = vae.decoder if args.half == "decoder" else vae.encoder
    detail = Detail(args.work, args.detail) if args.detail and args.half == "decoder" else None
    loss_of = partial(decoder_loss, detail=detail) if args.half == "decoder" else encoder_loss
    optimizer = torch.optim.AdamW(half.parameters(), lr=args.rate, betas=(0.9, 0.99), weight_decay=1e-4)
    average, step, file = networks.Average(half.parameters(), 0.998), 0, args.work / f"{args.half}.pt"
    state = networks.restore(file)
    if state:
        half.load_state_dict(state["live"])
        optimizer.load_state_dict(state["optimizer"])
        average.kept, average.steps, step = state["average"], state["step"], state["step"]
    elif args.half == "decoder":
        start_evenly(vae, data)
    torch.manual_seed(step)
    progress = networks.Progress(args.half, args.minutes)
    while progress.elapsed < args.minutes:
        for group in optimizer.param_groups:
            group["lr"] = networks.rate(args.rate, step, progress.elapsed / args.minutes, cooldown=0.5, least=0.03)
        loss = loss_of(vae, data, args.batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(half.parameters(), 1.0)
        optimizer.step()
        average.update()
        step += 1
        progress.step(step, loss.item())
        if step % SAVE_EVERY == 0 or progress.elapsed >= args.minutes:
            state = {
                "live": half.state_dict(),
                "optimizer": optimizer.state_dict(),
                "average": average.kept,
                "step": step,
            }
            networks.save(file, state)
    if args.half == "decoder":
        average.swap()
        print(f"decoder {decibels(vae, data):.2f} dB on 64 renders")


if __name__ == "__main__":
    main()
