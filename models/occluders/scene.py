"""A picture of a face to draw on: shapes, materials and light, in the frame that the face's landmarks span.

Points are given in the common frame of faces (``pipeline.faces.align``): x to the right, y down, the unit is the distance
between the eyes, the origin lies between them. So the same drawing fits a render of 128 px and a photograph of 1,000 px.
``Scene.covered`` remembers how opaque each pixel has been covered; ``Scene.hidden`` reads off it what is left of the face.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pipeline.faces.align import OVAL_CENTRE, OVAL_HALF, align
from pipeline.faces.face import Face

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Point = tuple[float, float] | NDArray[np.float64]
Points = Sequence[Point] | NDArray[np.float64]

FINE = 90  # pixels between the eyes that shapes are drawn with at least, before they are averaged down
FINEST, COARSEST = 4, 2
DISC = np.array(
    [(x, y) for x in np.linspace(-0.95, 0.95, 15) for y in np.linspace(-0.95, 0.95, 15) if x * x + y * y < 1]
)
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Shares of the parts of a face that are covered, 0 to 1."""

    left_eye: float
    right_eye: float
    nose: float
    mouth: float
    left_cheek: float
    right_cheek: float
    oval: float

    @property
    def eye(self) -> float:
        """Of the eye that is hidden more."""
        return max(self.left_eye, self.right_eye)

    @property
    def cheek(self) -> float:
        """Of the cheek that is hidden more."""
        return max(self.left_cheek, self.right_cheek)

    @property
    def occluded(self) -> bool:
        """Whether the face must be refused: an eye, most of the mouth, nose and a cheek, or a fifth of the oval."""
        return self.eye >= 0.75 or self.mouth >= 0.65 or (self.nose >= 0.6 and self.cheek >= 0.5) or self.oval >= 0.22

    @property
    def whole(self) -> bool:
        """Whether nothing that counts is hidden."""
        return max(self.eye, self.nose, self.mouth) <= 0.12 and self.cheek <= 0.2 and self.oval <= 0.08


class Scene:
    """A picture in the making. Every random choice comes from ``rng``."""

    def __init__(self, picture: Picture, face: Face, rng: np.random.Generator) -> None:
        self.rng = rng
        self.picture: Floats = picture.astype(np.float32)
        self.covered: Floats = np.zeros(picture.shape[:2], np.float32)
        self.alignment = align(face)
        self.unit = self.alignment.scale
        self.spots = (np.asarray(face.landmarks) - self.alignment.origin) @ np.linalg.inv(self.alignment.turn).T
        """The five landmarks in the frame."""

    # ----------------------------------------------------------------- where

    @property
    def height(self) -> int:
        """Of the picture."""
        return int(self.picture.shape[0])

    @property
    def width(self) -> int:
        """Of the picture."""
        return int(self.picture.shape[1])

    @property
    def eyes(self) -> NDArray[np.float64]:
        """Both eyes, the one at the picture's left first."""
        return self.spots[:2]

    @property
    def nose(self) -> NDArray[np.float64]:
        """The tip."""
        return self.spots[2]

    @property
    def mouth(self) -> NDArray[np.float64]:
        """Between its corners."""
        return self.spots[3:].mean(axis=0)

    @cached_property
    def grid(self) -> Floats:
        """The frame's x and y of every pixel's centre, (height, width, 2)."""
        inverse = np.linalg.inv(self.alignment.turn).astype(np.float32)
        x = np.arange(self.width, dtype=np.float32) + np.float32(0.5 - self.alignment.origin[0])
        y = np.arange(self.height, dtype=np.float32)[:, None] + np.float32(0.5 - self.alignment.origin[1])
        return np.stack([x * inverse[0, 0] + y * inverse[0, 1], x * inverse[1, 0] + y * inverse[1, 1]], axis=-1)

    def local(self, centre: Point, angle: float = 0.0) -> tuple[Floats, Floats]:
        """Of every pixel: how far along and across the direction ``angle`` (radians) it lies from ``centre``."""
        x, y = self.grid[..., 0] - np.float32(centre[0]), self.grid[..., 1] - np.float32(centre[1])
        cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return x * cosine + y * sine, y * cosine - x * sine

    def hidden(self) -> Hidden:
        """What is covered by now."""
        mouth = max(0.3, float(np.hypot(*(self.spots[4] - self.spots[3]))) / 2 + 0.05)
        bridge = self.eyes.mean(axis=0)
        return Hidden(
            *(self._covered(eye, (0.27, 0.14)) for eye in self.eyes),
            self._covered(bridge * 0.4 + self.nose * 0.6, (0.2, 0.35)),
            self._covered(self.mouth, (mouth, 0.2)),
            *(self._covered((self.nose[0] + x, self.nose[1] + 0.1), (0.2, 0.28)) for x in (-0.55, 0.55)),
            self._covered(OVAL_CENTRE, OVAL_HALF),
        )

    def _covered(self, centre: Point, half: Point) -> float:
        """Mean cover over an upright ellipse of the frame; pixels outside the picture do not count."""
        x, y = np.floor(self.alignment.to_picture(DISC * half + np.asarray(centre))).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < self.width) & (y < self.height)
        return float(self.covered[y[inside], x[inside]].mean()) if inside.any() else 0.0

    # ---------------------------------------------------------------- shapes

    def stencil(self) -> Stencil:
        """An empty sheet to draw shapes on."""
        return Stencil(self)

    def polygon(self, points: Points) -> Floats:
        """A filled polygon as a mask, 0 to 1."""
        return self.stencil().polygon(points).mask()

    def ellipse(self, centre: Point, half: Point, angle: float = 0.0, power: float = 2.0) -> Floats:
        """A filled ellipse as a mask; a higher power makes it a rounded box."""
        return self.polygon(ellipse(centre, half, angle, power))

    def blur(self, mask: Floats, radius: float) -> Floats:
        """A single plane blurred; the radius in units of the frame."""
        return blur(mask, radius * self.unit)

    def relief(self, mask: Floats, radius: float, strength: float = 1.0) -> Floats:
        """Light on a padded shape: a factor about 1, brighter on the side that faces the light."""
        height = self.blur(mask, radius)
        slope_y, slope_x = np.gradient(height * np.float32(radius * self.unit))
        x, y = self.light_from
        return np.clip(1 - strength * (slope_x * x + slope_y * y), 0.35, 1.7).astype(np.float32)

    # ----------------------------------------------------------------- light

    @cached_property
    def light_from(self) -> tuple[float, float]:
        """Direction, in the picture, that the light comes from: mostly above, on the cheek that is brighter."""
        cheeks = [self._luminance_at((x, 0.55)) for x in (-0.5, 0.5)]
        x = np.clip(np.log((cheeks[1] + 8) / (cheeks[0] + 8)) * 1.2, -0.8, 0.8) + self.rng.normal(0, 0.15)
        return float(x), float(-np.sqrt(max(0.2, 1 - x * x)))

    @cached_property
    def exposure(self) -> float:
        """How bright things of this picture are, about 1: the face's own luminance tells."""
        bright = self._luminance_at((0.0, 0.3)) * 0.5 + float(self.picture.mean()) * 0.5
        return float(np.clip(bright / 115, 0.35, 1.35) ** self.rng.uniform(0.2, 1.0))

    @cached_property
    def skin(self) -> Floats:
        """The face's own colour, from cheeks, forehead and nose, as one median."""
        spots = [(-0.45, 0.55), (0.45, 0.55), (-0.2, -0.45), (0.2, -0.45), (0.0, 0.35), (-0.35, 0.75), (0.35, 0.75)]
        return np.median([self.skin_at(spot) for spot in spots], axis=0).astype(np.float32)

    def _luminance_at(self, point: Point) -> float:
        return float(self.skin_at(point) @ LUMINANCE)

    def skin_at(self, point: Point) -> Floats:
        """Mean colour round a point of the frame, of the picture as it is by now."""
        x, y = self.alignment.to_picture(np.asarray(point))
        reach = max(1, round(0.08 * self.unit))
        left, top = (int(np.clip(v, 0, size - 1)) for v, size in ((x, self.width), (y, self.height)))
        patch = self.picture[max(0, top - reach) : top + reach + 1, max(0, left - reach) : left + reach + 1]
        return patch.mean(axis=(0, 1))

    # ------------------------------------------------------------- materials

    def noise(self, grain: float, octaves: int = 1) -> Floats:
        """Smooth random values about 0 (spread about 1) whose blots are ``grain`` units wide."""
        total = np.zeros((self.height, self.width), np.float32)
        for octave in range(octaves):
            cell = max(1.0, grain * self.unit / 2**octave)
            rows, columns = int(self.height / cell) + 3, int(self.width / cell) + 3
            small = Image.fromarray(self.rng.normal(0, 1, (rows, columns)).astype(np.float32))
            x, y = self.rng.uniform(0, 1, 2)
            box = (x, y, x + self.width / cell, y + self.height / cell)
            full = small.resize((self.width, self.height), Image.Resampling.BICUBIC, box)
            total += np.asarray(full) * np.float32(0.6**octave)
        return total

    def material(self, colour: Floats | None = None, kinds: Sequence[str] = ()) -> Floats:
        """A sheet of some stuff as large as the picture: plain, striped, checked, mottled, dotted or like a photograph."""
        rng = self.rng
        base = any_colour(rng) if colour is None else colour
        kind = str(rng.choice(list(kinds) or ["plain", "plain", "striped", "checked", "mottled", "photo", "dotted"]))
        sheet = np.broadcast_to(base, self.picture.shape).astype(np.float32)
        if kind == "photo":
            sheet = self._photo()
        elif kind == "mottled":
            sheet = sheet + (self.noise(rng.uniform(0.05, 0.5), 3) * rng.uniform(8, 35))[..., None]
        elif kind != "plain":
            share = self.pattern(kind)[..., None]
            sheet = sheet * (1 - share) + any_colour(rng) * share
        return sheet * np.float32(self.exposure) + (self.noise(0.5) * rng.uniform(0, 5))[..., None]

    def pattern(self, kind: str) -> Floats:
        """Stripes, checks or dots, 0 to 1, at a random angle."""
        along, across = self.local((0.0, 0.0), float(self.rng.uniform(0, np.pi)))
        turns = 2 * np.pi / self.rng.uniform(0.08, 0.45)
        sharp = self.rng.uniform(1.5, 8)
        waves = [np.sin(along * turns + self.rng.uniform(0, 6)), np.sin(across * turns + self.rng.uniform(0, 6))]
        wave = {"striped": waves[0], "checked": waves[0] * waves[1] * 1.5, "dotted": waves[0] + waves[1] - 1.0}[kind]
        return np.clip(wave * sharp / 2 + 0.5, 0, 1).astype(np.float32)

    def _photo(self) -> Floats:
        """An out-of-focus anything: blots of several colours and sizes, or some part of the picture itself, enlarged."""
        rng = self.rng
        if rng.random() < 0.4:
            return self._elsewhere()
        sheet = np.broadcast_to(any_colour(rng), self.picture.shape).astype(np.float32)
        for _ in range(int(rng.integers(2, 5))):
            share = np.clip(self.noise(rng.uniform(0.15, 1.5), 2) * rng.uniform(1, 5) + rng.normal(0, 0.6), 0, 1)
            sheet = sheet * (1 - share[..., None]) + any_colour(rng) * share[..., None]
        return sheet

    def _elsewhere(self) -> Floats:
        """A random part of the picture, turned, enlarged and tinted."""
        rng = self.rng
        image = Image.fromarray(self.result()).transpose(Image.Transpose(int(rng.integers(7))))
        share = rng.uniform(0.15, 0.6)
        x, y = (rng.uniform(0, 1 - share) * side for side in image.size)
        box = (x, y, x + share * image.width, y + share * image.height)
        part = image.resize((self.width, self.height), Image.Resampling.BICUBIC, box)
        return np.asarray(part, np.float32) * np.exp(rng.normal(0, 0.25, 3)).astype(np.float32)

    # --------------------------------------------------------------- drawing

    def cover(self, mask: Floats, colour: Floats, shadow: float = 0.0, reach: float = 0.1, counts: bool = True) -> None:
        """Lay something of this mask and colour (3 or height x width x 3) on the picture, with a soft shadow round it."""
        if shadow:
            self.shade(mask, shadow, reach)
        mask3 = mask[..., None]
        self.picture += (np.clip(colour, 0, 255) - self.picture) * mask3
        if counts:
            self.covered = np.maximum(self.covered, mask)

    def shade(self, mask: Floats, strength: float, reach: float = 0.1) -> None:
        """Darken what lies beside and behind a mask, away from the light."""
        x, y = (round(-part * reach * self.unit * 0.6) for part in self.light_from)
        cast = self.blur(shifted(mask, x, y), reach)
        self.picture *= (1 - np.clip(cast, 0, 1) * np.float32(strength))[..., None]

    def tint(self, mask: Floats, colour: Floats | tuple[float, float, float], strength: float = 1.0) -> None:
        """Mix a colour in where the mask is; what was there stays visible."""
        self.picture += (np.asarray(colour, np.float32) - self.picture) * (mask * np.float32(strength))[..., None]

    def soften(self, radius: float) -> None:
        """Blur what has been laid on the picture, as if out of focus, and the seam with it."""
        where = np.clip(self.blur(self.covered, radius) * 2, 0, 1)[..., None]
        image = Image.fromarray(self.result()).filter(ImageFilter.GaussianBlur(float(radius * self.unit)))
        self.picture += (np.asarray(image, np.float32) - self.picture) * where

    def result(self) -> Picture:
        """The picture as it is by now."""
        return np.clip(np.rint(self.picture), 0, 255).astype(np.uint8)


class Stencil:
    """Shapes drawn together, larger than the picture so that edges come out smooth."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._times = int(np.clip(round(FINE / scene.unit), COARSEST, FINEST))
        self._sheet = Image.new("L", (scene.width * self._times, scene.height * self._times))
        self._pen = ImageDraw.Draw(self._sheet)

    def _place(self, points: Points) -> list[tuple[float, float]]:
        pixels = self._scene.alignment.to_picture(np.asarray(points, np.float64)) * self._times
        return [(float(x), float(y)) for x, y in pixels]

    def polygon(self, points: Points, value: float = 1.0) -> Stencil:
        """Fill it; a value of 0 cuts it out."""
        self._pen.polygon(self._place(points), fill=round(255 * value))
        return self

    def line(self, points: Points, width: float, value: float = 1.0, closed: bool = False) -> Stencil:
        """A line with round ends, its width in units of the frame."""
        placed = self._place(points)
        placed = [*placed, placed[0]] if closed else placed
        pixels = width * self._scene.unit * self._times
        self._pen.line(placed, fill=round(255 * value), width=max(1, round(pixels)), joint="curve")
        if pixels > 4:
            for x, y in (placed[0], placed[-1]):
                box = (x - pixels / 2, y - pixels / 2, x + pixels / 2, y + pixels / 2)
                self._pen.ellipse(box, fill=round(255 * value))
        return self

    def lines(self, many: Iterable[Points], width: float) -> Stencil:
        """Several open lines."""
        for points in many:
            self.line(points, width)
        return self

    def mask(self) -> Floats:
        """What has been drawn, 0 to 1, as large as the picture."""
        return np.asarray(self._sheet.reduce(self._times), np.float32) / 255


def ellipse(centre: Point, half: Point, angle: float = 0.0, power: float = 2.0) -> NDArray[np.float64]:
    """The outline of an ellipse; powers above 2 make it a rounded box."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / power) * half[0]
    y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / power) * half[1]
    return rotated(np.stack([x, y], axis=-1), angle) + np.asarray(centre, np.float64)


def rotated(points: Point, angle: float) -> NDArray[np.float64]:
    """Points turned about the origin, clockwise in the picture; the angle in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points, np.float64) @ np.array([[cosine, sine], [-sine, cosine]])


def moved(point: Point, x: float, y: float) -> NDArray[np.float64]:
    """A point further right and down."""
    return np.asarray(point, np.float64) + np.array([x, y])


def curve(points: Points, steps: int = 24) -> NDArray[np.float64]:
    """A smooth line (Bézier) from the first point to the last, drawn towards those between."""
    control = np.asarray(points, np.float64)
    share = np.linspace(0, 1, steps)[:, None, None]
    level = np.broadcast_to(control, (steps, *control.shape))
    while level.shape[1] > 1:
        level = level[:, :-1] * (1 - share) + level[:, 1:] * share
    return level[:, 0]


def blur(plane: Floats, pixels: float) -> Floats:
    """A plane of about 0 to 1 blurred."""
    if pixels < 0.2:
        return plane
    image = Image.fromarray(np.clip(plane * 255, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(float(pixels))), np.float32) / 255


def shifted(plane: Floats, right: int, down: int) -> Floats:
    """A plane moved by whole pixels; the edge goes on."""
    rows, columns = plane.shape
    ys, xs = np.clip(np.arange(rows) - down, 0, rows - 1), np.clip(np.arange(columns) - right, 0, columns - 1)
    return plane[ys[:, None], xs]


def any_colour(rng: np.random.Generator) -> Floats:
    """Black, white, grey, muted or strong, 0 to 255."""
    kind = rng.random()
    if kind < 0.15:
        return (rng.uniform(0, 35) + rng.normal(0, 3, 3)).clip(0, 255).astype(np.float32)
    if kind < 0.3:
        return (rng.uniform(205, 250) + rng.normal(0, 4, 3)).clip(0, 255).astype(np.float32)
    if kind < 0.45:
        return (rng.uniform(40, 200) + rng.normal(0, 6, 3)).clip(0, 255).astype(np.float32)
    strength = rng.uniform(0.3, 1.0)
    return (rng.uniform(60, 235) * (1 - strength * rng.uniform(0, 1, 3))).astype(np.float32)


Draw = Callable[[Scene], None]
