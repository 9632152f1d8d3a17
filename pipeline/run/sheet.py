"""Contact sheets: a dataset at a glance (emotion x demographics), and the rejects of a run that was stopped."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice

from PIL import Image, ImageDraw, ImageFont

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.store.folder import DatasetFolder
from pipeline.store.planfile import PlannedSlot

TILE = 80
"""Pixels a picture's side."""

GAP = 2
LABEL_WIDTH = 120
PAPER, INK, EMPTY = (255, 255, 255), (30, 30, 30), (225, 225, 225)
MOST_COLUMNS = 32
MOST_SHARDS = 40
"""Shards read for a sheet; in a large dataset the rest would add nothing to see."""


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """Which slots stand where: a row for each emotion, a column for each combination of demographics."""

    rows: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    ages_too: bool

    def place(self, slot: PlannedSlot) -> tuple[int, int]:
        """Row and column of a slot's picture."""
        key = (slot.ethnicity, slot.gender, *([str(slot.age)] if self.ages_too else []))
        return self.rows.index(slot.emotion), self.columns.index(key)


def dataset_sheet(folder: DatasetFolder) -> Image.Image:
    """The first picture of each place, from the first shards of the dataset."""
    sheet = layout(folder)
    pictures: dict[tuple[int, int], Image.Image] = {}
    committed = set(folder.manifest.names())
    shards = (shard for shard in folder.plan() if shard.name in committed)
    for shard in islice(shards, MOST_SHARDS):
        places = {slot.id: sheet.place(slot) for slot in reversed(shard.slots) if sheet.place(slot) not in pictures}
        for table in folder.read_shard(shard.name, ["id", "image"]) if places else ():
            for row in table.to_pylist():
                if (place := places.get(row["id"])) is not None and place not in pictures:
                    pictures[place] = _tile(row["image"]["bytes"])
        if len(pictures) == len(sheet.rows) * len(sheet.columns):
            break
    return contact_sheet(sheet, pictures)


def layout(folder: DatasetFolder) -> SheetLayout:
    """Columns are ethnicity x gender, and x age where that leaves at most 32 of them."""
    labels = folder.labels(len(folder.specs()) - 1)
    ages = sorted({str(slot.age) for shard in folder.plan() for slot in shard.slots})
    names = [(ethnicity, gender) for ethnicity in labels.ethnicity for gender in labels.gender]
    ages_too = len(names) * len(ages) <= MOST_COLUMNS
    columns = [(*name, age) for name in names for age in ages] if ages_too else names
    return SheetLayout(labels.emotion, tuple(columns), ages_too)


def contact_sheet(sheet: SheetLayout, pictures: Mapping[tuple[int, int], Image.Image]) -> Image.Image:
    """One tile a place, by (row, column); a place without a picture stays grey."""
    font = ImageFont.load_default(size=11)
    headers = ["\n".join(line for part in key for line in textwrap.wrap(part, 12)) for key in sheet.columns]
    top = 14 * max(header.count("\n") + 1 for header in headers) + GAP
    size = (LABEL_WIDTH + len(headers) * (TILE + GAP), top + len(sheet.rows) * (TILE + GAP))
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    for column, header in enumerate(headers):
        draw.multiline_text((_left(column), 0), header, INK, font, spacing=2)
    for row, name in enumerate(sheet.rows):
        y = top + row * (TILE + GAP)
        draw.multiline_text((2, y + 2), textwrap.fill(name.replace("/", "/ "), 18), INK, font)
        for column in range(len(headers)):
            box = (_left(column), y, _left(column) + TILE, y + TILE)
            image.paste(pictures.get((row, column), EMPTY), box)
    return image


def rejects_sheet(rejects: Sequence[JudgedAttempt], columns: int = 8) -> Image.Image:
    """The thumbnails of rejected attempts, each over its reason and slot."""
    font = ImageFont.load_default(size=10)
    step_x, step_y = TILE + 40, TILE + 30
    rows = max(1, -(-len(rejects) // columns))
    image = Image.new("RGB", (columns * step_x, rows * step_y), PAPER)
    draw = ImageDraw.Draw(image)
    for place, judged in enumerate(rejects):
        x, y = place % columns * step_x + 4, place // columns * step_y + 4
        image.paste(_tile(judged.image), (x, y))
        slot = "\n".join(textwrap.wrap(judged.attempt.slot_id, 22)[:1])
        draw.multiline_text((x, y + TILE + 1), f"{judged.verdict.reason}\n{slot}", INK, font, spacing=1)
    return image


def to_png(images: Image.Image) -> bytes:
    """A picture as PNG bytes."""
    buffer = BytesIO()
    images.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _left(column: int) -> int:
    return LABEL_WIDTH + column * (TILE + GAP)


def _tile(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB").resize((TILE, TILE), Image.Resampling.LANCZOS)
