"""The drawings that hide a face, by kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.occluders import hands, objects
from models.occluders.scene import Draw, Floats, Point, Scene, any_colour, curve, ellipse, moved, rotated

# ---------------------------------------------------------------- bars, boxes, cloth


def bar_across(scene: Scene, centre: Point, thick: float, long: float, angle: float) -> None:
    rng = scene.rng
    mask = scene.ellipse(centre, (long / 2, thick / 2), angle, rng.choice([2.5, 6.0, 40.0]))
    lit = scene.relief(mask, 0.06, rng.uniform(0, 0.7))[..., None]
    scene.cover(mask * np.float32(rng.uniform(0.88, 1)), scene.material() * lit, rng.choice([0, rng.uniform(0.1, 0.5)]))


def _bar(scene: Scene) -> None:
    """Over the eyes, the mouth, the nose, or slantwise over the face."""
    rng = scene.rng
    centres = [scene.eyes.mean(axis=0), scene.mouth, scene.nose, scene.nose, scene.eyes[rng.integers(2)]]
    where = int(rng.integers(len(centres)))
    angle = rng.uniform(0.5, 2.6) if where == 3 else rng.normal(0, 0.12)
    centre = centres[where] + rng.normal(0, 0.05, 2)
    bar_across(scene, centre, rng.uniform(0.35, 0.9), rng.uniform(1.0 if where == 4 else 1.4, 4.5), float(angle))


def _box(scene: Scene) -> None:
    """A flat box over eyes, mouth, half of the face or all of it; with a letter or a line now and then."""
    rng = scene.rng
    centre = np.array([scene.eyes.mean(axis=0), scene.mouth, scene.nose][rng.integers(3)]) + rng.normal(0, 0.25, 2)
    mask = scene.ellipse(
        centre, rng.uniform(0.35, 1.3, 2), rng.choice([0, rng.normal(0, 0.2)]), rng.choice([2.0, 40.0])
    )
    scene.cover(mask, scene.material())


def _patch(scene: Scene) -> None:
    """An eye patch with its band."""
    rng = scene.rng
    eye = scene.eyes[rng.integers(2)] + rng.normal(0, 0.03, 2)
    colour = any_colour(rng) * (0.25 if rng.random() < 0.6 else 1.0)
    reach = np.array([2.5, -2.5 * (rng.normal(0, 0.2) + 0.25 * np.sign(eye[0]))])
    if rng.random() < 0.75:
        band = scene.stencil().line([eye - reach, eye + reach], rng.uniform(0.03, 0.12)).mask()
        scene.cover(band * np.float32(0.95), colour)
    mask = scene.ellipse(
        eye, (rng.uniform(0.33, 0.5), rng.uniform(0.24, 0.42)), rng.normal(0, 0.2), rng.uniform(2, 3.5)
    )
    scene.cover(mask, scene.material(colour, ["plain", "mottled"]) * scene.relief(mask, 0.15)[..., None], 0.3)


def _lower_cloth(scene: Scene, top: float, low: float, wide: float) -> NDArray[np.float64]:
    """Outline of cloth over the lower face: from ear over the nose to ear, round the chin."""
    x, tip = float(scene.nose[0]), scene.rng.uniform(-0.12, 0.12)
    bridge = [(x * 0.5 - 0.4, top - 0.02), (x, top - 0.22), (x * 0.5 + 0.4, top - 0.02)]
    chin = [(wide * 0.85, low - 0.1), (x * 0.5, low + 0.25), (-wide * 0.85, low - 0.1)]
    upper = curve([(-wide, top + 0.25 + tip), *bridge, (wide, top + 0.25 - tip)])
    return np.concatenate([upper, curve([(wide, top + 0.8), *chin, (-wide, top + 0.8)])])


def _mask_colour(scene: Scene) -> Floats:
    pick = scene.rng.random()
    if pick < 0.25:
        return np.array([150, 195, 220], np.float32) + scene.rng.normal(0, 14, 3).astype(np.float32)
    if pick < 0.4:
        return hands.hand_colour(scene)
    return any_colour(scene.rng)


def _mask(scene: Scene) -> None:
    """A surgical or cloth mask over mouth and (mostly) nose, with pleats or a seam, and straps."""
    rng = scene.rng
    top = float(scene.nose[1]) + rng.uniform(-0.45, 0.3)
    outline = _lower_cloth(scene, top, rng.uniform(1.75, 2.1), rng.uniform(0.85, 1.1))
    colour = _mask_colour(scene)
    if rng.random() < 0.7:
        ends = [((side * 0.85, top + y), (side * 1.6, y2)) for side in (-1, 1) for y, y2 in ((0.25, 0.0), (0.95, 0.7))]
        scene.cover(scene.stencil().lines(ends, rng.uniform(0.025, 0.06)).mask(), colour * 0.9 + 15)
    mask = scene.polygon(outline)
    height = scene.blur(mask, 0.25) * 0.5
    if rng.random() < 0.6:
        turns, shift = rng.uniform(14, 26), rng.uniform(0, 6)
        pleats = np.sin(scene.grid[..., 1] * turns + shift + 1.2 * scene.grid[..., 0] ** 2)
        height = height + 0.012 * np.tanh(2 * pleats)
    else:
        height = height - 0.02 * np.exp(-(((scene.grid[..., 0] - scene.nose[0]) / 0.03) ** 2)) + 0.02 * scene.noise(0.4)
    kinds = ["plain"] if rng.random() < 0.55 else ["striped", "checked", "mottled", "dotted", "photo"]
    scene.cover(mask, scene.material(colour, kinds) * _light_on(scene, height)[..., None], rng.uniform(0.1, 0.5))


def _light_on(scene: Scene, height: Floats) -> Floats:
    """Light on a surface whose height is given in units of the frame."""
    slope_y, slope_x = np.gradient(height * np.float32(scene.unit))
    x, y = scene.light_from
    return np.asarray(np.clip(1 - 0.8 * (slope_x * x + slope_y * y), 0.4, 1.5), np.float32)


def _scarf(scene: Scene) -> None:
    """A scarf or cloth wound over the lower face, with folds."""
    rng = scene.rng
    top = float(scene.nose[1]) + rng.uniform(-0.5, 0.4)
    x = np.linspace(-2.6, 2.6, 14)
    edge = top + rng.uniform(0, 0.35) * np.abs(x) + np.cumsum(rng.normal(0, 0.05, 14)) + rng.normal(0, 0.12) * x
    mask = scene.polygon([*zip(x, edge, strict=True), (3.0, 6.0), (-3.0, 6.0)])
    scene.cover(mask, _folded(scene), rng.uniform(0.2, 0.6), 0.12)


def _folded(scene: Scene) -> Floats:
    """Cloth with folds, as a sheet."""
    rng = scene.rng
    along, across = scene.local((0.0, 0.0), rng.normal(0, 0.4))
    bent = across * rng.uniform(6, 16) + scene.noise(rng.uniform(0.5, 1.2)) * rng.uniform(0.5, 2.2)
    height = 0.04 * np.sin(bent) + 0.012 * np.sin(2.3 * bent + along) + 0.02 * scene.noise(0.2)
    return scene.material() * _light_on(scene, height.astype(np.float32))[..., None]


def _veil(scene: Scene) -> None:
    """Cloth over all but the eyes, or over all the face; a balaclava among them."""
    rng = scene.rng
    mask = scene.ellipse((0.0, 0.5), (rng.uniform(1.2, 1.7), rng.uniform(1.7, 2.4)), 0.0, 2.2)
    mask = np.maximum(mask, scene.ellipse((0.0, 3.0), (2.2, 1.6)))
    if rng.random() < 0.75:
        centre = scene.eyes.mean(axis=0)
        if rng.random() < 0.6:
            slit = scene.ellipse(centre, (rng.uniform(0.8, 1.0), rng.uniform(0.22, 0.4)), rng.normal(0, 0.05), 3.0)
        else:
            holes = scene.stencil()
            for eye in scene.eyes:
                holes.polygon(ellipse(eye, (rng.uniform(0.24, 0.36), rng.uniform(0.15, 0.26))))
            slit = holes.mask()
        mask = mask * (1 - slit)
    scene.cover(mask, _folded(scene), 0.4, 0.1)


# ---------------------------------------------------------------- glasses


def _sunglasses(scene: Scene) -> None:
    """Dark, mirrored or tinted glasses of many shapes; no eye is seen behind them."""
    rng = scene.rng
    half, power = (rng.uniform(0.34, 0.5), rng.uniform(0.26, 0.46)), rng.choice([2.0, 2.6, 4.0, 8.0])
    drop, tilt = rng.uniform(-0.02, 0.12), rng.normal(0, 0.03)
    colour = any_colour(rng) * (0.2 if rng.random() < 0.75 else 0.8)
    frame = scene.stencil()
    lenses = scene.stencil()
    for side, eye in zip((-1, 1), scene.eyes, strict=True):
        lens = ellipse(moved(eye, side * 0.04, drop), half, side * 0.12 * rng.random() + tilt, float(power))
        lenses.polygon(lens)
        frame.line(lens, rng.uniform(0.02, 0.1), closed=True)
        frame.line([moved(eye, side * half[0], drop - 0.1), (side * rng.uniform(1.1, 1.25), eye[1] - 0.08)], 0.06)
    ends = moved(scene.eyes[0], 0.3, drop - 0.05), moved(scene.eyes[1], -0.3, drop - 0.05)
    frame.line(curve([ends[0], (0.0, drop - 0.15), ends[1]]), 0.06)
    mask = lenses.mask()
    if rng.random() < 0.35:
        glass = scene.material(None, ["photo"]) * 0.8 + rng.uniform(0, 60)
    else:
        fade = np.clip(0.5 + scene.grid[..., 1:2] * rng.uniform(0, 1.6), 0.2, 1.6)
        glass = any_colour(rng) * rng.uniform(0.08, 0.45) * fade + rng.uniform(0, 25)
    scene.cover(mask * np.float32(rng.uniform(0.9, 1)), glass, 0.25, 0.1)
    along, _ = scene.local(scene.eyes[0], rng.uniform(0.3, 1.2))
    streak = np.exp(-(((along - rng.uniform(-0.2, 1.2)) / rng.uniform(0.05, 0.2)) ** 2)) * mask
    scene.tint(streak.astype(np.float32), (255, 255, 255), rng.uniform(0, 0.6))
    scene.cover(frame.mask(), colour * scene.relief(frame.mask(), 0.03)[..., None])


# ---------------------------------------------------------------- hands


def _hand(scene: Scene) -> None:
    """An open hand over the mouth, an eye, the nose, a half, a cheek with the mouth's corner; from any side."""
    rng = scene.rng
    side = float(rng.choice([-1, 1]))
    eye = scene.eyes[int(side > 0)]
    target, angle, grip = [
        (scene.mouth, side * rng.uniform(0.2, 1.9), (0.0, rng.uniform(85, 150))),
        (moved(scene.mouth, 0, 0.15), side * rng.uniform(0.9, 1.7), (0.0, rng.uniform(60, 140))),
        (eye, side * rng.uniform(-0.5, 1.2) * -1, (0.0, rng.uniform(80, 160))),
        (scene.eyes.mean(axis=0), side * rng.uniform(1.1, 1.9), (0.0, rng.uniform(100, 150))),
        ((side * 0.45, 0.5), -side * rng.uniform(-0.3, 0.9), (0.0, rng.uniform(60, 110))),
        (scene.nose, rng.normal(0, 0.6), (0.0, rng.uniform(60, 110))),
        (scene.nose, rng.uniform(-np.pi, np.pi), (0.0, rng.uniform(60, 140))),
    ][int(rng.choice(7, p=[0.24, 0.14, 0.16, 0.14, 0.14, 0.1, 0.08]))]
    pose = hands.POSES["spread" if rng.random() < 0.3 else "flat"]
    hands.draw_hand(scene, pose, np.asarray(target) + rng.normal(0, 0.1, 2), float(angle), rng.uniform(0.85, 1.2), grip)


def _two_hands(scene: Scene) -> None:
    """Both hands: over the eyes, over the mouth, or up from the chin over both cheeks."""
    rng = scene.rng
    y, lean = [(scene.eyes[0, 1], 0.35), (scene.mouth[1], 0.9), (0.8, 0.15)][int(rng.integers(3))]
    x, size, reach = rng.uniform(0.3, 0.6), rng.uniform(0.9, 1.15), rng.uniform(70, 125)
    own = hands.look(scene)
    for side in (-1, 1):
        turn, place = -side * (lean + rng.normal(0, 0.12)), (side * x, float(y + rng.normal(0, 0.06)))
        hands.draw_hand(scene, hands.flat, place, float(turn), size, (0.0, reach), own)


def _fist(scene: Scene) -> None:
    """A fist before the mouth, the nose or an eye."""
    rng = scene.rng
    target = [scene.mouth, scene.mouth, scene.nose, scene.eyes[rng.integers(2)]][rng.integers(4)] + rng.normal(
        0, 0.12, 2
    )
    grip = (0.0, float(rng.uniform(60, 100)))
    hands.draw_hand(scene, hands.fist, target, float(rng.normal(0, 0.9)), rng.uniform(0.9, 1.3), grip)


def _fingers(scene: Scene) -> None:
    """One to three fingers laid across an eye or the mouth."""
    rng = scene.rng
    target = [scene.mouth, scene.mouth, scene.eyes[rng.integers(2)], scene.nose][rng.integers(4)] + rng.normal(
        0, 0.06, 2
    )
    grip = (float(rng.uniform(-25, 0)), float(rng.uniform(115, 165)))
    angle = float(rng.choice([-1, 1]) * rng.uniform(0.0, 1.9))
    hands.draw_hand(scene, hands.pointing, target, angle, rng.uniform(0.9, 1.3), grip)


def _forearm(scene: Scene) -> None:
    """A forearm across the face, bare or in a sleeve."""
    rng = scene.rng
    target = [scene.eyes.mean(axis=0), scene.mouth, scene.nose][rng.integers(3)] + rng.normal(0, 0.1, 2)
    angle = float(rng.choice([-1, 1]) * rng.uniform(0.8, 2.0))
    hands.draw_hand(scene, hands.flat, target, angle, rng.uniform(0.95, 1.3), (0.0, float(rng.uniform(-150, -40))))


# ---------------------------------------------------------------- hair


def _hair(scene: Scene) -> None:
    """A curtain of hair over an eye, a half, or the face."""
    rng = scene.rng
    side = float(rng.choice([-1, 1]))
    wide, low = rng.uniform(0.5, 1.3), rng.uniform(0.5, 3.2)
    colour, lines = _hair_colour(scene), int(rng.integers(90, 180))
    centre = side * rng.uniform(0.25, 0.7)
    root = np.array([side * rng.uniform(-0.3, 0.5), rng.uniform(-1.6, -1.2)])
    wave, ragged = rng.normal(0, 0.25, 2), rng.uniform(0.05, 0.5)
    slant = side * rng.normal(0.6, 0.6)
    layers = 3
    for layer in range(layers):
        strands = scene.stencil()
        for _ in range(lines // layers):
            end = np.array([centre + wide * rng.uniform(-0.5, 0.5), low + rng.normal(0, ragged)])
            end[1] += slant * (end[0] - centre)
            start = moved(root, (end[0] - centre) * 0.8 + rng.normal(0, 0.12), abs(rng.normal(0, 0.1)))
            bends = [start * (1 - t) + end * t + rng.normal(0, 0.06, 2) for t in (0.2, 0.6)]
            bends = [moved(bends[0], side * 0.3 + wave[0], -0.25), moved(bends[1], wave[1], 0.0)]
            strands.line(curve([start, *bends, end], 12), rng.uniform(0.012, 0.05))
        lit = 0.6 + 0.3 * layer + scene.noise(0.3) * 0.12
        scene.cover(strands.mask(), colour * lit[..., None] + 6 * layer, 0.25 * (layer == 0), 0.1)


def _hair_colour(scene: Scene) -> Floats:
    """The head's own, as far as what lies above the forehead shows it, or any."""
    if scene.rng.random() < 0.5:
        return scene.skin_at(scene.rng.uniform((-0.7, -1.3), (0.7, -1.0))) * np.float32(scene.rng.uniform(0.7, 1.2))
    tones = [(22, 18, 18), (50, 34, 26), (90, 60, 40), (150, 110, 70), (200, 165, 115), (120, 50, 28), (150, 150, 150)]
    tone = np.array(tones[scene.rng.integers(len(tones))], np.float32) * np.float32(scene.rng.uniform(0.7, 1.25))
    return tone * np.float32(scene.exposure)


# ---------------------------------------------------------------- objects


def _object(scene: Scene) -> None:
    """A cup, phone, book, paper, microphone, ball, leaf or flower before the mouth or an eye."""
    rng = scene.rng
    targets = [scene.mouth, scene.mouth, scene.nose, scene.eyes[0], scene.eyes[1], scene.eyes.mean(axis=0)]
    target = targets[rng.integers(len(targets))] + rng.normal(0, 0.1, 2)
    objects.OBJECTS[str(rng.choice(list(objects.OBJECTS)))](scene, target)


# ---------------------------------------------------------------- halves, shadows, lost detail


def _edge(scene: Scene) -> None:
    """Half of the face behind the edge of something: a door, a wall, a curtain, a blurred anything, another's head."""
    rng = scene.rng
    angle, reach = rng.choice([0, np.pi, np.pi / 2, -np.pi / 2]) + rng.normal(0, 0.25), rng.uniform(-0.35, 0.5)
    along, across = scene.local(scene.nose, float(angle))
    wavy = np.zeros_like(along) if rng.random() < 0.5 else 0.15 * np.sin(across * rng.uniform(1, 4) + rng.uniform(0, 6))
    soft = rng.choice([1.2 / scene.unit, rng.uniform(0.03, 0.3)])
    mask = np.clip((along - reach - wavy) / soft + 0.5, 0, 1).astype(np.float32)
    scene.cover(
        mask, _folded(scene) if rng.random() < 0.3 else scene.material(), rng.choice([0, rng.uniform(0.1, 0.5)]), 0.15
    )


def _shadow(scene: Scene) -> None:
    """A shadow that leaves nothing of half of the face, of the eyes or of the mouth."""
    rng = scene.rng
    angle = rng.choice([0, np.pi, np.pi / 2, -np.pi / 2], p=[0.35, 0.35, 0.15, 0.15]) + rng.normal(0, 0.3)
    along, _ = scene.local(scene.nose, float(angle))
    mask = np.clip((along - rng.uniform(-0.3, 0.25)) / rng.uniform(0.05, 0.5) + 0.5, 0, 1).astype(np.float32)
    scene.cover(mask, rng.uniform(0, 14, 3).astype(np.float32))


def _region(scene: Scene) -> Floats:
    """Eyes, mouth, an eye, a half or all of the face, with a soft or a hard edge."""
    rng = scene.rng
    centre, half = [
        (scene.eyes.mean(axis=0), (rng.uniform(0.9, 1.5), rng.uniform(0.28, 0.6))),
        (scene.mouth, (rng.uniform(0.6, 1.0), rng.uniform(0.3, 0.6))),
        (scene.eyes[rng.integers(2)], (rng.uniform(0.4, 0.6), rng.uniform(0.3, 0.5))),
        (scene.nose, (rng.uniform(1.0, 1.6), rng.uniform(1.3, 2.0))),
    ][int(rng.integers(4))]
    mask = scene.ellipse(centre + rng.normal(0, 0.04, 2), half, rng.normal(0, 0.08), rng.choice([2.0, 40.0]))
    return scene.blur(mask, rng.choice([0.0, rng.uniform(0.02, 0.1)]))


def _smeared(scene: Scene) -> None:
    """Eyes, mouth or face blurred beyond recognition."""
    mask = _region(scene)
    away = Image.fromarray(scene.result())
    cell = scene.unit * scene.rng.uniform(0.45, 0.8)
    small = away.resize(_cells(scene, cell), Image.Resampling.BOX)
    scene.cover(mask, np.asarray(small.resize(away.size, Image.Resampling.BICUBIC), np.float32))


def _pixels(scene: Scene) -> None:
    """Eyes, mouth or face in large squares."""
    mask = _region(scene)
    whole = Image.fromarray(scene.result())
    small = whole.resize(_cells(scene, scene.unit * scene.rng.uniform(0.32, 0.7)), Image.Resampling.BOX)
    scene.cover(mask, np.asarray(small.resize(whole.size, Image.Resampling.NEAREST), np.float32))


def _cells(scene: Scene, cell: float) -> tuple[int, int]:
    return max(1, round(scene.width / cell)), max(1, round(scene.height / cell))


def _words(scene: Scene) -> None:
    """An opaque band with large letters over the eyes or the mouth."""
    rng = scene.rng
    centre = [scene.eyes.mean(axis=0), scene.mouth][rng.integers(2)] + rng.normal(0, 0.04, 2)
    angle, high = rng.normal(0, 0.12), rng.uniform(0.25, 0.45)
    scene.cover(scene.ellipse(centre, (4.0, high), angle, 60.0), any_colour(rng) + 0 * scene.picture, 0.0)
    letters = scene.stencil()
    for x in np.arange(-2.0, 2.0, high * 0.9):
        for _ in range(int(rng.integers(2, 4))):
            ends = rng.uniform(-0.5, 0.5, (2, 2)) * (high * 0.7, high * 1.2) + (x, 0)
            letters.line(rotated(ends, angle) + centre, high * 0.16)
    scene.tint(letters.mask(), any_colour(rng), 0.95)


def _brim(scene: Scene) -> None:
    """A cap, hat or fringe pulled down over the eyes."""
    rng = scene.rng
    low = float(scene.eyes[0, 1]) + rng.uniform(0.15, 0.4)
    edge = curve(
        [(-1.6, low - 0.3), (-0.8, low + rng.normal(0, 0.08)), (0.8, low + rng.normal(0, 0.08)), (1.6, low - 0.3)]
    )
    mask = scene.polygon([*edge, (1.4, -1.4), (0.6, -2.2), (-0.6, -2.2), (-1.4, -1.4)])
    scene.cover(mask, _folded(scene), 0.55, 0.25)


def _overgrown(scene: Scene) -> None:
    """An eye, the mouth or more where there is only skin, as if wiped away."""
    rng = scene.rng
    mask = scene.blur(_region(scene), rng.uniform(0.03, 0.12))
    tone = 1 + scene.noise(0.4, 2) * rng.uniform(0, 0.06) + scene.noise(0.04) * rng.uniform(0, 0.03)
    scene.cover(mask, hands.hand_colour(scene) * tone[..., None])


DRAWINGS: dict[str, Draw] = {
    "bar": _bar,
    "box": _box,
    "eye patch": _patch,
    "mask": _mask,
    "scarf": _scarf,
    "veil": _veil,
    "sunglasses": _sunglasses,
    "hand": _hand,
    "two hands": _two_hands,
    "fist": _fist,
    "fingers": _fingers,
    "forearm": _forearm,
    "hair": _hair,
    "object": _object,
    "edge": _edge,
    "shadow": _shadow,
    "blurred": _smeared,
    "pixelated": _pixels,
    "words": _words,
    "brim": _brim,
    "skin": _overgrown,
}
