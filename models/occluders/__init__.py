"""Things drawn over a face so that it must be refused, and (``harmless``) things beside which it stays whole.

A face counts as occluded when at least one of these holds, measured on the mask of what was drawn (``Hidden.occluded``):

- an eye is hidden (three quarters of the opening and its lids),
- the mouth is mostly hidden (65 % of it),
- the nose (60 %) and a cheek (half) are hidden,
- more than a fifth (22 %) of the oval from brows to chin is hidden.

What is drawn is opaque to 85 % or more there, or wipes out detail (blur, pixels, blackness). Every function of
``OCCLUDERS`` draws again until its drawing meets this; every function of ``HARMLESS`` leaves eyes, nose and mouth seen.
Pictures are RGB, of any size; the same generator state gives the same picture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.occluders import covering, harmless
from models.occluders.scene import Draw, Picture, Scene
from pipeline.faces.face import Face

Change = Callable[[Picture, Face, np.random.Generator], Picture]
ATTEMPTS = 25
WEIGHTS = {"hand": 5.0, "two hands": 1.5, "fist": 1.5, "fingers": 2.0, "object": 2.0, "mask": 1.5, "sunglasses": 1.5}


def occlude(picture: Picture, face: Face, rng: np.random.Generator) -> tuple[Picture, str]:
    """The picture with something over the face, and its kind; hands come most often."""
    kind = str(rng.choice(list(OCCLUDERS), p=list(weights().values())))
    return OCCLUDERS[kind](picture, face, rng), kind


def weights() -> dict[str, float]:
    """How often ``occlude`` draws each kind; the sum is 1."""
    raw = {kind: WEIGHTS.get(kind, 1.0) for kind in OCCLUDERS}
    return {kind: weight / sum(raw.values()) for kind, weight in raw.items()}


def decorate(picture: Picture, face: Face, rng: np.random.Generator) -> tuple[Picture, str]:
    """The picture with something added that leaves the face whole, and its kind."""
    kind = str(rng.choice(list(HARMLESS)))
    return HARMLESS[kind](picture, face, rng), kind


def occluded(draw: Draw, picture: Picture, face: Face, rng: np.random.Generator) -> Scene:
    """The scene with one occluder that hides enough: drawn again until it does, at last with a bar over the eyes."""
    for _ in range(ATTEMPTS):
        scene = Scene(picture, face, rng)
        draw(scene)
        if scene.hidden().occluded:
            if rng.random() < 0.3:
                scene.soften(rng.uniform(0.008, 0.035))
            return scene
    covering.bar_across(scene, scene.eyes.mean(axis=0), 0.6, 3.0, 0.0)
    return scene


def decorated(draw: Draw, picture: Picture, face: Face, rng: np.random.Generator) -> Scene:
    """The scene with one addition that hides nothing: drawn again until so, at last left as it was."""
    for _ in range(ATTEMPTS):
        scene = Scene(picture, face, rng)
        draw(scene)
        if scene.hidden().whole:
            return scene
    return Scene(picture, face, rng)


def _change(make: Callable[[Draw, Picture, Face, np.random.Generator], Scene], draw: Draw) -> Change:
    def change(picture: Picture, face: Face, rng: np.random.Generator) -> Picture:
        return make(draw, picture, face, rng).result()

    change.__doc__ = draw.__doc__
    return change


OCCLUDERS: dict[str, Change] = {kind: _change(occluded, draw) for kind, draw in covering.DRAWINGS.items()}
HARMLESS: dict[str, Change] = {kind: _change(decorated, draw) for kind, draw in harmless.DRAWINGS.items()}
