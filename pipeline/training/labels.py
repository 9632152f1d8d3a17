"""What a picture shows, as targets from 0 to 7 for the forty emotions: requested, annotated, voted or rated."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, did_you_mean
from pipeline.labels.annotations import FOLDER, read_annotations
from pipeline.labels.emotions import emotion_names, position_of
from pipeline.labels.published import HIGHEST, Ratings, Votes, read_published
from pipeline.store.storage import Storage, open_storage
from pipeline.training.pictures import DatasetPictures, PictureSource, Piece

Floats = NDArray[np.float32]
Kind = Literal["rating", "vote"]

REQUESTED = "requested"
INTENSITIES = {"subtle": 3.0, "plain": 5.0, "intense": 7.0}
"""Score of the requested emotion by the intensity that was asked for: even steps up to the top of the scale."""


@dataclass(frozen=True, slots=True)
class Targets:
    """`values` (n, 40) from 0 to 7, and `weights` (n, 40): how much each counts, 0 (not known) to 1."""

    values: Floats
    weights: Floats


class Labels(Protocol):
    """Labels of pictures."""

    @property
    def name(self) -> str:
        """What the user called them."""
        ...

    @property
    def kind(self) -> Kind:
        """Whether values are ratings, or 7 times the share of yes among votes."""
        ...

    @property
    def digest(self) -> str:
        """Changes with any label that does not follow from the pictures themselves."""
        ...

    def of(self, piece: Piece, ids: Sequence[str]) -> Targets:
        """The targets of a piece's pictures, in the order of `ids`; those without a label have weight 0 throughout."""
        ...


def open_labels(name: str, source: PictureSource) -> Labels:
    """The labels called `name`.

    Args:
        name: `requested`; the name of a folder in DIR/annotations; a folder of such files elsewhere; or EmoNet-Face's
            binary.csv or hq.csv.
        source: The pictures they belong to.

    Raises InputError where they are not there or wrong: a missing column, an unknown emotion, a rating beyond 0 to 7.
    """
    if name == REQUESTED:
        return RequestedLabels(source)
    path = Path(name).expanduser()
    if path.is_file():
        return published_labels(path)
    if path.is_dir():
        return annotated_labels(open_storage(str(path.resolve().parent)), path.resolve().name, name)
    if source.storage.names(f"{FOLDER}/{name}"):
        return annotated_labels(source.storage, f"{FOLDER}/{name}", name)
    known = [REQUESTED, *source.storage.names(FOLDER)]
    raise InputError(
        f"{source.storage.url}: no labels {name!r}{did_you_mean(name, known)}; here are {', '.join(known)}, and a CSV file "
        "of votes or ratings can be named by its path"
    )


class RequestedLabels:
    """The emotion that was asked of the generator, at the score of its intensity; every other emotion is 0."""

    name, digest = REQUESTED, ""
    kind: Kind = "rating"

    def __init__(self, source: PictureSource) -> None:
        """InputError where the pictures are no dataset."""
        if not isinstance(source, DatasetPictures):
            raise InputError(
                f"{source.storage.url}: picture files have no requested emotion; name labels: --labels FILE.csv or DIR"
            )
        self._folder = source.folder
        self._parts = {record.name: record.part for record in source.folder.committed()}

    def of(self, piece: Piece, ids: Sequence[str]) -> Targets:
        """See Labels. InputError for an intensity that has no score."""
        names = self._folder.labels(self._parts[piece.name]).emotion
        tables = self._folder.read_shard(piece.name, ["id", "emotion", "intensity"])
        rows = {row["id"]: row for table in tables for row in table.to_pylist()}
        values = np.zeros((len(ids), len(emotion_names())), np.float32)
        for line, picture in enumerate(ids):
            values[line, position_of(names[rows[picture]["emotion"]])] = _intensity(rows[picture]["intensity"], picture)
        return Targets(values, np.ones_like(values))


@dataclass(frozen=True, slots=True)
class TableLabels:
    """Labels by picture id, held in memory: about 400 bytes a picture. See Labels."""

    name: str
    kind: Kind
    digest: str
    lines: dict[str, int]
    table: Targets

    def of(self, piece: Piece, ids: Sequence[str]) -> Targets:
        """See Labels. A picture is found by its id, its path without suffix, or its bare file name."""
        lines = [next((self.lines[key] for key in _keys(one) if key in self.lines), -1) for one in ids]
        found = np.asarray(lines)
        weights = np.where(found[:, None] < 0, 0, self.table.weights[found])
        return Targets(self.table.values[found], weights.astype(np.float32))


def annotated_labels(storage: Storage, folder: str, name: str) -> TableLabels:
    """The annotations in a folder (`pipeline.labels.annotations.read_annotations`); an empty value is not known."""
    found = read_annotations(storage, folder)
    lines = {picture: line for line, picture in enumerate(found.ids)}
    values, known = np.nan_to_num(found.values).astype(np.float32), ~np.isnan(found.values)
    return TableLabels(name, "rating", found.digest, lines, Targets(values, known.astype(np.float32)))


def published_labels(file: Path) -> TableLabels:
    """EmoNet-Face's binary.csv or hq.csv. InputError names the line and the column at fault."""
    published = read_published(file)
    content = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    if isinstance(published, Ratings):
        lines, table = {image: line for line, image in enumerate(published.images)}, _mean_ratings(published)
        return TableLabels(file.name, "rating", content, _by_key(lines, file), table)
    lines, table = _vote_shares(published)
    return TableLabels(file.name, "vote", content, _by_key(lines, file), table)


def _mean_ratings(ratings: Ratings) -> Targets:
    """The mean over the people who rated an image; images that only models rated are not known."""
    people = ratings.of_humans
    raters = (~np.isnan(people)).sum(axis=0)
    mean = np.nansum(people, axis=0) / np.maximum(raters, 1)
    return Targets(mean.astype(np.float32), (raters > 0).astype(np.float32))


def _vote_shares(votes: Votes) -> tuple[dict[str, int], Targets]:
    """7 times the share of yes, weighted by confidence n / (n + 1) for n answers: 1/2, 2/3, 3/4, ...

    That is the variance of the share's estimate, 1 / n, beside as much again for what no number of answers settles.
    """
    lines = {image: line for line, image in enumerate(dict.fromkeys(votes.image_of))}
    answers = (~np.isnan(votes.answers)).sum(axis=0)
    rows = [lines[image] for image in votes.image_of]
    columns = [position_of(votes.emotions[emotion]) for emotion in votes.emotion_of]
    values = np.zeros((len(lines), len(emotion_names())), np.float32)
    weights = np.zeros_like(values)
    values[rows, columns] = HIGHEST * np.nansum(votes.answers, axis=0) / answers
    weights[rows, columns] = answers / (answers + 1)
    return lines, Targets(values, weights)


def _intensity(intensity: str, picture: str) -> float:
    try:
        return INTENSITIES[intensity]
    except KeyError:
        known = ", ".join(INTENSITIES)
        raise InputError(
            f"{picture}: intensity {intensity!r} has no score (known: {known}); train on annotations instead: --labels NAME"
        ) from None


def _keys(picture: str) -> tuple[str, str, str]:
    path = PurePosixPath(picture)
    return picture, path.with_suffix("").as_posix(), path.stem


def _by_key(lines: dict[str, int], file: Path) -> dict[str, int]:
    """Lines by full name, and by bare file name as well. InputError where two images share that."""
    found = dict(lines)
    for image, line in lines.items():
        for key in _keys(image)[1:]:
            if found.setdefault(key, line) != line:
                raise InputError(f"{file}: {image!r} shares the name {key!r} with another image; rename one of them")
    return found
