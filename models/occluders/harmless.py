"""Additions to a picture after which the face in it is still whole; see ``models.occluders``."""

from __future__ import annotations

import numpy as np

from models.occluders import hands, objects
from models.occluders.scene import LUMINANCE, Draw, Floats, Scene, any_colour, curve, ellipse, moved

DIMMEST = 45  # median luminance of a picture in coloured light


def _glasses(scene: Scene) -> None:
    """Clear glasses, thin or thick, with a slight glare."""
    rng = scene.rng
    half, power = (rng.uniform(0.32, 0.46), rng.uniform(0.24, 0.4)), float(rng.choice([2.0, 2.6, 4.0, 8.0]))
    drop, tilt, thick = rng.uniform(0, 0.1), rng.normal(0, 0.03), rng.choice([0.02, 0.035, 0.06])
    colour = any_colour(rng) * (0.3 if rng.random() < 0.6 else 1.0)
    frame, lenses = scene.stencil(), scene.stencil()
    for side, eye in zip((-1, 1), scene.eyes, strict=True):
        lens = ellipse(moved(eye, side * 0.04, drop), half, tilt, power)
        lenses.polygon(lens)
        frame.line(lens, thick, closed=True)
        hinge = moved(eye, side * (half[0] + 0.04), drop - 0.08)
        frame.line([hinge, (side * rng.uniform(1.1, 1.25), eye[1] - 0.08)], thick)
    ends = moved(scene.eyes[0], half[0], drop - 0.05), moved(scene.eyes[1], -half[0], drop - 0.05)
    frame.line(curve([ends[0], (0.0, drop - 0.15), ends[1]]), thick)
    glass, rim = lenses.mask(), frame.mask()
    scene.tint(glass, any_colour(rng), rng.uniform(0, 0.25))
    along, _ = scene.local(scene.eyes[int(rng.integers(2))], rng.uniform(0.4, 1.2))
    streak = np.exp(-(((along - rng.normal(0, 0.2)) / rng.uniform(0.02, 0.1)) ** 2)).astype(np.float32)
    scene.tint(streak * glass, (255, 255, 255), rng.uniform(0, 0.4))
    scene.shade(rim, rng.uniform(0, 0.3), 0.05)
    scene.cover(rim, colour * scene.relief(rim, 0.03)[..., None])


def _earrings(scene: Scene) -> None:
    """Rings, drops or studs at the ears."""
    rng = scene.rng
    x, y, colour = rng.uniform(1.02, 1.2), rng.uniform(0.8, 1.0), any_colour(rng)
    radius, ring = rng.uniform(0.05, 0.22), rng.random() < 0.5
    for side in (-1, 1):
        place, paper = (side * x, y + radius), scene.stencil()
        if ring:
            paper.line(ellipse(place, (radius * 0.8, radius)), 0.035, closed=True)
        else:
            paper.polygon(ellipse(place, (radius * 0.6, radius)))
        mask = paper.mask()
        scene.cover(mask, colour * scene.relief(mask, 0.05)[..., None], 0.2, 0.05)


def _hat(scene: Scene) -> None:
    """A cap, hat, headband or turban that ends above the brows."""
    rng = scene.rng
    low = float(scene.eyes[:, 1].mean()) - rng.uniform(0.62, 0.95)
    wide, bend = rng.uniform(1.15, 1.6), rng.uniform(-0.15, 0.25)
    edge = curve([(-wide, low + bend), (-0.6, low), (0.6, low), (wide, low + bend)])
    top = low - (rng.uniform(0.15, 0.4) if rng.random() < 0.3 else rng.uniform(0.8, 1.6))
    crown = curve([(wide, low), (wide * 0.9, top), (0, top - 0.3), (-wide * 0.9, top), (-wide, low)])
    mask = scene.polygon([*edge, *crown])
    scene.cover(mask, scene.material() * scene.relief(mask, 0.3, 0.8)[..., None], rng.uniform(0.1, 0.5), 0.1)


def _hood(scene: Scene) -> None:
    """Cloth round the head: a hijab, a hood, a shawl; the face lies open."""
    rng = scene.rng
    x, rise = float(scene.nose[0]) * 0.4, rng.uniform(0, 0.2)
    inner = ellipse((x, 0.6), (rng.uniform(1.0, 1.2), rng.uniform(1.35, 1.6)), 0.0, rng.uniform(2, 2.6))
    outer = ellipse((x * 0.5, 0.5 - rise), (rng.uniform(1.6, 2.1), rng.uniform(2.0, 2.5)), 0.0, 2.2)
    shape = (
        scene.stencil().polygon(outer).polygon([(-1.5, 1.6), (1.5, 1.6), (3.2, 4.5), (-3.2, 4.5)]).polygon(inner, 0.0)
    )
    scene.cover(shape.mask(), _cloth(scene), rng.uniform(0.1, 0.5), 0.1)


def _cloth(scene: Scene) -> Floats:
    rng = scene.rng
    bent = scene.local((0.0, 0.0), rng.normal(0, 0.8))[1] * rng.uniform(5, 14) + scene.noise(0.8) * rng.uniform(0.5, 2)
    return scene.material() * (1 + 0.18 * np.sin(bent))[..., None]


def _neck_scarf(scene: Scene) -> None:
    """Cloth below the chin."""
    rng = scene.rng
    top = float(scene.mouth[1]) + rng.uniform(0.95, 1.3)
    edge = curve([(-2.4, top - 0.35), (-0.8, top + 0.1), (0.8, top + 0.1), (2.4, top - 0.35)])
    scene.cover(scene.polygon([*edge, (3.0, 6.0), (-3.0, 6.0)]), _cloth(scene), rng.uniform(0.1, 0.4), 0.1)


def _hand_beside(scene: Scene) -> None:
    """A hand next to the face or below the chin, as in waving or gesturing."""
    rng = scene.rng
    side = float(rng.choice([-1, 1]))
    place, angle = (side * rng.uniform(1.7, 2.4), rng.uniform(0.2, 1.8)), rng.normal(0, 0.25)
    if rng.random() < 0.4:
        place, angle = (side * rng.uniform(0, 0.9), rng.uniform(2.4, 3.0)), side * rng.uniform(0.8, 2.2)
    pose = hands.POSES[str(rng.choice(list(hands.POSES)))]
    hands.draw_hand(scene, pose, place, float(angle), rng.uniform(0.8, 1.1), (0.0, 90.0))


def _object_beside(scene: Scene) -> None:
    """Something held or standing beside or under the face."""
    rng = scene.rng
    side, low = float(rng.choice([-1, 1])), rng.random() < 0.35
    place = (
        (rng.uniform(-1, 1), rng.uniform(2.4, 3.0)) if low else (side * rng.uniform(1.5, 2.2), rng.uniform(-1.0, 2.0))
    )
    objects.OBJECTS[str(rng.choice(list(objects.OBJECTS)))](scene, np.array(place))


def _beard(scene: Scene) -> None:
    """Beard, moustache or stubble: dark hairs along the jaw; the mouth is seen."""
    rng = scene.rng
    mouth, x, long = scene.mouth, float(scene.nose[0]), 2.0 + abs(rng.normal(0, 0.25))
    jaw = [
        (-0.97, 0.4),
        (-0.93, 1.3),
        (-0.55, long - 0.2),
        (x * 0.5, long),
        (0.55, long - 0.2),
        (0.93, 1.3),
        (0.97, 0.4),
        (0.84, 0.95),
    ]
    area = scene.stencil()
    if rng.random() < 0.75:
        area.polygon([*jaw, (0.5, 1.05), (x, mouth[1] - 0.25), (-0.5, 1.05), (-0.84, 0.95)])
    if rng.random() < 0.8:
        lip = (scene.nose[1] + mouth[1]) / 2 + 0.08
        bends = [(-0.5, mouth[1] + 0.05), (-0.2, lip), (0.2, lip), (0.5, mouth[1] + 0.05)]
        area.line(curve([(mouth[0] + across, y) for across, y in bends]), rng.uniform(0.1, 0.2))
    half = float(np.hypot(*(scene.spots[4] - scene.spots[3]))) / 2
    area.polygon(ellipse(moved(mouth, 0, 0.03), (half + 0.05, 0.19)), 0.0)
    where = scene.blur(area.mask(), rng.uniform(0.03, 0.09))
    dark = np.array([42, 33, 29], np.float32) * np.float32(
        rng.uniform(0.3, 1.6) if rng.random() < 0.8 else rng.uniform(3, 5)
    )
    scene.tint(where * (1 + 0.15 * scene.noise(0.2)).astype(np.float32), dark, rng.uniform(0.15, 0.75))
    hairs, size = scene.stencil(), rng.uniform(0.03, 0.2)
    for start in rng.uniform((-1.0, 0.4), (1.0, long), (300, 2)):
        hairs.line([start, start + rng.normal((0.25 * start[0], 1), 0.35) * size], 0.012)
    scene.tint(where * hairs.mask(), dark * np.float32(rng.uniform(0.5, 1.3)), rng.uniform(0.3, 0.9))


def _make_up(scene: Scene) -> None:
    """Lips, blush, eye shadow or liner."""
    rng = scene.rng
    half = float(np.hypot(*(scene.spots[4] - scene.spots[3]))) / 2
    lips = scene.blur(scene.ellipse(scene.mouth, (half, 0.14)), 0.05)
    scene.tint(
        lips,
        np.array([rng.uniform(120, 200), rng.uniform(10, 80), rng.uniform(30, 110)], np.float32),
        rng.uniform(0, 0.5),
    )
    shadow = any_colour(rng)
    for side, eye in zip((-1, 1), scene.eyes, strict=True):
        lid = scene.blur(scene.ellipse(moved(eye, 0, -0.13), (0.27, 0.09), side * 0.15), 0.06)
        scene.tint(lid, shadow, rng.uniform(0, 0.5))
        cheek = scene.blur(scene.ellipse((side * 0.55, 0.6), (0.25, 0.18), -side * 0.4), 0.12)
        scene.tint(cheek, np.array([210, 80, 90], np.float32), rng.uniform(0, 0.35))


def _marks(scene: Scene) -> None:
    """Freckles, moles, a scar."""
    rng = scene.rng
    spots = scene.stencil()
    for _ in range(int(rng.integers(2, 60))):
        place, size = rng.normal((0, 0.55), (0.45, 0.4)), rng.uniform(0.008, 0.03)
        spots.polygon(ellipse(place, (size, size)))
    scene.tint(spots.mask(), scene.skin * np.array([0.55, 0.45, 0.4], np.float32), rng.uniform(0.2, 0.8))
    if rng.random() < 0.4:
        start = rng.uniform((-0.7, -0.5), (0.7, 1.4))
        scar = scene.stencil().line([start, start + rng.normal(0, 0.25, 2)], rng.uniform(0.015, 0.04)).mask()
        scene.tint(scar, scene.skin * np.array([1.1, 0.8, 0.8], np.float32), 0.7)


def _tears(scene: Scene) -> None:
    """Drops and wet streaks down the cheeks."""
    rng = scene.rng
    for eye in scene.eyes:
        if rng.random() < 0.8:
            start = moved(eye, rng.normal(0, 0.12), 0.16)
            low = moved(start, rng.normal(0, 0.12), rng.uniform(0.4, 0.9))
            path = curve([start, moved(start, rng.normal(0, 0.08), 0.3), low])
            wet = scene.stencil().line(path, rng.uniform(0.02, 0.05)).mask()
            scene.tint(wet, (235, 242, 250), rng.uniform(0.15, 0.5))
            drop = scene.ellipse(path[-1], (0.035, 0.05))
            scene.tint(drop, (245, 250, 255), rng.uniform(0.2, 0.6))


def _strands(scene: Scene) -> None:
    """A few thin hairs over forehead and cheeks."""
    rng = scene.rng
    side, colour = float(rng.choice([-1, 1])), np.array([60, 45, 38], np.float32) * np.float32(rng.uniform(0.3, 3))
    hairs = scene.stencil()
    for _ in range(int(rng.integers(2, 10))):
        start = np.array([side * rng.uniform(-0.3, 0.9), -1.2])
        end = np.array([side * rng.uniform(0.1, 1.1), rng.uniform(-0.4, 1.2)])
        hairs.line(curve([start, moved((start + end) / 2, side * 0.3, -0.1), end]), rng.uniform(0.008, 0.02))
    scene.cover(hairs.mask() * np.float32(0.9), colour)


def _fringe(scene: Scene) -> None:
    """Hair over the forehead that ends above or at the brows."""
    rng = scene.rng
    low = float(scene.eyes[:, 1].mean()) - rng.uniform(0.42, 0.75)
    colour = np.array([48, 36, 30], np.float32) * np.float32(rng.uniform(0.4, 3.5))
    for layer in range(3):
        hairs = scene.stencil()
        for _ in range(35):
            x = rng.uniform(-1.05, 1.05)
            end = (x * 1.02 + rng.normal(0, 0.05), low + rng.normal(0, 0.06) + 0.25 * x * x)
            hairs.line(curve([(x * 0.6, -1.6), (x, low - 0.5), end], 10), rng.uniform(0.015, 0.06))
        scene.cover(
            hairs.mask(), colour * (0.7 + 0.25 * layer + scene.noise(0.3) * 0.1)[..., None], 0.2 * (layer == 0), 0.1
        )


def _paint(scene: Scene) -> None:
    """Light lines and dots of face paint on cheeks and forehead."""
    rng = scene.rng
    for _ in range(int(rng.integers(1, 4))):
        side = float(rng.choice([-1, 1]))
        middle = np.array(
            [(side * 0.6, 0.65), (side * 0.3, -0.5), (0.0, -0.5), (side * 0.7, 0.4)][int(rng.integers(4))]
        )
        reach = np.array([0.22, 0.22 * rng.normal(0, 0.4)])
        scene.tint(
            scene.stencil().line([middle - reach, middle + reach], rng.uniform(0.03, 0.09)).mask(),
            any_colour(rng),
            rng.uniform(0.4, 0.9),
        )


def _coloured_light(scene: Scene) -> None:
    """Coloured or one-sided light; details stay."""
    rng = scene.rng
    along, _ = scene.local(scene.nose, rng.uniform(0, 2 * np.pi))
    share = (1 / (1 + np.exp(-along * rng.uniform(0.7, 5))))[..., None]
    one, two = (1 - rng.uniform(0, 0.6) * rng.uniform(0, 1, 3) for _ in range(2))
    scene.picture *= (share * one * rng.uniform(0.9, 1.15) + (1 - share) * two * rng.uniform(0.5, 1)).astype(np.float32)
    if rng.random() < 0.3:  # blinds, leaves
        dapple = (
            scene.pattern("striped")
            if rng.random() < 0.5
            else np.clip(scene.noise(rng.uniform(0.2, 0.8), 2) + 0.5, 0, 1)
        )
        scene.picture *= (1 - rng.uniform(0.1, 0.4) * dapple)[..., None]
    dim = DIMMEST / max(float(np.median(scene.picture @ LUMINANCE)), 1)
    scene.picture *= np.float32(np.clip(dim, 1, 4))  # nothing may vanish


def _background(scene: Scene) -> None:
    """Another background round a generous outline of head, hair and shoulders, or things in the corners."""
    rng = scene.rng
    if rng.random() < 0.4:
        corner = np.array([rng.choice([-1, 1]) * rng.uniform(2.0, 2.6), rng.uniform(-1.6, 2.5)])
        half = (rng.uniform(0.5, 1.0), rng.uniform(0.5, 2.0))
        mask = scene.ellipse(corner, half, rng.normal(0, 0.5), float(rng.choice([2, 30])))
        scene.cover(scene.blur(mask, rng.uniform(0, 0.15)), scene.material())
        return
    shoulders = [(-1.4, 1.6), (1.4, 1.6), (3, 3), (3, 9), (-3, 9), (-3, 3)]
    head = scene.stencil().polygon(ellipse((0, 0.3), (1.75, 2.2), 0.0, 2.3)).polygon(shoulders)
    sheet = scene.material(None, ["photo", "photo", "striped", "checked", "mottled"])
    scene.cover(1 - scene.blur(head.mask(), rng.uniform(0.08, 0.25)), sheet)


def _watermark(scene: Scene) -> None:
    """Small letters at an edge, or large faint ones across."""
    rng = scene.rng
    faint = rng.random() < 0.4
    high = rng.uniform(0.25, 0.5) if faint else rng.uniform(0.08, 0.18)
    place = (-1.4, rng.uniform(-0.5, 1.5)) if faint else (rng.uniform(-1.5, 0.5), rng.choice([-1.3, 2.1]))
    letters = scene.stencil()
    for i in range(int(rng.integers(4, 12))):
        for _ in range(3):
            letters.line(rng.uniform(0, 1, (2, 2)) * (high * 0.7, high) + moved(place, i * high, 0), high * 0.12)
    scene.tint(letters.mask(), any_colour(rng), rng.uniform(0.1, 0.3) if faint else rng.uniform(0.5, 1))


def _lines(scene: Scene) -> None:
    """Thin lines across the picture: a wire, a scratch, a grid."""
    rng = scene.rng
    lines, angle = scene.stencil(), rng.uniform(0, np.pi)
    for _ in range(int(rng.integers(1, 5))):
        middle, reach = rng.uniform(-1.5, 2, 2), np.array([np.cos(angle), np.sin(angle)]) * 8
        lines.line([middle - reach, middle + reach], rng.uniform(0.01, 0.03))
    scene.cover(lines.mask() * np.float32(rng.uniform(0.3, 1)), any_colour(rng))


def _border(scene: Scene) -> None:
    """A frame round the picture."""
    rng = scene.rng
    high, wide = (max(1, round(side * rng.uniform(0.01, 0.06))) for side in (scene.height, scene.width))
    mask = np.ones_like(scene.covered)
    mask[high:-high, wide:-wide] = 0
    scene.cover(mask, scene.material())


def _headset(scene: Scene) -> None:
    """Headphones, with a thin microphone beside the mouth now and then."""
    rng = scene.rng
    colour, x = any_colour(rng) * 0.6, rng.uniform(1.12, 1.3)
    band = scene.stencil().line(curve([(-x, 0.2), (-x, -2.0), (x, -2.0), (x, 0.2)]), rng.uniform(0.05, 0.2)).mask()
    scene.cover(band, colour * scene.relief(band, 0.06)[..., None], 0.2)
    for side in (-1, 1):
        cup = scene.ellipse((side * (x + 0.05), 0.4), (rng.uniform(0.15, 0.3), rng.uniform(0.3, 0.5)), 0.0, 3.0)
        scene.cover(cup, colour * scene.relief(cup, 0.1)[..., None], 0.3)
    if rng.random() < 0.5:
        side, end = float(rng.choice([-1, 1])), float(scene.mouth[1]) + rng.uniform(0.0, 0.3)
        boom = curve([(side * x, 0.6), (side * x, end), (side * rng.uniform(0.62, 0.8), end)])
        scene.cover(scene.stencil().line(boom, 0.04).mask(), colour * 0.6, 0.2, 0.05)


DRAWINGS: dict[str, Draw] = {
    "glasses": _glasses,
    "earrings": _earrings,
    "hat": _hat,
    "headset": _headset,
    "hood": _hood,
    "neck scarf": _neck_scarf,
    "hand beside": _hand_beside,
    "object beside": _object_beside,
    "beard": _beard,
    "make-up": _make_up,
    "marks": _marks,
    "tears": _tears,
    "strands": _strands,
    "fringe": _fringe,
    "face paint": _paint,
    "light": _coloured_light,
    "background": _background,
    "watermark": _watermark,
    "lines": _lines,
    "border": _border,
}
