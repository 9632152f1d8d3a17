"""The latent space: a fixed linear transform of 16 x 16 patches, so that the generator can train before any decoder exists.

A 128-px picture becomes 8 x 8 patches of 768 numbers; a principal component analysis keeps the first ``CHANNELS`` of them. Each
coefficient is divided by the square root of its standard deviation (half whitening: coarse structure keeps more weight than
fine) and all by one factor, so that the latents as a whole have unit spread. A learned decoder (train_decoder.py) later turns
latents into pictures without the seams between patches.

Run: ``python -m models.latent --work outputs/bundled-model`` after rendering. The transform is fitted once
(``latent.npz``) and kept: everything trained later depends on it. ``latents/`` is made again when renders were added.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.render import COLUMNS, TIGHT

Floats = npt.NDArray[np.float32]
SIZE, PATCH, CHANNELS = 128, 16, 48
GRID = SIZE // PATCH
# Where faces have their eyes, brows, nose and mouth: how much an error in a cell counts, here and in both trainings.
CELL_WEIGHT = np.array(
    [
        [0.5, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.5],
        [0.5, 0.8, 1.6, 1.6, 1.6, 1.6, 0.8, 0.5],
        [0.6, 1.2, 2.4, 2.4, 2.4, 2.4, 1.2, 0.6],
        [0.6, 1.2, 2.0, 2.0, 2.0, 2.0, 1.2, 0.6],
        [0.6, 1.2, 2.2, 2.4, 2.4, 2.2, 1.2, 0.6],
        [0.6, 0.9, 1.6, 2.0, 2.0, 1.6, 0.9, 0.6],
        [0.5, 0.7, 0.9, 1.0, 1.0, 0.9, 0.7, 0.5],
        [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    ],
    np.float32,
)


@dataclass(frozen=True, slots=True)
class LatentSpace:
    """``z = (patch - mean) @ basis / scale`` for patches of pixels in -1..1."""

    mean: Floats  # (768,)
    basis: Floats  # (768, CHANNELS)
    scale: Floats  # (CHANNELS,)

    def encode(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """(n, 128, 128, 3) uint8 to (n, CHANNELS, 8, 8)."""
        return np.ascontiguousarray(((patches(pictures) - self.mean) @ self.basis / self.scale).transpose(0, 3, 1, 2))

    def decode(self, latents: Floats) -> npt.NDArray[np.uint8]:
        """The linear inverse of ``encode``, seams and all: (n, CHANNELS, 8, 8) to (n, 128, 128, 3) uint8."""
        flat = latents.transpose(0, 2, 3, 1) * self.scale @ self.basis.T + self.mean
        pixels = flat.reshape(-1, GRID, GRID, PATCH, PATCH, 3).transpose(0, 1, 3, 2, 4, 5).reshape(-1, SIZE, SIZE, 3)
        return np.asarray(((pixels.clip(-1, 1) + 1) * 127.5).round(), np.uint8)

    def save(self, path: Path) -> None:
        np.savez(path, mean=self.mean, basis=self.basis, scale=self.scale)

    @classmethod
    def load(cls, path: Path) -> LatentSpace:
        with np.load(path) as file:
            return cls(file["mean"], file["basis"], file["scale"])


def patches(pictures: npt.NDArray[np.uint8]) -> Floats:
    """(n, 128, 128, 3) uint8 to (n, 8, 8, 768) in -1..1."""
    grid = pictures.reshape(-1, GRID, PATCH, GRID, PATCH, 3).transpose(0, 1, 3, 2, 4, 5)
    return grid.reshape(-1, GRID, GRID, PATCH * PATCH * 3).astype(np.float32) / 127.5 - 1


def fit(pictures: npt.NDArray[np.uint8]) -> LatentSpace:
    """The transform for these pictures and their mirror images; patches count by ``CELL_WEIGHT`` squared."""
    both = np.concatenate([pictures, pictures[:, :, ::-1]])
    mean, moment, count = np.zeros(768), np.zeros((768, 768)), 0.0
    for start in range(0, len(both), 256):
        rows = patches(both[start : start + 256]).reshape(-1, 768)
        weight = np.tile(CELL_WEIGHT.ravel() ** 2, len(rows) // GRID**2)[:, None]
        weighted = rows * weight
        mean, moment, count = mean + weighted.sum(0), moment + weighted.T @ rows, count + float(weight.sum())
    mean /= count
    values, vectors = np.linalg.eigh(moment / count - np.outer(mean, mean))
    deviation = np.sqrt(values[::-1][:CHANNELS])
    scale = np.sqrt(deviation)
    scale *= np.sqrt(np.mean((deviation / scale) ** 2))
    kept = values[::-1][:CHANNELS].sum() / values.sum()
    print(f"{CHANNELS} of 768 components keep {kept:.4f} of the variance")
    return LatentSpace(
        mean.astype(np.float32), vectors[:, ::-1][:, :CHANNELS].astype(np.float32), scale.astype(np.float32)
    )


def shards(work: Path) -> list[Path]:
    """The finished shards of renders, in order."""
    return sorted((work / TIGHT).glob("shard-*.npz"))


def load_pictures(work: Path, limit: int | None = None) -> npt.NDArray[np.uint8]:
    """The renders, (n, 128, 128, 3) uint8; of the first ``limit`` shards alone where given."""
    return np.concatenate([np.load(path)["picture"] for path in shards(work)[:limit]])


def load_labels(work: Path) -> dict[str, npt.NDArray[np.generic]]:
    """The label columns of all renders."""
    files = [np.load(path) for path in shards(work)]
    return {name: np.concatenate([file[name] for file in files]) for name in COLUMNS}


def encode_all(work: Path, space: LatentSpace) -> None:
    """Write ``latents.npy`` (2, n, CHANNELS, 8, 8) float16: the renders and their mirror images."""
    rows: list[list[npt.NDArray[np.float16]]] = [[], []]
    for path in shards(work):
        pictures = np.load(path)["picture"]
        for side, seen in enumerate((pictures, pictures[:, :, ::-1])):
            rows[side].append(space.encode(seen).astype(np.float16))
    unfinished = work / ".latents.npy"
    np.save(unfinished, np.stack([np.concatenate(side) for side in rows]))
    unfinished.rename(work / "latents.npy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    work = parser.parse_args().work
    if not (work / "latent.npz").exists():
        fit(load_pictures(work, 16)).save(work / "latent.npz")
    space = LatentSpace.load(work / "latent.npz")
    encode_all(work, space)
    shown = load_pictures(work, 1)[:64]
    error = np.mean((space.decode(space.encode(shown)).astype(float) - shown) ** 2)
    print(
        f"{len(shards(work))} shards encoded; the linear decoder alone reaches {10 * np.log10(255**2 / error):.1f} dB"
    )


if __name__ == "__main__":
    main()
