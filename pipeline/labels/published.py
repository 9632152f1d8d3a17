"""Reads EmoNet-Face's annotation files as published: binary.csv (yes or no votes) and hq.csv (ratings from 0 to 7)."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.errors import InputError, did_you_mean
from pipeline.labels.emotions import emotion_names, position_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

VOTE_COLUMNS = ("path", "annotator", "value", "emotion")
RATING_COLUMNS = ("image", "annotator", "human", "annotations")
HIGHEST = 7
_TRUTH = {"true": True, "false": False}
_LONGEST_FIELD = 2**24


@dataclass(frozen=True, slots=True)
class Votes:
    """binary.csv. A unit is one image with one emotion asked of it, as far as anybody answered.

    `answers` is (annotators, units): 1 for True, 0 for False, nan where that annotator was not asked. `emotion_of` is
    (units,): positions in `emotions`, which lists what occurs, in the taxonomy's order. `image_of` names each unit's image.
    `repeats` counts the rows that answer a unit again; of an annotator's answers to one unit the last counts.
    """

    rows: int
    repeats: int
    images: int
    annotators: tuple[str, ...]
    emotions: tuple[str, ...]
    emotion_of: Ints
    answers: Floats
    image_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ratings:
    """hq.csv. `values` is (annotators, images, emotions), from 0 to 7, nan where an annotator did not rate an image.

    An emotion that a row does not mention is 0. Rows of the same annotator and image (`repeats`) are averaged, so
    values may be fractions. `human` says for each annotator whether it is a person, and people come first; there is at
    least one. `emotions` is the whole taxonomy.
    """

    rows: int
    repeats: int
    images: tuple[str, ...]
    annotators: tuple[str, ...]
    human: tuple[bool, ...]
    emotions: tuple[str, ...]
    values: Floats

    @property
    def of_humans(self) -> Floats:
        """The people's part of `values`."""
        return self.values[: sum(self.human)]


def read_published(path: Path) -> Votes | Ratings:
    """Reads whichever of the two files this is, by its header. InputError names the line and the column at fault."""
    header = _header(path)
    if set(VOTE_COLUMNS) <= set(header):
        return _read_votes(path)
    if set(RATING_COLUMNS) <= set(header):
        return _read_ratings(path)
    nearest = max((VOTE_COLUMNS, RATING_COLUMNS), key=lambda columns: len(set(columns) & set(header)))
    missing = [column for column in nearest if column not in header]
    hint = did_you_mean(missing[0], [name for name in header if name not in nearest])
    raise InputError(
        f"{path}: no column {missing[0]!r}{hint}; a file of votes has {','.join(VOTE_COLUMNS)}, "
        f"one of ratings {','.join(RATING_COLUMNS)}"
    )


def _read_votes(path: Path) -> Votes:
    answers: dict[tuple[str, int], dict[str, bool]] = {}
    images, rows, repeats = set[str](), 0, 0
    for where, (image, annotator, value, label) in _records(path, VOTE_COLUMNS):
        given = answers.setdefault((image, _position(label, f"{where}, column emotion")), {})
        repeats += annotator in given
        given[annotator] = _truth(value, f"{where}, column value")
        images.add(image)
        rows += 1
    annotators = sorted({annotator for given in answers.values() for annotator in given})
    occurring = sorted({emotion for _, emotion in answers})
    matrix = np.full((len(annotators), len(answers)), np.nan)
    for unit, given in enumerate(answers.values()):
        for annotator, answer in given.items():
            matrix[annotators.index(annotator), unit] = answer
    return Votes(
        rows=rows,
        repeats=repeats,
        images=len(images),
        annotators=tuple(annotators),
        emotions=tuple(emotion_names()[emotion] for emotion in occurring),
        emotion_of=np.searchsorted(occurring, [emotion for _, emotion in answers]).astype(np.int64),
        answers=matrix,
        image_of=tuple(image for image, _ in answers),
    )


def _read_ratings(path: Path) -> Ratings:
    given: dict[tuple[str, str], list[Floats]] = {}
    human: dict[str, bool] = {}
    for where, (image, annotator, person, annotations) in _records(path, RATING_COLUMNS):
        truth = _truth(person, f"{where}, column human")
        if human.setdefault(annotator, truth) != truth:
            raise InputError(
                f"{where}, column human: {annotator} is {truth} here and {not truth} above; make them agree"
            )
        rating = _rating(annotations, f"{where}, column annotations")
        given.setdefault((annotator, image), []).append(rating)
    if not any(human.values()):
        raise InputError(f"{path}: no row has human True, and everything is measured against people; add their rows")
    annotators = sorted(human, key=lambda name: (not human[name], name))
    images = list(dict.fromkeys(image for _, image in given))
    row_of = {name: row for row, name in enumerate(annotators)}
    column_of = {name: column for column, name in enumerate(images)}
    values = np.full((len(annotators), len(images), len(emotion_names())), np.nan)
    for (annotator, image), several in given.items():
        values[row_of[annotator], column_of[image]] = np.mean(several, axis=0)
    rows = sum(len(several) for several in given.values())
    return Ratings(
        rows=rows,
        repeats=rows - len(given),
        images=tuple(images),
        annotators=tuple(annotators),
        human=tuple(human[name] for name in annotators),
        emotions=emotion_names(),
        values=values,
    )


def _rating(text: str, where: str) -> Floats:
    """One row's ratings of every emotion, in the taxonomy's order."""
    try:
        mentioned = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON ({error.msg}, character {error.pos + 1})") from None
    if not isinstance(mentioned, dict):
        raise InputError(f'{where}: expected an object such as {{"Group|Emotion": 3}}')
    rating: dict[int, float] = {}
    for label, value in mentioned.items():
        position = _position(label, where)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= HIGHEST:
            raise InputError(
                f"{where}: {label!r} is rated {json.dumps(value)}; ratings are numbers from 0 to {HIGHEST}"
            )
        if position in rating:
            raise InputError(f"{where}: rates {emotion_names()[position]} twice; keep one")
        rating[position] = value
    return np.array([rating.get(position, 0) for position in range(len(emotion_names()))], float)


def _position(label: str, where: str) -> int:
    """The place in the taxonomy of a label as published, with or without "Group|"."""
    try:
        return position_of(label.rpartition("|")[2].strip())
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _truth(text: str, where: str) -> bool:
    try:
        return _TRUTH[text.strip().lower()]
    except KeyError:
        raise InputError(f"{where}: {text!r} is neither True nor False") from None


def _header(path: Path) -> list[str]:
    with _readable(path), path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file, strict=True), [])
    if not header:
        raise InputError(f"{path}: is empty; expected hq.csv or binary.csv of LAION-AI/emonet-face")
    return header


def _records(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """For every record "FILE: line N" and the text of these columns; blank lines are passed over."""
    found = False
    with _readable(path), path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader)
        positions = [header.index(column) for column in columns]
        for record in reader:
            if not record:
                continue
            found, where = True, f"{path}: line {reader.line_num}"
            if len(record) != len(header):
                raise InputError(
                    f"{where}: has {len(record)} fields where the header has {len(header)}; quote the commas"
                )
            wanted = [record[position] for position in positions]
            if "" in wanted:
                raise InputError(
                    f"{where}, column {columns[wanted.index('')]}: is empty; fill it in or remove the line"
                )
            yield where, wanted
    if not found:
        raise InputError(f"{path}: has a header and no rows; is the download complete?")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what can go wrong below the records into one line."""
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name an hq.csv or binary.csv") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start + 1}); save it as UTF-8 CSV") from error
    except csv.Error as error:
        raise InputError(f"{path}: is not valid CSV ({error}); download it again") from error
