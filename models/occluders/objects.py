"""Simple shaded things to hold before a face, or beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.occluders import hands
from models.occluders.scene import Scene, any_colour, ellipse, moved, rotated


def _slab(scene: Scene, target: np.ndarray) -> None:
    """A phone, a book or a sheet of paper, often held by fingers."""
    rng = scene.rng
    half = (rng.uniform(0.4, 0.6), rng.uniform(0.8, 1.1)) if rng.random() < 0.5 else tuple(rng.uniform(0.6, 1.3, 2))
    angle, down = rng.normal(0, 0.4), rng.uniform(-0.5, 0.7)
    centre = target + rotated([(0.0, down * half[1])], angle)[0]
    mask = scene.ellipse(centre, half, angle, rng.choice([8.0, 30.0]))
    along, across = scene.local(centre, angle)
    sheet = scene.material() * (1 + 0.15 * along / half[0] * rng.normal())[..., None]
    scene.cover(mask, sheet, 0.4, 0.15)
    if rng.random() < 0.5:
        lines = ((np.sin(across * rng.uniform(25, 60)) > 0.4) & (np.abs(along) < half[0] * 0.75)).astype(np.float32)
        scene.tint(mask * lines, any_colour(rng), rng.uniform(0.3, 0.9))
    if rng.random() < 0.6:
        place = centre + rotated([(rng.uniform(-0.5, 0.5) * half[0], half[1] * 0.9)], angle)[0]
        hands.draw_hand(scene, hands.flat, place, float(angle + rng.normal(0, 0.5)), 1.0, (0.0, 140.0))


def _cup(scene: Scene, target: np.ndarray) -> None:
    """A cup, glass or can, held to the mouth; a cylinder lit from one side."""
    rng = scene.rng
    wide, high, taper = rng.uniform(0.4, 0.65), rng.uniform(0.5, 0.9), rng.uniform(0.7, 1.0)
    angle = rng.normal(0, 0.3)
    centre = moved(target, 0, high * rng.uniform(-0.3, 0.4))
    shape = np.array([(-wide, -high), (wide, -high), (wide * taper, high), (-wide * taper, high)])
    along, _ = scene.local(centre, angle)
    body = scene.stencil().polygon(rotated(shape, angle) + centre)
    for y, w in ((-high, wide), (high, wide * taper)):
        body.polygon(ellipse(centre + rotated([(0, y)], angle)[0], (w, w * 0.2), angle))
    if rng.random() < 0.4:
        side = rng.choice([-1, 1])
        body.line(ellipse(centre + rotated([(side * wide, 0)], angle)[0], (0.25, high * 0.5), angle), 0.1, closed=True)
    mask = body.mask()
    round_ = 1.15 - 0.5 * np.abs(along / wide - 0.6 * scene.light_from[0]) ** 1.5
    scene.cover(mask, scene.material() * np.clip(round_, 0.4, 1.3)[..., None], 0.4, 0.12)
    rim = scene.ellipse(centre + rotated([(0, -high)], angle)[0], (wide * 0.92, wide * 0.16), angle)
    scene.tint(rim, any_colour(rng) * 0.5, 0.8)
    if rng.random() < 0.6:
        towards = float(rng.choice([-1, 1]) * rng.uniform(0.9, 1.6))
        hands.draw_hand(scene, hands.flat, moved(centre, 0, 0.2), towards, 1.0, (0.0, 120.0))


def _ball(scene: Scene, target: np.ndarray) -> None:
    """A ball, balloon or fruit."""
    rng = scene.rng
    radius = rng.uniform(0.4, 1.0)
    half = (radius, radius * rng.uniform(0.8, 1.2))
    along, across = scene.local(target, 0.0)
    mask = scene.ellipse(target, half)
    x, y = scene.light_from
    light = np.clip(1.15 - 0.45 * ((along / half[0] - 0.5 * x) ** 2 + (across / half[1] - 0.5 * y) ** 2), 0.3, 1.3)
    scene.cover(mask, scene.material() * light[..., None], 0.4, 0.15)
    gloss = np.exp(-(((along - 0.4 * x * radius) ** 2 + (across - 0.4 * y * radius) ** 2) / (0.03 * radius)))
    scene.tint(gloss.astype(np.float32) * mask, (255, 255, 255), rng.uniform(0, 0.7))


def _microphone(scene: Scene, target: np.ndarray) -> None:
    """A large microphone before the mouth, with its handle."""
    rng = scene.rng
    radius, angle = rng.uniform(0.38, 0.6), rng.normal(0, 0.5)
    handle = target + rotated([(0, rng.uniform(1.5, 3))], angle)[0]
    scene.cover(scene.stencil().line([target, handle], radius * 0.8).mask(), any_colour(rng) * 0.35, 0.3)
    along, across = scene.local(target, 0.6)
    mesh = 0.75 + 0.25 * np.sin(along * 45) * np.sin(across * 45) - 0.25 * (along**2 + across**2) / radius**2
    scene.cover(
        scene.ellipse(target, (radius, radius * 1.1), angle), any_colour(rng) * np.clip(mesh, 0.2, 1.2)[..., None], 0.4
    )


def _leaves(scene: Scene, target: np.ndarray) -> None:
    """A flower, or several leaves."""
    rng = scene.rng
    petals, long = int(rng.integers(4, 9)), rng.uniform(0.45, 0.9)
    colour, turn = any_colour(rng), rng.uniform(0, 6)
    for i in range(petals):
        angle = turn + 2 * np.pi * i / petals + rng.normal(0, 0.12)
        centre = target + rotated([(long * 0.5, 0.0)], angle)[0]
        mask = scene.ellipse(centre, (long * 0.62, long * rng.uniform(0.28, 0.4)), angle, 1.8)
        _, across = scene.local(centre, angle)
        vein = 1 - 0.3 * np.exp(-((across / 0.03) ** 2)) + rng.normal(0, 0.08)
        scene.cover(mask, colour * scene.relief(mask, 0.08)[..., None] * vein[..., None], 0.3, 0.06)
    scene.cover(scene.ellipse(target, (long * 0.25, long * 0.25)), any_colour(rng), 0.3, 0.05)


OBJECTS: dict[str, Callable[[Scene, np.ndarray], None]] = {
    "slab": _slab,
    "cup": _cup,
    "ball": _ball,
    "microphone": _microphone,
    "leaves": _leaves,
}
