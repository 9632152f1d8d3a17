"""Hands to lay over a face: bones with flesh round them, lit as a relief, in a colour close to the face's own.

A hand is described in millimetres: wrist at the origin, fingers towards +y, thumb at -x. Each part is a signed distance field
round tapered bones; together they give the outline, the roundness, and the dark seams between fingers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.occluders.scene import Floats, Point, Scene, any_colour, rotated

EYES_APART = 63.0  # mm
FLESH = 9.0  # mm over which the surface rounds off towards the outline
NDArrayF = NDArray[np.float64]
Bone = tuple[NDArrayF, NDArrayF, float, float]  # from, to, radius at either end

KNUCKLES = {"index": (-25.0, 95.0), "middle": (-4.0, 100.0), "ring": (16.0, 95.0), "little": (33.0, 84.0)}
LENGTHS = {"index": (46, 27, 22), "middle": (51, 31, 23), "ring": (47, 29, 23), "little": (37, 22, 20)}
RADII = {
    "index": (10.5, 9.3, 8.3, 6.6),
    "middle": (10.7, 9.5, 8.4, 6.8),
    "ring": (10.2, 9, 8, 6.4),
    "little": (9, 8, 7, 5.6),
}
SPREAD = {"index": -1.0, "middle": -0.25, "ring": 0.45, "little": 1.2}
PALM: tuple[tuple[Point, Point, float, float], ...] = (
    ((-13, 8), (-24, 93), 16, 12),
    ((-4, 5), (-4, 97), 17, 12.5),
    ((6, 5), (15, 92), 16, 12),
    ((15, 8), (31, 80), 15, 11),
    ((0, -12), (0, 12), 26, 24),
)
"""Bones of the back of the hand, and the wrist."""


@dataclass(slots=True)
class Digit:
    """A finger or thumb: its joints from the knuckle to the tip, the radius at each, and what shows."""

    joints: NDArrayF
    radii: Sequence[float]
    nail: bool = True
    wrinkles: bool = True

    def bones(self) -> list[Bone]:
        """One after another."""
        ends = zip(self.joints[:-1], self.joints[1:], self.radii[:-1], self.radii[1:], strict=True)
        return [(a, b, float(r), float(s)) for a, b, r, s in ends]


@dataclass(slots=True)
class Hand:
    """The shape: flesh that flows together, digits that join it, and digits that lie on top."""

    palm: list[Bone]
    digits: list[Digit]
    above: list[Digit] = field(default_factory=list)
    back: bool = True


Pose = Callable[[np.random.Generator], Hand]


def flat(rng: np.random.Generator, spread: tuple[float, float] = (0.0, 0.12), curl: float = 0.25) -> Hand:
    """Fingers side by side, more or less straight; back or palm towards us."""
    back, wide, bent = bool(rng.random() < 0.7), rng.uniform(*spread), rng.uniform(0, curl)
    digits = [_finger(name, wide, bent + rng.uniform(0, 0.08), rng, nail=back) for name in KNUCKLES]
    return Hand(_palm(rng), [*digits, _thumb(rng, rng.uniform(-0.1, 0.9), back)], back=back)


def spread(rng: np.random.Generator) -> Hand:
    """Fingers apart."""
    return flat(rng, (0.14, 0.3), 0.15)


def pointing(rng: np.random.Generator) -> Hand:
    """One to three fingers straight, the others curled in."""
    straight = set(
        [("index",), ("index", "middle"), ("index", "middle", "ring"), ("little",)][
            int(rng.choice(4, p=[0.45, 0.35, 0.15, 0.05]))
        ]
    )
    wide = rng.uniform(0.02, 0.2)
    digits = [
        _finger(name, wide, 0.05, rng) if name in straight else _stump(name, rng.uniform(0.55, 0.85), rng)
        for name in KNUCKLES
    ]
    return Hand(_palm(rng), [*digits, _thumb(rng, rng.uniform(-0.2, 0.4), True)])


def fist(rng: np.random.Generator) -> Hand:
    """Closed; either the knuckles or the folded fingers and the thumb over them are seen."""
    if rng.random() < 0.5:
        digits = [_stump(name, rng.uniform(0.45, 0.7), rng) for name in KNUCKLES]
        return Hand(_palm(rng), [*digits, _thumb(rng, 0.0, True)])
    folded = []
    for name, (x, y) in KNUCKLES.items():
        radius = RADII[name][1] * 1.12
        top, low = np.array([x, y + 6.0]), np.array([x * 0.92, y - 34.0 + rng.normal(0, 1.5)])
        folded.append(Digit(np.array([top, (top + low) / 2, low]), (radius, radius * 1.04, radius * 0.9), nail=False))
    thumb = Digit(np.array([[-36.0, 40.0], [-34.0, 62.0], [4.0, 58.0 + rng.normal(0, 4)]]), (14, 11.5, 8.5))
    return Hand(_palm(rng), folded[:0], [*folded, thumb], back=False)


POSES: dict[str, Pose] = {"flat": flat, "spread": spread, "pointing": pointing, "fist": fist}


def _palm(rng: np.random.Generator) -> list[Bone]:
    wide = rng.uniform(0.92, 1.1)
    bones = [(np.array(a) * (wide, 1), np.array(b) * (wide, 1), r * wide, s * wide) for a, b, r, s in PALM]
    return [*bones, (np.array([0.0, -10.0]), np.array([rng.normal(0, 12), -330.0]), 24 * wide, rng.uniform(34, 42))]


def _finger(name: str, spread: float, curl: float, rng: np.random.Generator, nail: bool = True) -> Digit:
    """A finger that starts at its knuckle; ``curl`` shortens its outer bones as if bent away from us."""
    angle = SPREAD[name] * spread + rng.normal(0, 0.025)
    bend = rng.normal(0, 0.05, 3)
    joints = [np.array(KNUCKLES[name])]
    for i, length in enumerate(LENGTHS[name]):
        angle += bend[i]
        seen = length * np.cos(min(1.3, curl * (1 + 0.8 * i)))
        joints.append(joints[-1] + seen * np.array([np.sin(angle), np.cos(angle)]))
    thick = rng.uniform(0.92, 1.08)
    return Digit(np.array(joints), [r * thick for r in RADII[name]], nail)


def _stump(name: str, length: float, rng: np.random.Generator) -> Digit:
    """A finger bent away from us at its middle joint: only its first bone shows."""
    x, y = KNUCKLES[name]
    end = (x * 0.93 + rng.normal(0, 1), y + LENGTHS[name][0] * length)
    return Digit(np.array([(x, y), end]), (RADII[name][0] * 1.05, RADII[name][1] * 1.1), nail=False, wrinkles=False)


def _thumb(rng: np.random.Generator, away: float, nail: bool) -> Digit:
    """The thumb; 0 lies along the hand, 1 stands off."""
    angle = -0.25 - 0.75 * away
    joints = [np.array([-14.0, 22.0])]
    for length, turn in ((44, -0.25), (33, 0.1), (27, 0.2)):
        joints.append(joints[-1] + length * np.array([np.sin(angle + turn), np.cos(angle + turn)]))
    return Digit(np.array(joints), (17, 12.5, 10.5, 7.8), nail)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where on the picture a hand lies: millimetres of every pixel of a window, and pixels a millimetre."""

    rows: slice
    columns: slice
    at: Floats
    fine: float


@dataclass(frozen=True, slots=True)
class Look:
    """What all parts of a hand share."""

    skin: Floats
    nails: Floats
    wrinkles: float
    blotches: float
    ambient: float
    sharpness: float
    """Pixels over which an outline fades."""


def look(scene: Scene) -> Look:
    """A random look for hands in this picture."""
    rng = scene.rng
    skin = hand_colour(scene)
    nails = skin * np.array([1.08, 1.02, 1.04], np.float32) + 10
    return Look(
        skin=skin,
        nails=any_colour(rng) * np.float32(scene.exposure) if rng.random() < 0.12 else nails,
        wrinkles=rng.uniform(0.04, 0.24),
        blotches=rng.uniform(0.01, 0.05),
        ambient=rng.uniform(0.3, 0.6),
        sharpness=max(1.0, rng.uniform(0.0, 0.045) * scene.unit),
    )


def draw_hand(
    scene: Scene,
    pose: Pose,
    target: Point,
    towards: float,
    size: float = 1.0,
    grip: Point = (0.0, 110.0),
    shared: Look | None = None,
) -> None:
    """Lay a hand down so that its point ``grip`` (mm) comes to ``target``, fingers pointing ``towards`` (radians, 0 is up)."""
    rng = scene.rng
    hand, mirrored = pose(rng), float(rng.choice([-1.0, 1.0]))
    scale = size * rng.uniform(0.95, 1.15) / EYES_APART
    sheet = _sheet(scene, target, towards, scale, np.array(grip), mirrored)
    skin = shared or look(scene)
    field_ = _flow([_round(sheet.at, bone) for bone in hand.palm], 10.0)
    for digit in hand.digits:
        field_ = np.minimum(field_, _joined(field_, _digit(sheet.at, digit), 6.0))
    _lay(scene, sheet, field_, hand.digits, hand, skin)
    for digit in hand.above:
        _lay(scene, sheet, _digit(sheet.at, digit), [digit], hand, skin)
    if rng.random() < 0.45:
        _sleeve(scene, sheet, hand)


def hand_colour(scene: Scene) -> Floats:
    """Near the face's own skin: a little lighter, darker, redder; now and then another person's."""
    rng = scene.rng
    spread = 0.28 if rng.random() < 0.2 else 0.1
    own = scene.skin if rng.random() < 0.5 else scene.skin_at(rng.uniform((-0.6, -0.5), (0.6, 1.0)))
    return np.clip(own * np.exp(rng.normal(-0.03, spread) + rng.normal(0, 0.03, 3)), 8, 232).astype(np.float32)


def _sheet(scene: Scene, target: Point, towards: float, scale: float, grip: NDArrayF, mirrored: float) -> Sheet:
    corners = np.array([(x, y) for x in (-130, 130) for y in (-330, 240)], float) - grip
    placed = scene.alignment.to_picture(rotated(corners * (mirrored, -1) * scale, towards) + np.array(target))
    low, high = np.floor(placed.min(axis=0)).astype(int), np.ceil(placed.max(axis=0)).astype(int)
    left, top = np.clip(low, 0, (scene.width - 1, scene.height - 1))
    right, bottom = np.clip(high, (left + 1, top + 1), (scene.width, scene.height))
    rows, columns = slice(int(top), int(bottom)), slice(int(left), int(right))
    turned = rotated([(1.0, 0.0), (0.0, 1.0)], -towards).astype(np.float32)
    at = (scene.grid[rows, columns] - np.asarray(target, np.float32)) @ turned
    at = at * np.array([mirrored / scale, -1 / scale], np.float32) + grip.astype(np.float32)
    return Sheet(rows, columns, at, scene.unit * scale)


def _round(at: Floats, bone: Bone) -> Floats:
    """Distance to the flesh round a bone, negative inside."""
    start, along = bone[0].astype(np.float32), (bone[1] - bone[0]).astype(np.float32)
    offset = at - start
    share = np.clip((offset @ along) / (along @ along), 0, 1)
    x, y = offset[..., 0] - share * along[0], offset[..., 1] - share * along[1]
    return np.sqrt(x * x + y * y) - (np.float32(bone[2]) + share * np.float32(bone[3] - bone[2]))


def _digit(at: Floats, digit: Digit) -> Floats:
    return _flow([_round(at, bone) for bone in digit.bones()], 1.5)


def _joined(one: Floats, other: Floats, width: float) -> Floats:
    """The nearer of two distances, with a soft transition."""
    share = np.clip(0.5 + (other - one) / np.float32(2 * width), 0, 1)
    return other * (1 - share) + one * share - np.float32(width) * share * (1 - share)


def _flow(fields: list[Floats], width: float) -> Floats:
    total = fields[0]
    for each in fields[1:]:
        total = _joined(total, each, width)
    return total


def _lay(scene: Scene, sheet: Sheet, distance: Floats, digits: list[Digit], hand: Hand, own: Look) -> None:
    """Paint one layer: contact shadow, then lit flesh with its wrinkles and nails."""
    rng = scene.rng
    mask = np.zeros_like(scene.covered)
    mask[sheet.rows, sheet.columns] = np.clip(0.5 - distance * np.float32(sheet.fine / own.sharpness), 0, 1)
    round_off = np.sqrt(1 - (1 - np.clip(-distance / FLESH, 0, 1)) ** 2)
    height = round_off * FLESH + _bumps(sheet.at, hand)
    light = _lit(scene, height, sheet.fine, own.ambient) * (0.72 + 0.28 * round_off)
    tone = scene.noise(0.25, 2)[sheet.rows, sheet.columns] * own.blotches + 1
    colour = own.skin * (light * tone)[..., None]
    colour *= np.power(np.array([1.0, 0.93, 0.9], np.float32), np.clip(1.1 - light, 0, 1)[..., None] * 2)  # warm shade
    for digit in digits:
        colour = _details(sheet.at, digit, colour, own, hand.back)
    full = np.zeros_like(scene.picture)
    full[sheet.rows, sheet.columns] = colour
    scene.cover(mask, full, rng.uniform(0.15, 0.55), rng.uniform(0.05, 0.2))


def _lit(scene: Scene, height: Floats, fine: float, ambient: float = 0.42) -> Floats:
    """How bright a relief (mm) is under the picture's light."""
    slope_y, slope_x = np.gradient(height * np.float32(fine)) if min(height.shape) > 1 else (height * 0, height * 0)
    x, y = scene.light_from
    length = np.sqrt(1 + slope_x**2 + slope_y**2)
    facing = np.clip((1.0 - 0.75 * (slope_x * x + slope_y * y)) / length, 0, 1.4)
    return np.asarray(ambient + (1.04 - ambient) * facing, np.float32)


def _bumps(at: Floats, hand: Hand) -> Floats:
    """Knuckles and tendons of the back; the balls of the palm."""
    height = np.zeros(at.shape[:2], np.float32)
    if not hand.back:
        for x, y, reach, lift in ((-24, 45, 20, 5.0), (24, 40, 20, 3.5), (2, 60, 17, -4.0), (2, 90, 14, 2.0)):
            height += lift * _blot(at, (x, y), reach)
        return height
    for x, y in KNUCKLES.values():
        height += 2.6 * _blot(at, (x, y), 9)
        tendon = _round(at, (np.array([x * 0.4, 25.0]), np.array([x, y]), 0.0, 0.0))
        height += 1.2 * np.exp(-((tendon / 4) ** 2)) * np.clip((at[..., 1] - 35) / 35, 0, 1)
    return height


def _blot(at: Floats, centre: Point, reach: float) -> Floats:
    x, y = at[..., 0] - np.float32(centre[0]), at[..., 1] - np.float32(centre[1])
    return np.exp(-(x * x + y * y) / np.float32(reach * reach))


def _details(at: Floats, digit: Digit, colour: Floats, own: Look, back: bool) -> Floats:
    """Wrinkles at the joints, the nail or a redder tip."""
    inner = range(1, len(digit.joints) - 1) if digit.wrinkles else ()
    for i in inner:
        along, across, radius = _along(at, digit, i)
        rows = (-2.8, 0.0, 2.8) if back and i == 1 else (0.0, 2.2)[: 1 + (i == 1)]
        lines = sum(np.exp(-(((along - row + 0.02 * across**2) / 0.9) ** 2)) for row in rows)
        colour = colour * (1 - own.wrinkles * lines * np.clip(3 - 3 * np.abs(across) / radius, 0, 1))[..., None]
    along, across, radius = _along(at, digit, len(digit.joints) - 1)
    if digit.nail:
        return _nail(colour, along, across, radius, own)
    red = _blot(np.stack([along, across], axis=-1), (0.0, 0.0), radius) * np.float32(own.blotches * 2)
    return colour * (1 - red[..., None] * np.array([0, 1, 0.8], np.float32))


def _along(at: Floats, digit: Digit, joint: int) -> tuple[Floats, Floats, float]:
    """Pixels in the frame of a joint: along the bone that ends there, across it; and the radius."""
    bone = digit.joints[joint] - digit.joints[joint - 1]
    unit = (bone / max(float(np.hypot(*bone)), 1e-6)).astype(np.float32)
    offset = at - digit.joints[joint].astype(np.float32)
    return offset @ unit, offset @ np.array([-unit[1], unit[0]]), float(digit.radii[joint])


def _nail(colour: Floats, along: Floats, across: Floats, radius: float, own: Look) -> Floats:
    centre = radius * 0.1
    shape = np.abs((along - centre) / (radius * 0.95)) ** 2.6 + np.abs(across / (radius * 0.68)) ** 2.6
    inside = np.clip((1.08 - shape) * 3, 0, 1)[..., None]
    rim = np.exp(-(((shape - 1.0) / 0.25) ** 2))[..., None]
    gloss = np.exp(-(((across + radius * 0.2) / (radius * 0.2)) ** 2))[..., None] * 0.1 * own.skin
    lit = own.nails * (0.5 + 0.5 * colour / np.maximum(own.skin, 1)) + gloss
    return colour * (1 - 0.18 * rim) * (1 - inside) + lit * inside


def _sleeve(scene: Scene, sheet: Sheet, hand: Hand) -> None:
    """Cloth over the forearm, from somewhere behind the wrist on."""
    rng = scene.rng
    start, end, thin, thick = hand.palm[-1]
    begin = start + (end - start) * rng.uniform(0.05, 0.3)
    distance = _round(sheet.at, (begin, end, thin + 7, thick + 9))
    distance = np.maximum(distance, sheet.at[..., 1] - np.float32(begin[1]) - 3 * np.sin(sheet.at[..., 0] / 14))
    mask = np.zeros_like(scene.covered)
    mask[sheet.rows, sheet.columns] = np.clip(0.5 - distance * np.float32(sheet.fine), 0, 1)
    lit = np.ones_like(scene.covered)
    folds = 1.5 * np.sin(sheet.at[..., 1] / rng.uniform(5, 12) + sheet.at[..., 0] / rng.uniform(8, 30))
    padded = np.sqrt(1 - (1 - np.clip(-distance / 22, 0, 1)) ** 2) * 22
    lit[sheet.rows, sheet.columns] = _lit(scene, padded + folds, sheet.fine)
    scene.cover(mask, scene.material() * lit[..., None], rng.uniform(0.2, 0.5), 0.08)
