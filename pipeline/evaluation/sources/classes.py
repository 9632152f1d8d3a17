"""Other people's sets of 7 or 8 classes, and the file that maps our emotions to them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import InputError, did_you_mean
from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.sources.pictures import PictureFolder
from pipeline.imaging import picture_files
from pipeline.labels.emotions import emotion_names, position_of
from pipeline.resources import prompts_dir

MAPPINGS = "mappings"
CSV_COLUMNS = ("path", "label")


class MappedClass(BaseModel):
    """One class of the other set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    emotions: Annotated[tuple[str, ...], Field(min_length=1, description="Emotions by name or slug.")]
    aliases: Annotated[tuple[str, ...], Field(description="Other spellings of its folder or label.")] = ()


class ClassMapping(BaseModel):
    """A mapping file. A class scores what the highest of its emotions scores; no emotion is in two classes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    classes: Annotated[dict[str, MappedClass], Field(min_length=2)]

    def named(self, label: str, where: str) -> str:
        """The class with this name or alias, case ignored; InputError says `where` an unknown one stands."""
        wanted = label.strip().lower()
        for name, mapped in self.classes.items():
            if wanted in {name.lower(), *(alias.lower() for alias in mapped.aliases)}:
                return name
        hint = did_you_mean(label, self.classes) or f"; it has {', '.join(self.classes)}"
        raise InputError(f"{where}: unknown class {label!r} in mapping {self.name}{hint}")

    def scores(self, emotions: Sequence[str], values: Floats) -> Floats:
        """(pictures, classes) of scores (pictures, emotions): of each class the highest of its emotions."""
        column_of = {name: column for column, name in enumerate(emotions)}
        columns = [[column_of[name] for name in mapped.emotions] for mapped in self.classes.values()]
        return np.column_stack([values[:, members].max(axis=1) for members in columns])


@dataclass(frozen=True, slots=True)
class ClassPictures:
    """Pictures of an external set, and the class of each."""

    pictures: PictureFolder
    classes: tuple[str, ...]


def load_mapping(name: str) -> ClassMapping:
    """A bundled mapping by name, or a YAML file. InputError names the file and the field at fault."""
    folder = prompts_dir() / MAPPINGS
    bundled = {path.stem: path for path in folder.glob("*.yaml")}
    path = bundled.get(name) or Path(name)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        mapping = ClassMapping.model_validate(content)
    except OSError as error:
        hint = did_you_mean(name, bundled) or f"; bundled are {', '.join(sorted(bundled))}"
        raise InputError(f"mapping {name}: cannot be read ({error.strerror}){hint}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{path}: {field}: {first['msg']}; see {folder} for examples") from None
    return _with_names(mapping, path)


def read_classes(data: Path, mapping: ClassMapping) -> ClassPictures:
    """A folder with a sub-folder for each class, or a CSV file with the columns path and label.

    Raises InputError for an unknown class, a file that is not there, and a class of the mapping without pictures: what
    is never right would be scored as if it could be.
    """
    if data.is_dir():
        folder, labelled = data, _in_folders(data, mapping)
    elif data.is_file():
        folder, labelled = data.parent, _in_csv(data, mapping)
    else:
        raise InputError(
            f"{data}: is not there; name a folder with a sub-folder for each class, or a CSV with path,label"
        )
    empty = [name for name in mapping.classes if name not in labelled.values()]
    if empty:
        raise InputError(
            f"{data}: no pictures of {', '.join(empty)}; take a mapping without {'them' if empty[1:] else 'it'} "
            "(--mapping), or add pictures"
        )
    return ClassPictures(PictureFolder(folder, tuple(labelled)), tuple(labelled.values()))


def _with_names(mapping: ClassMapping, path: Path) -> ClassMapping:
    """The mapping with the taxonomy's names; InputError for an unknown emotion, or one that two classes hold."""
    owner, classes = dict[str, str](), dict[str, MappedClass]()
    for name, mapped in mapping.classes.items():
        names = []
        for label in mapped.emotions:
            try:
                names.append(emotion_names()[position_of(label)])
            except InputError as error:
                raise InputError(f"{path}: classes.{name}.emotions: {error}") from None
            if names[-1] in owner:
                raise InputError(f"{path}: {names[-1]} is in {owner[names[-1]]} and in {name}; keep one")
            owner[names[-1]] = name
        classes[name] = mapped.model_copy(update={"emotions": tuple(names)})
    return mapping.model_copy(update={"classes": classes})


def _in_folders(data: Path, mapping: ClassMapping) -> Mapping[str, str]:
    """Path in the folder -> class."""
    folders = sorted(path for path in data.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise InputError(f"{data}: holds no folders; each class needs one of its name: {', '.join(mapping.classes)}")
    named = [(folder, mapping.named(folder.name, str(folder))) for folder in folders]
    return {path.relative_to(data).as_posix(): name for folder, name in named for path in picture_files(folder)}


def _in_csv(data: Path, mapping: ClassMapping) -> Mapping[str, str]:
    """Path beside the file -> class."""
    labelled: dict[str, str] = {}
    try:
        with data.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [column for column in CSV_COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                hint = did_you_mean(missing[0], reader.fieldnames or ())
                raise InputError(
                    f"{data}: no column {missing[0]!r}{hint}; a CSV of classes has {','.join(CSV_COLUMNS)}"
                )
            for record in reader:
                where = f"{data}: line {reader.line_num}"
                path, label = (record[column] for column in CSV_COLUMNS)
                if not path or not label:
                    raise InputError(f"{where}: has no {'label' if path else 'path'}; fill it in or remove the line")
                if not (data.parent / path).is_file():
                    raise InputError(f"{where}: no file {data.parent / path}; paths count from the CSV's folder")
                if labelled.setdefault(path, mapping.named(label, where)) != mapping.named(label, where):
                    raise InputError(f"{where}: {path} is {labelled[path]} above; keep one line")
    except UnicodeDecodeError as error:
        raise InputError(f"{data}: is not UTF-8 text (byte {error.start + 1}); save it as UTF-8 CSV") from None
    except csv.Error as error:
        raise InputError(f"{data}: is not valid CSV ({error})") from None
    return labelled
