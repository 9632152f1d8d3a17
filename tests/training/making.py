"""Small datasets whose pictures tell the emotion by their colour, labels in every form, and published heads."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

from pipeline.labels.emotions import emotion_names
from pipeline.planning.spec import parse_spec
from pipeline.store.folder import DatasetFolder
from pipeline.training.source import published_file
from tests.store.making import RECIPE, VOCABULARY, begin, judged

COLOURS = {"awe": (200, 60, 60), "anger": (60, 200, 60), "fear": (60, 60, 200), "relief": (180, 180, 40)}


def colour_dataset(url: Path, images_per_cell: int = 6, test: float = 0.25) -> DatasetFolder:
    """Four emotions x four cells x `images_per_cell`, a colour an emotion; a quarter is the split `test`."""
    ethnicities = [level.slug for level in VOCABULARY.presets["balanced"].ethnicities[:2]]
    genders = [VOCABULARY.presets["balanced"].genders[0].slug]
    spec = parse_spec(
        {
            "name": "colours",
            "grid": {"emotions": [*COLOURS], "ethnicities": ethnicities, "ages": [20, 40], "genders": genders},
            "images_per_cell": images_per_cell,
            "splits": {"train": 1 - test, "test": test} if test else {"train": 1.0},
            "storage": {"shard_size": 24},
        },
        "test",
    )
    folder = DatasetFolder(str(url))
    begin(folder, spec)
    for shard in folder.plan():
        filled = [judged(slot, image=colour_picture(slot.id)) for slot in shard.slots]
        folder.commit_shard(shard, filled, filled, RECIPE)
    folder.finish()
    return folder


def colour_picture(name: str) -> bytes:
    """A noisy PNG of 24 px in the colour of the emotion that begins `name`."""
    noise = np.random.default_rng(list(name.encode())).normal(0, 40, (24, 24, 3))
    pixels = np.clip(np.array(COLOURS[name.partition("-")[0]]) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


def picture_ids(folder: DatasetFolder, split: str | None = None) -> list[str]:
    """Ids in the order of shards and rows."""
    names = [record.name for record in folder.committed() if split in (None, record.split)]
    tables = [table for name in names for table in folder.read_shard(name, ["id"])]
    return [picture for table in tables for picture in table["id"].to_pylist()]


def write_annotations(file: Path, ids: list[str], change=lambda columns: columns) -> Path:
    """Ratings that follow the emotion in the id: 6 for it, 0 for the others. `change` edits the columns."""
    slugs = [emotion.slug for emotion in VOCABULARY.emotions]
    columns = {
        name: [6.0 if one.startswith(f"{slug}-") else 0.0 for one in ids]
        for name, slug in zip(emotion_names(), slugs, strict=True)
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(change({"id": ids, **columns})), file)
    return file


def write_published(folder: Path, width: int = 8, hidden: tuple[int, ...] = (4, 3)) -> dict[str, torch.nn.Sequential]:
    """Forty pickles as Empathic-Insight-Face publishes them; returns the networks they were taken from."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    heads = {}
    for name in emotion_names():
        layers: list[torch.nn.Module] = []
        for wide, out in zip((width, *hidden), (*hidden, 1), strict=True):
            layers += [torch.nn.Linear(wide, out), torch.nn.ReLU(), torch.nn.Dropout(0.1)]
        heads[name] = torch.nn.Sequential(*layers[:-2])
        state = {f"layers.{key}": value for key, value in heads[name].state_dict().items()}
        torch.save(state, folder / published_file(name))
    return heads
