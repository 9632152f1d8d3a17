"""Small datasets made of real specs, plans and pictures."""

import io

import numpy as np
from PIL import Image

from pipeline.attempts.attempt import Attempt, JudgedAttempt
from pipeline.attempts.verdict import Reason, Scores, Verdict
from pipeline.planning.grid import make_grid
from pipeline.planning.plan import attempt_seed, plan_shards, planned_by
from pipeline.planning.prompting import Prompter
from pipeline.planning.spec import DatasetSpec, parse_spec
from pipeline.planning.vocabulary import load_vocabulary
from pipeline.store.folder import DatasetFolder
from pipeline.store.planfile import PlannedShard, PlannedSlot

VOCABULARY = load_vocabulary()
RECIPE = {"model": "bundled", "revision": None, "steps": 12, "guidance": 3.5, "dtype": "float32"}


def small_spec(
    images_per_cell: int = 2, emotions: tuple[str, ...] = ("awe", "anger"), shard_size: int = 8
) -> DatasetSpec:
    """Two emotions x two ethnicities x two ages x one gender, in splits train and test."""
    ethnicities = [level.slug for level in VOCABULARY.presets["balanced"].ethnicities[:2]]
    genders = [VOCABULARY.presets["balanced"].genders[0].slug]
    grid = {"emotions": emotions, "ethnicities": ethnicities, "ages": [20, 40], "genders": genders}
    content = {
        "name": "demo",
        "grid": grid,
        "images_per_cell": images_per_cell,
        "splits": {"train": 0.5, "test": 0.5},
        "storage": {"shard_size": shard_size},
    }
    return parse_spec(content, "test")


def begin(folder: DatasetFolder, spec: DatasetSpec) -> None:
    """Adds the next part of a dataset, as a run does."""
    grid = make_grid(spec, VOCABULARY)
    prompter = Prompter(VOCABULARY, spec.prompt.template, spec.prompt.intensities)
    folder.add_part(spec, grid, plan_shards(spec, grid, planned_by(folder.plan())), prompter.prompt)


def picture(seed: int, side: int = 24) -> bytes:
    """A small webp whose pixels follow from `seed`."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "webp", lossless=True)
    return buffer.getvalue()


def judged(
    slot: PlannedSlot, number: int = 0, reason: Reason | None = None, image: bytes | None = None
) -> JudgedAttempt:
    """Attempt `number` at a slot, accepted unless a reason is given."""
    seed = attempt_seed(0, slot.id, number)
    scores = Scores(
        faces=1,
        contrast=0.1 + 0.2,
        det_score=1 / 3,
        face_box=(1.5, -2.25, 20.1, 22.0),
        landmarks=tuple(place / 7 for place in range(10)),
        size=0.9,
        outside=0.0,
        yaw=-3.3,
        pitch=1e-9,
        roll=0.0,
        visibility=0.99,
        sharpness=0.125,
    )
    if reason is Reason.NO_FACE:
        scores = Scores(faces=0, contrast=0.2)
    return JudgedAttempt(
        Attempt(slot.id, number, seed, slot.prompt.text, slot.prompt.negative),
        Verdict(reason, scores),
        picture(seed % 1000) if image is None else image,
        seed * 2 + 1,
        24,
        24,
        12.3,
    )


def fill(folder: DatasetFolder, shard: PlannedShard) -> None:
    """Commits a shard whose first slot needed a second attempt."""
    rejected = judged(shard.slots[0], 0, Reason.NO_FACE)
    filled = [judged(slot, 0 if place else 1) for place, slot in enumerate(shard.slots)]
    folder.commit_shard(shard, filled, [rejected, *filled], RECIPE)


def fill_rest(folder: DatasetFolder) -> None:
    """Commits every planned shard that is not committed, and finishes."""
    committed = set(folder.manifest.names())
    for shard in folder.plan():
        if shard.name not in committed:
            fill(folder, shard)
    folder.finish()


def make_dataset(url: str) -> DatasetFolder:
    """A finished dataset: 16 pictures in two shards of 8, train-00000 and test-00000."""
    folder = DatasetFolder(url)
    begin(folder, small_spec())
    fill_rest(folder)
    return folder
