"""Cut the faces out of the renders, as the probe will meet them: found by the detector, brought upright.

Of every render there are two faces: one whole, in four of ten with something harmless to it, and the same with something drawn
upon: mostly an occluder (models/occluders) or the frame cutting it, so that it is no longer whole; sometimes harmless again. The
detector runs on the finished picture, as in the product; where it finds nothing there is nothing to learn.

Run: ``python -m models.faces --work outputs/bundled-model``. Writes ``faces/renders-00000.npz``, ``faces/loose-00000.npz``: face
(n, 96, 96, 3) uint8, whole (bool), kind (text), and the label columns of the render; only for renders that are not done yet.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.occluders import decorate, occlude
from models.processes import share_out
from models.render import COLUMNS, LOOSE, TIGHT
from pipeline.faces.embedded import EmbeddedDetector
from pipeline.faces.face import Face
from pipeline.faces.probe import face_square

Picture = npt.NDArray[np.uint8]
CUT = "cut"  # the kind of a face that the frame cuts
DECORATED_SHARE = 0.4  # of the whole ones
OCCLUDED_SHARE, CUT_SHARE = 0.65, 0.15  # of those drawn upon; the rest is harmless
CUT_AWAY = (0.2, 0.5)  # of the face's height or width


def draw(picture: Picture, face: Face, rng: np.random.Generator) -> tuple[Picture, str, bool]:
    """The picture with something done to it, what it was, and whether the face is still whole."""
    chance = rng.random()
    if chance < OCCLUDED_SHARE:
        return *occlude(picture, face, rng), False
    if chance < OCCLUDED_SHARE + CUT_SHARE:
        return cut(picture, face, rng), CUT, False
    return *decorate(picture, face, rng), True


def cut(picture: Picture, face: Face, rng: np.random.Generator) -> Picture:
    """The picture without a side, so that its edge goes through the face."""
    left, top, right, bottom = face.box
    share = rng.uniform(*CUT_AWAY)
    x, y = round(left + share * (right - left)), round(top + share * (bottom - top))
    x_end, y_end = round(right - share * (right - left)), round(bottom - share * (bottom - top))
    sides = (picture[:, max(0, x) :], picture[max(0, y) :], picture[:, :x_end], picture[:y_end])
    return np.ascontiguousarray(sides[rng.integers(4)])


def best_face(detector: EmbeddedDetector, picture: Picture) -> Face | None:
    """The best face found, if any."""
    faces = detector.detect(picture)
    return faces[0] if faces else None


def variants(
    detector: EmbeddedDetector, picture: Picture, rng: np.random.Generator
) -> Iterator[tuple[Picture, Face, str, bool]]:
    """The whole face and what was drawn upon it, as far as the detector finds them; with kind, and whether it is whole."""
    face, kind = best_face(detector, picture), ""
    if face is not None and rng.random() < DECORATED_SHARE:
        picture, kind = decorate(picture, face, rng)
        face = best_face(detector, picture)
    if face is None:
        return
    yield picture, face, kind, True
    drawn, kind, whole = draw(picture, face, rng)
    found = best_face(detector, drawn)
    if found is not None:
        yield drawn, found, kind, whole


def prepare(source: Path, out: Path, seed: int) -> None:
    """Write the faces of one file of renders."""
    rng = np.random.default_rng([seed, int(source.stem.split("-")[1]), len(out.name)])
    detector, columns = EmbeddedDetector(), dict(np.load(source))
    squares, wholes, kinds, rows = [], [], [], []
    for row, picture in enumerate(columns.pop("picture")):
        for shown, found, kind, whole in variants(detector, picture, rng):
            squares.append(face_square(shown, found))
            wholes.append(whole), kinds.append(kind), rows.append(row)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.npz")
    labels = {name: columns[name][rows] for name in COLUMNS}
    np.savez(unfinished, face=np.stack(squares), whole=np.array(wholes), kind=np.array(kinds), **labels)
    unfinished.rename(out)


def renders(work: Path) -> dict[Path, Path]:
    """Files of renders -> the file of faces that comes of each."""
    files = [path for folder in (TIGHT, LOOSE) for path in sorted((work / folder).glob("shard-*.npz"))]
    return {path: work / "faces" / f"{path.parent.name}-{path.stem.split('-')[1]}.npz" for path in files}


def cut_out(work: Path, seed: int, part: int, parts: int) -> None:
    """Write every ``parts``-th of the files of faces that are missing."""
    for source, out in list(renders(work).items())[part::parts]:
        if not out.exists():
            prepare(source, out, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    share_out(partial(cut_out, args.work, args.seed), args.processes, args.work / "faces", len(renders(args.work)))


if __name__ == "__main__":
    main()
