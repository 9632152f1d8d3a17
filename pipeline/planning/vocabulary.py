"""What can be asked for: reads prompts/ into emotions, demographic levels and templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import InputError, did_you_mean
from pipeline.resources import prompts_dir


@dataclass(frozen=True, slots=True)
class Emotion:
    """One emotion of the taxonomy. `slug` goes into slot ids, `name` into labels, `descriptors` into prompts."""

    slug: str
    name: str
    group: str
    descriptors: tuple[str, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the ethnicity or gender axis. `group` is the `balanced` level that an `emonet` label folds into."""

    slug: str
    name: str
    phrase: str = ""
    group: str = ""

    @property
    def words(self) -> str:
        """What a prompt says for this level."""
        return self.phrase or self.name


@dataclass(frozen=True, slots=True)
class Preset:
    """The demographic axes that a spec's `demographics` names. Ages are years."""

    name: str
    ethnicities: tuple[Level, ...]
    ages: tuple[int, ...]
    genders: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """Portrait wordings; `variants` take turns over the slots of a cell."""

    name: str
    person: str
    feeling: str
    variants: tuple[str, ...]
    negative: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """Everything that prompts/ declares, in file order. The order is part of the contract: new entries go last."""

    emotions: tuple[Emotion, ...]
    presets: Mapping[str, Preset]
    templates: Mapping[str, Template]
    intensities: Mapping[str, str]
    folder: Path = field(compare=False)

    def emotion(self, name: str) -> Emotion:
        """The emotion with this slug, name or alias (case ignored); InputError with the nearest name otherwise."""
        wanted = name.lower()
        for emotion in self.emotions:
            if wanted in {emotion.slug, emotion.name.lower(), *(alias.lower() for alias in emotion.aliases)}:
                return emotion
        known = [word for emotion in self.emotions for word in (emotion.slug, emotion.name)]
        raise InputError(f"unknown emotion {name!r}{did_you_mean(name, known)} ({self.folder / 'taxonomy.yaml'})")


def find_level(name: str, levels: Sequence[Level], axis: str, where: Path) -> Level:
    """The level with this slug or name (case ignored); InputError with the nearest name otherwise."""
    wanted = name.lower()
    for level in levels:
        if wanted in {level.slug, level.name.lower()}:
            return level
    known = [word for level in levels for word in (level.slug, level.name)]
    raise InputError(f"unknown {axis} {name!r}{did_you_mean(name, known)} ({where / 'demographics.yaml'})")


def load_vocabulary(folder: Path | None = None) -> Vocabulary:
    """Reads taxonomy.yaml, demographics.yaml and templates.yaml of `folder` (default: the bundled prompts/)."""
    folder = folder or prompts_dir()
    taxonomy = _read(folder / "taxonomy.yaml")
    demographics = _read(folder / "demographics.yaml")
    templates = _read(folder / "templates.yaml")
    try:
        return Vocabulary(
            emotions=tuple(_emotion(entry) for entry in taxonomy["emotions"]),
            presets={name: _preset(name, entry) for name, entry in demographics["presets"].items()},
            templates={name: _template(name, entry) for name, entry in templates["templates"].items()},
            intensities=dict(templates["intensities"]),
            folder=folder,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder}: an entry lacks or misspells a field: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a folder that holds it") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a mapping at the top")
    return content


def _emotion(entry: dict[str, Any]) -> Emotion:
    return Emotion(**{**entry, "descriptors": tuple(entry["descriptors"]), "aliases": tuple(entry.get("aliases", ()))})


def _preset(name: str, entry: dict[str, Any]) -> Preset:
    return Preset(
        name=name,
        ethnicities=tuple(Level(**level) for level in entry["ethnicities"]),
        ages=tuple(entry["ages"]),
        genders=tuple(Level(**level) for level in entry["genders"]),
    )


def _template(name: str, entry: dict[str, Any]) -> Template:
    return Template(name=name, **{**entry, "variants": tuple(entry["variants"])})
