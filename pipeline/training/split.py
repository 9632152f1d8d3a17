"""Which pictures are held out for validation: slots of the train split, the same ones on every run."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


def hash_of(name: str) -> int:
    """63 bits that follow from the name alone."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 1


def cell_of(picture: str) -> str:
    """The cell of a slot id such as awe-black-woman-040-00003; pictures of other names form one cell."""
    cell, _, index = picture.rpartition("-")
    return cell if index.isdigit() and cell.count("-") >= 3 else ""


def held_out(names: Sequence[str], cells: NDArray[np.int32], hashes: NDArray[np.int64], share: float) -> Bools:
    """(n,) True for the pictures of validation: of each cell `share` (0 to 1), those with the lowest hashes.

    What is left over in a cell is carried to the next of the same emotion, in the order of the cells' own hashes, so that
    the total is right to one picture and cells of one picture take turns without regard to ethnicity, age and gender.

    Args:
        names: The cells.
        cells: (n,) position of each picture's cell in `names`.
        hashes: (n,) `hash_of` each picture's id.
        share: Of the pictures.
    """
    ranked = sorted(range(len(names)), key=lambda cell: (names[cell].partition("-")[0], hash_of(names[cell])))
    rank = np.empty(len(names), np.int64)
    rank[ranked] = np.arange(len(names))
    order = np.lexsort((hashes, rank[cells]))
    sizes = np.bincount(rank[cells], minlength=len(names))
    ends = np.concatenate(([0], np.cumsum(sizes)))
    wanted = np.diff(np.floor(ends * share + 0.5).astype(np.int64))
    held = np.zeros(len(cells), bool)
    for start, count in zip(ends, wanted, strict=False):
        held[order[start : start + count]] = True
    return held
