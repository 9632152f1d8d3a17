"""What the gates are measured on: pictures made by the product with the bundled model, and renders of people nobody has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models import assets
from models.people import Labels, draw
from models.render import render_shard
from models.tables import INTENSITIES
from pipeline.imaging import decode
from pipeline.planning.request import make_request
from pipeline.planning.vocabulary import load_vocabulary
from pipeline.run.dataset_run import open_run
from pipeline.store.folder import DatasetFolder
from pipeline.store.parquet import read_tables
from pipeline.store.shards import attempts_path

Pictures = list[npt.NDArray[np.uint8]]
AXES = ("ethnicity", "age", "gender", "emotion")
UNSEEN_SEED = 2  # of renders; 0 and 1 are what the generator, the probe and the judge learn from


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pictures and, for each of AXES, the slug of what each shows (ages: years, as text)."""

    pictures: Pictures
    levels: dict[str, list[str]]

    def cells(self) -> dict[tuple[str, ...], list[int]]:
        """The rows of each cell."""
        found: dict[tuple[str, ...], list[int]] = {}
        for row, cell in enumerate(zip(*(self.levels[axis] for axis in AXES), strict=True)):
            found.setdefault(cell, []).append(row)
        return found


@dataclass(frozen=True, slots=True)
class FirstTry:
    """What became of the first attempt at a slot."""

    cell: dict[str, str]
    faces: int
    reason: str | None


def generate(folder: Path, options: Mapping[str, Any]) -> DatasetFolder:
    """Make, or go on making, ``every-cell`` with ``options`` of the command line in ``folder``."""
    with open_run(make_request("every-cell", str(folder), options=options)) as run:
        with ThreadPoolExecutor(run.open_shards) as pool:
            for number, _ in enumerate(pool.map(run.make_shard, run.pending())):
                print(f"{folder}: {run.percent_done:.0f} % ({number + 1} shards now)", flush=True)
        run.finish()
    return DatasetFolder(str(folder))


def accepted(folder: DatasetFolder) -> Labelled:
    """Every picture of a dataset with what was asked for."""
    slots, pictures, ids = _cells(folder), [], []
    for record in folder.committed():
        for table in folder.read_shard(record.name, ["id", "image"]):
            ids += table["id"].to_pylist()
            pictures += [np.asarray(decode(image["bytes"])) for image in table["image"].to_pylist()]
    return Labelled(pictures, {axis: [slots[name][axis] for name in ids] for axis in AXES})


def first_tries(folder: DatasetFolder) -> list[FirstTry]:
    """The first attempt at every slot of a dataset."""
    slots, tries = _cells(folder), []
    for record in folder.committed():
        for table in read_tables(folder.storage, attempts_path(record.name), ["id", "attempt", "faces", "reason"]):
            for row in table.to_pylist():
                if row["attempt"] == 0:
                    tries.append(FirstTry(slots[row["id"]], row["faces"], row["reason"]))
    return tries


def _cells(folder: DatasetFolder) -> dict[str, dict[str, str]]:
    """Slot id -> the slugs of its cell."""
    said = load_vocabulary()
    emotions = {emotion.name: emotion.slug for emotion in said.emotions}
    ethnicities = {level.name: level.slug for level in said.presets["balanced"].ethnicities}
    return {
        slot.id: {
            "ethnicity": ethnicities[slot.ethnicity],
            "age": str(slot.age),
            "gender": slot.gender,
            "emotion": emotions[slot.emotion],
        }
        for shard in folder.plan()
        for slot in shard.slots
    }


def unseen(work: Path, files: int) -> Labelled:
    """Renders of people that no network was trained on, evenly over the grid: 400 for each file, kept in ``work``."""
    from models.renderer import Renderer

    folder = work / "unseen"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"shard-{number:05d}.npz" for number in range(files)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    if missing:
        assets.fetch(work / "assets")
        renderer = Renderer(assets.load(work))
        for number in missing:
            render_shard(renderer, folder, UNSEEN_SEED, number)
            print(f"{folder}: {number + 1} of {files} files rendered", flush=True)
    columns = [dict(np.load(path)) for path in paths]
    pictures = [picture for column in columns for picture in column["picture"]]
    levels = {axis: [str(value) for column in columns for value in column[axis]] for axis in AXES}
    levels["age"] = [str(round(int(age) / 10) * 10) for age in levels["age"]]
    return Labelled(pictures, levels)


def renders_of(work: Path, cells: Iterable[Sequence[str]], each: int) -> Labelled:
    """``each`` renders for every cell, of all intensities."""
    from models.renderer import Renderer

    rng, renderer = np.random.default_rng(UNSEEN_SEED), Renderer(assets.load(work))
    wanted = [cell for cell in cells for _ in range(each)]
    pictures = []
    for number, (ethnicity, age, gender, emotion) in enumerate(wanted):
        intensity = list(INTENSITIES)[number % len(INTENSITIES)]
        pictures.append(renderer.render(draw(Labels(ethnicity, int(age), gender, emotion, intensity), rng)))
    return Labelled(pictures, {axis: [cell[i] for cell in wanted] for i, axis in enumerate(AXES)})
