"""What a training run follows from, frozen in its output folder so that it can only go on as it began."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import InputError
from pipeline.store.storage import Storage

RUN = "run.json"

Size = Literal["small", "large"]
SIZE_NAMES: tuple[str, ...] = get_args(Size)


_NAMED = {"pictures": "dataset", "labels_digest": "labels", "encoder_revision": "encoder", "init_digest": "init"}
"""Fields that digest what another field names."""


class Settings(BaseModel):
    """How heads are trained. The defaults suit both sizes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(100, ge=1, description="Passes over the training pictures at most.")
    batch_size: int = Field(64, ge=1, description="Pictures a step.")
    learning_rate: float = Field(1e-3, gt=0, description="Of AdamW.")
    weight_decay: float = Field(1e-2, ge=0, description="Of AdamW.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Share of hidden values dropped.")
    ema: float = Field(0.999, ge=0, lt=1, description="Decay of the averaged weights, which are what is kept.")
    patience: int = Field(8, ge=1, description="Epochs without improvement after which a head stops.")
    validation: float = Field(0.1, gt=0, lt=1, description="Share of the train split held out to stop on.")
    seed: int = Field(0, ge=0, description="Of initial weights, order and dropout.")


class Recipe(BaseModel):
    """Settings, and everything else that the weights follow from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    pictures: str = Field(description="Digest of the pictures.")
    labels: str
    labels_digest: str
    encoder: str
    encoder_revision: str
    face_crop: bool
    heads: tuple[int, ...] = Field(description="Hidden widths.")
    init: str
    init_digest: str
    settings: Settings


def freeze(storage: Storage, recipe: Recipe) -> None:
    """Writes run.json, or holds the recipe against the one that is there. InputError names the fields that differ."""
    if not storage.exists(RUN):
        storage.write(RUN, recipe.model_dump_json(indent=1).encode())
        return
    where = storage.where(RUN)
    try:
        begun = Recipe.model_validate_json(storage.read(RUN))
    except ValidationError as error:
        raise InputError(f"{where}: broken ({error.errors()[0]['msg']}); name another --output") from None
    if changes := _changes(begun, recipe):
        raise InputError(f"{where}: was begun with another recipe ({', '.join(changes)}); name another --output")


def check_settings(values: dict[str, object]) -> Settings:
    """Settings from options, those that are None left out. InputError names the one at fault."""
    try:
        return Settings.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(f"{field}: {first['msg'].lower()}, not {first['input']!r}") from None


def _changes(begun: Recipe, asked: Recipe) -> list[str]:
    """What differs, by field. Of what has a digest, that alone decides: a folder may be moved or spelt otherwise."""
    old, new = _flat(begun), _flat(asked)
    changes = []
    for digest, name in _NAMED.items():
        same_name, same_content = old.pop(name) == new.pop(name), old.pop(digest) == new.pop(digest)
        if not same_content:
            then, now = getattr(begun, name), getattr(asked, name)
            changes.append(f"{name}: its content changed" if same_name else f"{name}: {then!r} then, {now!r} now")
    return changes + [f"{name}: {old[name]!r} then, {new[name]!r} now" for name in old if old[name] != new[name]]


def _flat(recipe: Recipe) -> dict[str, object]:
    return {**recipe.model_dump(exclude={"settings"}), **recipe.settings.model_dump()}
