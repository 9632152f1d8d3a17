"""The two tables of the renderer, read and checked: emotions.yaml and demographics.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SIDES = ("Left", "Right")
MIDLINE = {
    "browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel", "mouthLeft",
    "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "tongueOut",
}  # fmt: skip
INTENSITIES = {"subtle": (0.55, 0.7), "plain": (0.85, 1.0), "intense": (1.15, 1.32)}
AGES = (20, 30, 40, 50, 60, 70, 80)
OLDEST, YOUNGEST = 82, 20
GENDERS = ("woman", "man")


@dataclass(frozen=True, slots=True)
class Expression:
    """One emotion at plain intensity: face units by their full ARKit name, head angles in degrees, skin changes 0 to 1."""

    units: dict[str, float]
    head: dict[str, float]
    skin: dict[str, float]


@dataclass(frozen=True, slots=True)
class Ethnicity:
    """How one level of the balanced preset is shown; see demographics.yaml."""

    mix: dict[str, float]
    skin: tuple[tuple[int, ...], tuple[int, ...]]
    local: dict[str, float]
    hair: dict[str, float]
    eyes: dict[str, float]


@dataclass(frozen=True, slots=True)
class Looks:
    """The rest of demographics.yaml."""

    ethnicities: dict[str, Ethnicity]
    hair_colours: dict[str, tuple[int, ...]]
    hair: dict[str, dict[str, float]]
    brows: dict[str, dict[str, float]]
    ageing: dict[str, float]
    rest: dict[str, float]
    identity: dict[str, float]


@cache
def expressions() -> dict[str, Expression]:
    """Slug -> expression: the 40 emotions in their order, then the extras (neutral)."""
    table = _read("emotions.yaml")
    rows = {**table["emotions"], **table["extra"]}
    return {slug: _expression(row) for slug, row in rows.items()}


@cache
def looks() -> Looks:
    """The parsed demographics.yaml."""
    table = _read("demographics.yaml")
    levels = {}
    for slug, row in table["ethnicities"].items():
        low, high = row["skin"]
        levels[slug] = Ethnicity(row["mix"], (tuple(low), tuple(high)), row.get("local", {}), row["hair"], row["eyes"])
    colours = {name: tuple(rgb) for name, rgb in table["hair_colours"].items()}
    return Looks(levels, colours, *(table[key] for key in ("hair", "brows", "ageing", "rest", "identity")))


def mirrored(units: dict[str, float]) -> dict[str, float]:
    """The same expression seen in a mirror."""
    swap = {"Left": "Right", "Right": "Left"}
    out = {}
    for name, weight in units.items():
        side = next((s for s in SIDES if name.endswith(s)), None)
        out[name.removesuffix(side) + swap[side] if side else name] = weight
    return out


def _expression(row: dict[str, Any]) -> Expression:
    units: dict[str, float] = {}
    for name, weight in row["units"].items():
        one_sided = name in MIDLINE or name.endswith(SIDES)
        units |= (
            {name: weight} if one_sided else {name + side: weight for side in SIDES if name + side not in row["units"]}
        )
    return Expression(units, row.get("head", {}), row.get("skin", {}))


def _read(name: str) -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((HERE / name).read_text())
    return table
