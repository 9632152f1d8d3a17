"""Render the training pictures: many people with their labels, in shards, with several processes.

Emotions, ethnicities, ages and genders are crossed exactly: any 4,592 pictures in a row hold every combination of the 41
expressions with the 112 kinds of people once. A shard depends on the seed and its number alone, so an interrupted run goes on
where it was and a larger ``--count`` adds shards.

Run: ``python -m models.render --work outputs/bundled-model --count 24000``
Writes ``renders/shard-00000.npz``: picture (n, 128, 128, 3) uint8 and the label columns of ``COLUMNS``. With ``--loose`` it
writes into ``loose/`` and shows more poses, framings and light than the generator should learn: they are for the probe.
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models import assets
from models.people import Labels, draw, loosely
from models.processes import share_out
from models.tables import AGES, GENDERS, INTENSITIES, OLDEST, YOUNGEST, expressions, looks

if TYPE_CHECKING:
    from models.renderer import Renderer

SHARD = 400
TIGHT, LOOSE = "renders", "loose"  # folders
COLUMNS = ("ethnicity", "age", "gender", "emotion", "intensity")
INTENSITY_SHARES = (0.28, 0.44, 0.28)


def labels_of(number: int, rng: np.random.Generator) -> Labels:
    """The labels of picture ``number``: the crossed axes follow from the number, age in years and intensity are drawn."""
    emotions, levels = list(expressions()), list(looks().ethnicities)
    kind = number % (len(levels) * len(AGES) * len(GENDERS))  # 112 kinds and 41 expressions share no factor
    level, rest = divmod(kind, len(AGES) * len(GENDERS))
    decade, gender = divmod(rest, len(GENDERS))
    age = int(np.clip(AGES[decade] + rng.integers(-3, 4), YOUNGEST, OLDEST))
    intensity = str(rng.choice(list(INTENSITIES), p=INTENSITY_SHARES))
    return Labels(levels[level], age, GENDERS[gender], emotions[number % len(emotions)], intensity)


def render_shard(renderer: Renderer, folder: Path, seed: int, shard: int) -> None:
    """Render one shard and put it in place at once."""
    loose = folder.name == LOOSE
    rng = np.random.default_rng([seed, shard, 1] if loose else [seed, shard])
    wanted = [labels_of(shard * SHARD + i, rng) for i in range(SHARD)]
    people = (draw(labels, rng) for labels in wanted)
    pictures = np.stack([renderer.render(loosely(person, rng) if loose else person) for person in people])
    columns = {name: np.array([getattr(labels, name) for labels in wanted]) for name in COLUMNS}
    unfinished = folder / f".shard-{shard:05d}.{os.getpid()}.npz"
    np.savez(unfinished, picture=pictures, **columns)
    unfinished.rename(folder / f"shard-{shard:05d}.npz")


def render(work: Path, name: str, seed: int, shards: int, part: int, parts: int) -> None:
    """Render every ``parts``-th of the shards that are missing in the folder ``name``."""
    from models.renderer import Renderer  # needs moderngl and a display driver; labels do not

    renderer = Renderer(assets.load(work))
    for shard in range(part, shards, parts):
        if not (work / name / f"shard-{shard:05d}.npz").exists():
            render_shard(renderer, work / name, seed, shard)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--count", type=int, default=24_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--loose", action="store_true", help="wider poses, framing and light, into loose/")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    name, shards = LOOSE if args.loose else TIGHT, -(-args.count // SHARD)
    assets.fetch(args.work / "assets")
    share_out(partial(render, args.work, name, args.seed, shards), args.processes, args.work / name, shards)


if __name__ == "__main__":
    main()
