"""Train the probe on the faces cut out by models/faces.py, or the judge on whole renders.

Run: ``python -m models.train_reader probe --work outputs/bundled-model --minutes 40`` and, on renders of another seed,
``python -m models.train_reader judge --work outputs/judge --minutes 30``. The last files are held out: the figures printed at the
end come from people that the network has never seen. Resumes from ``probe.pt`` or ``judge.pt``; the rate falls to zero over
``--minutes``. What is shipped is the mean of the networks at the ends of the last two runs (Izmailov et al., "Averaging Weights
Leads to Wider Optima", 2018), so two runs are better than one of twice the length.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from models import networks, reader
from models.faces import CUT
from models.judge import shrunk
from models.latent import shards
from models.render import LOOSE
from pipeline.faces.align import BEYOND

HELD_OUT = 12  # one of so many files is held out
STRANGE = 0.6  # share of the probe's pictures in a strange light and of a strange texture
WEIGHTS = {"ethnicity": 0.6, "age": 1.0, "gender": 0.3, "emotion": 1.0, reader.VISIBILITY: 2.0}
SAVE_EVERY = 500  # steps
RUNS = 2  # whose ends are averaged


@dataclass(frozen=True, slots=True)
class Data:
    """Pictures (n, SIZE, SIZE, 3) uint8; per axis the number of the level, -1 where there is nothing to learn from."""

    pictures: torch.Tensor
    targets: dict[str, torch.Tensor]
    kinds: npt.NDArray[np.str_]

    def part(self, rows: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return self.pictures[rows], {axis: target[rows] for axis, target in self.targets.items()}


def load(which: str, work: Path) -> tuple[Data, Data]:
    """What to learn from, loose renders twice, and what is held out: every twelfth file."""
    files = sorted((work / "faces").glob("*.npz")) if which == "probe" else shards(work)
    if not files:
        raise SystemExit(f"{work}: nothing to learn from; run models.render and models.faces first")
    held_out = files[HELD_OUT // 2 :: HELD_OUT]
    kept = [file for file in files if file not in held_out]
    return _read(which, kept + [file for file in kept if file.name.startswith(LOOSE)]), _read(which, held_out)


def _read(which: str, files: list[Path]) -> Data:
    read = _faces if which == "probe" else _whole
    parts = [read(dict(np.load(path))) for path in files]
    pictures = torch.from_numpy(np.concatenate([part[0] for part in parts]))
    columns = {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]}
    targets = {axis: _numbers(columns[axis], names) for axis, names in reader.levels().items()}
    if "whole" in columns:
        targets = {axis: torch.where(torch.from_numpy(columns["whole"]), t, -1) for axis, t in targets.items()}
        targets[reader.VISIBILITY] = torch.from_numpy(columns["whole"]).long()
    return Data(pictures, targets, columns.get("kind", np.zeros(len(pictures), "U1")))


def _faces(columns: dict[str, npt.NDArray]) -> tuple[npt.NDArray[np.uint8], dict[str, npt.NDArray]]:
    return columns.pop("face"), columns


def _whole(columns: dict[str, npt.NDArray]) -> tuple[npt.NDArray[np.uint8], dict[str, npt.NDArray]]:
    return np.stack([shrunk(picture) for picture in columns.pop("picture")]), columns


def _numbers(values: npt.NDArray, names: tuple[str, ...]) -> torch.Tensor:
    if values.dtype.kind == "i":  # ages in years, each learnt as the nearest decade of the grid
        values = np.array([min(names, key=lambda name: abs(int(name) - age)) for age in values])
    return torch.tensor([names.index(str(value)) for value in values])


def surrounded(pictures: torch.Tensor, cut: torch.Tensor) -> torch.Tensor:
    """Faces (n, s, s, 3) uint8, where what lay outside the picture has a colour of its own in six of ten that are not cut.

    Renders are framed tightly, photographs are not: the grey edge must not tell anything but a cut.
    """
    count, size = len(pictures), pictures.shape[1]
    chosen = ~cut & (torch.rand(count) < 0.6)
    beyond = (pictures == torch.tensor(BEYOND, dtype=torch.uint8)).all(3, keepdim=True) & chosen.view(-1, 1, 1, 1)
    colour = (
        torch.rand(count, 1, 1, 3) * 255 + torch.linspace(-1, 1, size).view(-1, 1, 1) * torch.randn(count, 1, 1, 3) * 30
    )
    return torch.where(beyond, colour.clamp(0, 255).to(torch.uint8), pictures)


def disturbed(pictures: torch.Tensor, strength: float) -> torch.Tensor:
    """Pictures (n, 3, s, s) in -1..1 mirrored, shifted, turned, in other light, blurred and noisy, at random."""
    count = len(pictures)
    angle, scale = torch.randn(count) * 0.06, 1 + torch.randn(count) * 0.04
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift = torch.randn(count, 2) * 0.03
    turn = torch.stack(
        [torch.stack([cos * mirror, -sin, shift[:, 0]], 1), torch.stack([sin * mirror, cos, shift[:, 1]], 1)], 1
    )
    moved = functional.grid_sample(
        pictures, functional.affine_grid(turn, list(pictures.shape), align_corners=False),
        padding_mode="border", align_corners=False,
    )  # fmt: skip
    for factor, chance in ((2, 0.25), (3, 0.1)):
        rows = torch.rand(count) < chance * strength
        if rows.any():
            small = functional.avg_pool2d(moved[rows], factor)
            moved[rows] = functional.interpolate(small, size=pictures.shape[2:], mode="bilinear", align_corners=False)
    light = 1 + torch.randn(count, 1, 1, 1) * 0.16 * strength
    tint = 1 + torch.randn(count, 3, 1, 1) * 0.05 * strength
    moved = (moved * light + torch.randn(count, 1, 1, 1) * 0.1 * strength + 1) * tint - 1
    noise = torch.randn_like(moved) * torch.rand(count, 1, 1, 1) * 0.06 * strength
    return (moved + noise).clamp(-1, 1)


def relit(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (n, 3, s, s) in -1..1 in a light in which skin colour tells nothing: dark, bright, coloured, one-sided, grey."""
    count, size = len(pictures), pictures.shape[3]
    bright = ((pictures + 1) / 2).clamp(1e-3, 1) ** torch.exp(torch.randn(count, 1, 1, 1) * 0.35)
    bright = bright * torch.exp(torch.randn(count, 1, 1, 1) * 0.35 - 0.2)
    bright = bright * torch.exp(torch.randn(count, 3, 1, 1) * 0.13)
    slope = (
        torch.linspace(-1, 1, size)
        * torch.rand(count, 1, 1, 1)
        * 0.6
        * torch.where(torch.rand(count, 1, 1, 1) < 0.5, -1, 1)
    )
    bright = torch.where(torch.rand(count, 1, 1, 1) < 0.4, bright * (1 + slope), bright)
    grey = bright.mean(1, keepdim=True).expand_as(bright)
    return torch.where(torch.rand(count, 1, 1, 1) < 0.3, grey, bright).clamp(0, 1) * 2 - 1


def retextured(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (n, 3, s, s) in -1..1 with another texture: renders have one look, photographs have many.

    Each is mixed with itself under a random convolution (Xu et al., "Robust and Generalizable Visual Representation Learning via
    Random Convolutions", 2021), sharpened or softened, and overlaid with grain of a random coarseness.
    """
    count, _, size, _ = pictures.shape
    reach = int(torch.randint(4, ()))
    width = 2 * reach + 1
    kernel = torch.randn(count * 3, 3, width, width) / (3 * width**2) ** 0.5
    padded = functional.pad(pictures, (reach,) * 4, mode="replicate").reshape(1, count * 3, size + 2 * reach, -1)
    filtered = functional.conv2d(padded, kernel, groups=count).view_as(pictures)
    spread, mean = pictures.std((1, 2, 3), keepdim=True), pictures.mean((1, 2, 3), keepdim=True)
    filtered = (filtered - filtered.mean((1, 2, 3), keepdim=True)) / (filtered.std((1, 2, 3), keepdim=True) + 1e-4)
    share = torch.rand(count, 1, 1, 1) * 0.5
    mixed = (1 - share) * pictures + share * (filtered * spread + mean)
    soft = functional.avg_pool2d(functional.pad(mixed, (1,) * 4, mode="replicate"), 3, 1)
    mixed = mixed + (mixed - soft) * (torch.randn(count, 1, 1, 1) * 0.8 + 0.5).clamp(-0.8, 3)
    coarse = int(torch.tensor([12, 24, 48, 96])[torch.randint(4, ())])
    grain = torch.randn(count, int(torch.randint(1, 3, ())) * 2 - 1, coarse, coarse)
    grain = functional.interpolate(grain, size=(size, size), mode="bilinear", align_corners=False)
    return (mixed + grain * torch.rand(count, 1, 1, 1) * 0.08).clamp(-1, 1)


class MixedStyle:
    """A forward hook: gives half of the batches the channel statistics of their neighbours (Zhou et al., "MixStyle", 2021)."""

    def __init__(self) -> None:
        self.on = False

    def __call__(self, _module: torch.nn.Module, _inputs: object, maps: torch.Tensor) -> torch.Tensor | None:
        if not self.on:
            return None
        mean, deviation = maps.mean((2, 3), keepdim=True), maps.std((2, 3), keepdim=True) + 1e-4
        other = torch.randperm(len(maps))
        share = torch.distributions.Beta(0.3, 0.3).sample((len(maps), 1, 1, 1))
        mean, deviation = mean.detach(), deviation.detach()
        normed = (maps - mean) / deviation
        return normed * torch.lerp(deviation, deviation[other], share) + torch.lerp(mean, mean[other], share)


def loss_of(logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]) -> torch.Tensor:
    """Weighted sum over the axes; rows of target -1 do not count."""
    total = torch.zeros(())
    for axis, values in logits.items():
        target = targets[axis]
        if axis == reader.VISIBILITY:
            part = functional.binary_cross_entropy_with_logits(values[:, 0], target.float() * 0.96 + 0.02)
        else:
            part = functional.cross_entropy(values, target, ignore_index=-1, label_smoothing=0.05)
            part = part if (target >= 0).any() else values.sum() * 0
        total = total + WEIGHTS[axis] * part
    return total


@torch.no_grad()
def examine(network: reader.Reader, data: Data, batch: int = 256) -> dict[str, float]:
    """Share of right answers for each axis; for visibility the shares of covered refused and of whole kept, by kind too."""
    network.eval()
    answers: dict[str, list[torch.Tensor]] = {axis: [] for axis in network.heads}
    for start in range(0, len(data.pictures), batch):
        logits, _ = network(reader.as_input(data.pictures[start : start + batch]))
        for axis, values in logits.items():
            answers[axis].append((values[:, 0] > 0).long() if axis == reader.VISIBILITY else values.argmax(1))
    network.train()
    found = {}
    for axis, parts in answers.items():
        target = data.targets[axis]
        right = (torch.cat(parts) == target)[target >= 0].float()
        found[axis] = right.mean().item()
        if axis == reader.VISIBILITY:
            found |= {f"{axis} {kind or 'clean'}": right[torch.from_numpy(data.kinds == kind)].mean().item()
                      for kind in np.unique(data.kinds)}  # fmt: skip
    return found


def inputs_for_probe(data: Data, rows: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Disturbed faces and their targets; where the light is strange, ethnicity is not asked for."""
    faces, targets = data.part(rows)
    cut = torch.from_numpy(data.kinds[rows.numpy()] == CUT)
    inputs = disturbed(reader.as_input(surrounded(faces, cut)), 1.0)
    strange = torch.rand(len(rows)) < STRANGE
    inputs[strange] = retextured(relit(inputs[strange]))
    return inputs, {**targets, "ethnicity": torch.where(strange, -1, targets["ethnicity"])}


def inputs_for_judge(data: Data, rows: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Whole pictures, hardly disturbed."""
    pictures, targets = data.part(rows)
    return disturbed(reader.as_input(pictures), 0.4), targets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=["probe", "judge"])
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    inputs_for = inputs_for_probe if args.which == "probe" else inputs_for_judge
    networks.prepare(args.threads, seed={"probe": 1, "judge": 2}[args.which])
    network = reader.probe() if args.which == "probe" else reader.judge()
    optimizer = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.05)
    file, step, ends = args.work / f"{args.which}.pt", 0, []
    state = networks.restore(file)
    if state:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        step, ends = state["step"], state["ends"]
        torch.manual_seed(step)
    train, held_out = load(args.which, args.work)
    print(f"{len(train.pictures)} pictures, {len(held_out.pictures)} held out, from step {step}", flush=True)
    style = MixedStyle()
    if args.which == "probe":
        for layer in (2, 4):
            network.trunk[layer].register_forward_hook(style)
    progress = networks.Progress(args.which, args.minutes)
    while progress.elapsed < args.minutes:
        for group in optimizer.param_groups:
            group["lr"] = rate(args.rate, step, progress.elapsed / args.minutes)
        inputs, targets = inputs_for(train, torch.randint(len(train.pictures), (args.batch,)))
        style.on = args.which == "probe" and step % 2 == 0
        if style.on:
            targets["ethnicity"] = torch.full_like(targets["ethnicity"], -1)
        loss = loss_of(network(inputs.contiguous(memory_format=torch.channels_last))[0], targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        step += 1
        progress.step(step, loss.item())
        if step % SAVE_EVERY == 0:
            save(file, network, optimizer, step, ends)
    ends = [*ends, network.state_dict()][-RUNS:]
    save(file, network, optimizer, step, ends)
    network.load_state_dict(reader.mean(ends))
    for name, share in examine(network, held_out).items():
        print(f"{name:40s} {share:.3f}")


def rate(peak: float, step: int, share: float) -> float:
    """Learning rate: a warm-up over 200 steps, then half a cosine down to a hundredth at the end of the run."""
    return peak * min(1.0, (step + 1) / 200) * max(0.01, 0.5 * (1 + math.cos(math.pi * min(1.0, share))))


def save(
    file: Path, network: reader.Reader, optimizer: torch.optim.Optimizer, step: int, ends: list[reader.Weights]
) -> None:
    """Write the checkpoint."""
    state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "ends": ends}
    networks.save(file, state)


if __name__ == "__main__":
    main()
