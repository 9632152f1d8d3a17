"""Draw one person at random for given labels: everything the renderer needs to know about a picture.

Identity, hair, light, clothes and background vary freely; only the labels (ethnicity, age, gender, emotion, intensity) are
fixed. Nobody younger than 20 can be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from models.tables import INTENSITIES, OLDEST, YOUNGEST, Ethnicity, expressions, looks, mirrored

RGB = tuple[float, float, float]
UNIT_LIMIT = {"eyeBlink": 1.0, "jawOpen": 1.05, "tongueOut": 1.0, "mouthPucker": 1.1, "eyeWide": 1.15}
GAZE_LIMIT = 1.0
DEFAULT_LIMIT = 1.2
GAIN = {"browInnerUp": 2.2, "noseSneer": 1.4, "browDown": 1.15}  # units that move too little to be seen at 128 px
INNER_BROW_ANGLE = 0.55  # browInnerUp lifts the brow but hardly turns it: this much of eyebrows-angle-up goes with it


@dataclass(frozen=True, slots=True)
class Labels:
    """What a picture shows. ``age`` in years; slugs otherwise."""

    ethnicity: str
    age: int
    gender: str
    emotion: str
    intensity: str


@dataclass(frozen=True, slots=True)
class Person:
    """One picture's parameters. Angles in degrees; colours are linear RGB; weights belong to morph targets."""

    labels: Labels
    mix: dict[str, float]
    shape: dict[str, float]
    units: dict[str, float]
    muscle: float
    weight: float
    skin: RGB
    eye: str
    hair: str | None
    hair_colour: RGB
    brow: str
    brow_colour: RGB
    head: RGB  # yaw, pitch, roll
    zoom: float
    shift: tuple[float, float]
    light_angle: float
    light: RGB
    key: float
    background: tuple[RGB, RGB]
    shirt: RGB
    flush: float = 0.0
    pallor: float = 0.0
    shade: float = 0.0
    stubble: float = 0.0
    gloss: float = field(default=0.05)


def linear(rgb: tuple[float, ...] | np.ndarray) -> np.ndarray:
    """sRGB 0..255 to linear 0..1 (gamma 2.2, as in the shader)."""
    return np.power(np.clip(np.asarray(rgb, float) / 255.0, 0.0, 1.0), 2.2)


def draw(labels: Labels, rng: np.random.Generator) -> Person:
    """A random person with these labels. Raises ValueError below 20 or above 82 years."""
    if not YOUNGEST <= labels.age <= OLDEST:
        raise ValueError(f"age {labels.age}: only {YOUNGEST} to {OLDEST} years are rendered")
    table = looks()
    level = table.ethnicities[labels.ethnicity]
    units, head, skin = _expression(labels, rng.spawn(1)[0])
    hair = _pick(table.hair.get(f"{labels.ethnicity} {labels.gender}") or table.hair[labels.gender], rng)
    hair_colour = _hair_colour(level, labels.age, rng)
    man = labels.gender == "man"
    return Person(
        labels=labels,
        mix=_mix(level, rng),
        shape=_shape(level, labels, units.get("browInnerUp", 0.0) / GAIN["browInnerUp"], rng),
        units=units,
        muscle=float(rng.uniform(0.5, 0.75) if man else rng.uniform(0.3, 0.55)),
        weight=float(rng.uniform(0.3, 0.75)),
        skin=_skin(level, rng),
        eye=_pick(level.eyes, rng),
        hair=None if hair == "none" else hair,
        hair_colour=_rgb(hair_colour),
        brow=_pick(table.brows[labels.gender], rng),
        brow_colour=_rgb(hair_colour * 0.55),
        head=_rgb(head + rng.normal(0, (3.0, 1.7, 1.4))),
        zoom=float(rng.uniform(1.40, 1.50)),
        shift=(float(rng.normal(0, 0.012)), float(rng.normal(0, 0.012))),
        light_angle=float(rng.uniform(-38, 38)),
        light=_rgb(np.array([1.0, 0.97, 0.93]) + rng.normal(0, 0.03, 3)),
        key=float(rng.uniform(0.92, 1.12)),
        background=_background(rng),
        shirt=_rgb(rng.uniform(0.01, 0.45) * rng.uniform(0.5, 1.0, 3)),
        stubble=float(max(0.0, rng.normal(0.0, 0.22))) if man else 0.0,
        gloss=float(rng.uniform(0.03, 0.08)),
        **skin,
    )


def loosely(person: Person, rng: np.random.Generator) -> Person:
    """The same person as photographs show people: turned further, framed wider, in light from the side."""
    turn = np.clip(np.array(person.head) + rng.normal(0, (14.0, 7.0, 7.0)), -35, 35)
    return replace(
        person,
        head=_rgb(turn),
        zoom=float(rng.uniform(0.95, 1.5)),
        light_angle=float(rng.uniform(-80, 80)),
        key=float(rng.uniform(0.7, 1.2)),
    )


def _expression(labels: Labels, rng: np.random.Generator) -> tuple[dict[str, float], np.ndarray, dict[str, float]]:
    row = expressions()[labels.emotion]
    scale = float(rng.uniform(*INTENSITIES[labels.intensity]))
    units = {}
    for name, weight in row.units.items():
        limit = GAZE_LIMIT if name.startswith("eyeLook") else DEFAULT_LIMIT
        limit = next((v for k, v in UNIT_LIMIT.items() if name.startswith(k)), limit)
        value = min(limit, weight * scale * rng.uniform(0.9, 1.1))
        gain = next((v for k, v in GAIN.items() if name.startswith(k)), 1.0)
        units[name] = float(value * gain)
    pose_scale = 0.6 + 0.4 * min(scale, 1.2)
    side = rng.choice([-1.0, 1.0])
    head = np.array([row.head.get(k, 0.0) for k in ("yaw", "pitch", "roll")]) * pose_scale * (side, 1.0, side)
    skin = {name: float(min(1.0, value * scale * rng.uniform(0.7, 1.1))) for name, value in row.skin.items()}
    skin["flush"] = skin.get("flush", 0.0) + float(max(0.0, rng.normal(0.0, 0.08)))
    return (mirrored(units) if side < 0 else units), head, skin


def _mix(level: Ethnicity, rng: np.random.Generator) -> dict[str, float]:
    raw = {k: max(0.02, v + rng.normal(0, 0.06)) if v < 1 else v for k, v in level.mix.items()}
    total = sum(raw.values())
    return {k: float(v / total) for k, v in raw.items()}


def _shape(level: Ethnicity, labels: Labels, inner_brow: float, rng: np.random.Generator) -> dict[str, float]:
    table = looks()
    usual = {**table.rest, **level.local}
    shape = {name: float(w * rng.uniform(0.7, 1.2)) for name, w in usual.items()}
    shape["eyebrows-angle-up"] += INNER_BROW_ANGLE * inner_brow
    aged = max(0.0, (labels.age - 40) / 40)
    shape |= {name: float(w * aged * rng.uniform(0.7, 1.2)) for name, w in table.ageing.items() if aged}
    for names, limit in table.identity.items():
        if rng.random() < 0.6:
            direction, weight = rng.choice(["incr", "decr"]), float(rng.uniform(0, limit))
            for name in names.split("+"):
                shape[f"{name}-{direction}"] = shape.get(f"{name}-{direction}", 0.0) + weight
    return shape


def _skin(level: Ethnicity, rng: np.random.Generator) -> RGB:
    low, high = linear(level.skin[0]), linear(level.skin[1])
    share = np.clip(rng.beta(2, 2) + rng.normal(0, 0.03, 3), 0, 1)
    return _rgb(low * (high / low) ** share)


def _hair_colour(level: Ethnicity, age: int, rng: np.random.Generator) -> np.ndarray:
    colours = looks().hair_colours
    own = linear(colours[_pick(level.hair, rng)]) * rng.uniform(0.8, 1.25)
    grey = float(np.clip((age - 40) / 32 + rng.normal(0, 0.15), 0, 1)) if age > 36 else 0.0
    old = linear(colours["grey"]) * (1 - grey) + linear(colours["white"]) * grey
    return np.asarray(own * (1 - grey**1.3) + old * grey**1.3)


def _background(rng: np.random.Generator) -> tuple[RGB, RGB]:
    """Two low-saturation colours, top and bottom, of a soft gradient."""
    value = rng.uniform(70, 215)
    tone = value * (1 + rng.normal(0, 0.045, 3))
    return _rgb(linear(tone * rng.uniform(0.85, 1.15))), _rgb(linear(tone * rng.uniform(0.8, 1.1)))


def _pick(weights: dict[str, float], rng: np.random.Generator) -> str:
    share = np.array(list(weights.values()), float)
    return str(rng.choice(list(weights), p=share / share.sum()))


def _rgb(values: np.ndarray) -> RGB:
    r, g, b = (float(v) for v in values)
    return r, g, b
