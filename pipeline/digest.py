"""What tells one set of files from another."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def digest(paths: Iterable[Path]) -> str:
    """16 hex digits that change with the name or a byte of any file."""
    files = sorted(path for path in paths if path.is_file())
    with ThreadPoolExecutor() as pool:
        sums = list(pool.map(_sha256, files))
    text = "\n".join(f"{path.name} {checksum}" for path, checksum in zip(files, sums, strict=True))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
