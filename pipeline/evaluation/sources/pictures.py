"""Finds the picture files that ids speak of."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.errors import InputError
from pipeline.imaging import PICTURE_SUFFIXES, picture_files


@dataclass(frozen=True, slots=True)
class PictureFolder:
    """Pictures under `folder`. An id is a file's path, or the end of its path, with or without its ending."""

    folder: Path
    ids: tuple[str, ...]

    def paths(self) -> list[Path]:
        """The file of each id. InputError names one that is missing, or that two files answer to."""
        direct = [self.folder / name for name in self.ids]
        if all(path.is_file() for path in direct):
            return direct
        files = picture_files(self.folder)
        names = [path.relative_to(self.folder).as_posix() for path in files]
        return [files[row] for row in matched(names, self.ids, str(self.folder))]


def matched(names: Sequence[str], ids: Sequence[str], where: str) -> list[int]:
    """For each id the position in `names` of the one path that it is, or that ends in it, with or without its ending.

    InputError names an id that nothing, or more than one path, answers to.
    """
    exact = {name: position for position, name in enumerate(names)}
    ends: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(names):
        for end in _ends(name):
            ends[end].append(position)
    found = [[exact[name]] if name in exact else ends.get(name) or ends.get(_bare(name), []) for name in ids]
    missing = [name for name, positions in zip(ids, found, strict=True) if not positions]
    if missing:
        raise InputError(f"{where}: no picture {missing[0]}; {len(missing)} of {len(ids)} are missing")
    for name, positions in zip(ids, found, strict=True):
        if len(positions) > 1:
            raise InputError(
                f"{where}: {names[positions[0]]} and {names[positions[1]]} both answer to {name}; keep one"
            )
    return [positions[0] for positions in found]


def _ends(name: str) -> set[str]:
    """a/b.png: b.png, b, a/b.png, a/b."""
    parts = [PurePosixPath(one).parts for one in (name, _bare(name))]
    return {"/".join(one[start:]) for one in parts for start in range(len(one))}


def _bare(name: str) -> str:
    """Without the ending of a picture."""
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in PICTURE_SUFFIXES else name
