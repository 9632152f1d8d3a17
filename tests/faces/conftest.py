"""Real faces from packages that are installed anyway: insightface, and scikit-image, which insightface depends on."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.faces.embedded import EmbeddedDetector
from pipeline.faces.face import Face
from pipeline.faces.pose import head_pose

Picture = NDArray[np.uint8]


def _read(package: str, path: str) -> Picture:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package}, which carries the test picture, is not installed")
    return np.asarray(Image.open(Path(spec.submodule_search_locations[0]) / path).convert("RGB"))


@pytest.fixture(scope="session")
def detector() -> EmbeddedDetector:
    return EmbeddedDetector()


@pytest.fixture(scope="session")
def astronaut() -> Picture:
    """Upper body; the face is a fifth of the picture's height."""
    return _read("skimage", "data/astronaut.png")


@pytest.fixture(scope="session")
def portrait(astronaut: Picture) -> Picture:
    """Her head, 200 x 200."""
    return np.ascontiguousarray(astronaut[25:225, 125:325])


@pytest.fixture(scope="session")
def group() -> Picture:
    """Six people round a table."""
    return _read("insightface", "data/images/t1.jpg")


@pytest.fixture(scope="session")
def grey_portrait() -> Picture:
    """A photograph without colour, 112 x 112, whose face fills the frame."""
    return _read("insightface", "data/images/Tom_Hanks_54745.png")


@pytest.fixture(scope="session")
def heads(group: Picture, portrait: Picture, grey_portrait: Picture, detector: EmbeddedDetector) -> list[Picture]:
    """Every real face that looks roughly at the camera, closely framed: six."""
    frontal = [face for face in detector.detect(group) if abs(head_pose(face.landmarks).yaw) < 30]
    crops = [_framed(group, face) for face in sorted(frontal, key=lambda face: face.box[0])]
    return [portrait, grey_portrait, *crops]


@pytest.fixture(scope="session")
def doubted(heads: list[Picture]) -> Picture:
    """The one of `heads` that the probe wrongly calls covered: a man who laughs, turned 21 degrees, before an orange wall."""
    return heads[4]


@pytest.fixture(scope="session")
def undoubted(heads: list[Picture], doubted: Picture) -> list[Picture]:
    """The other five."""
    return [head for head in heads if head is not doubted]


def _framed(picture: Picture, face: Face) -> Picture:
    middle_x, middle_y = (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2
    half = 0.75 * face.height
    box = tuple(round(edge) for edge in (middle_x - half, middle_y - half, middle_x + half, middle_y + half))
    return np.asarray(Image.fromarray(picture).crop(box).resize((192, 192), Image.Resampling.LANCZOS))


@pytest.fixture(scope="session")
def cover(detector: EmbeddedDetector) -> Callable[[Picture, str], Picture]:
    """Hides a part of the first face: eyes, mouth, sunglasses, mask, left half."""

    def covered(picture: Picture, part: str) -> Picture:
        left_eye, right_eye, _, left_mouth, right_mouth = np.array(detector.detect(picture)[0].landmarks)
        across = right_eye - left_eye
        down, eyes, mouth = (
            np.array([-across[1], across[0]]),
            (left_eye + right_eye) / 2,
            (left_mouth + right_mouth) / 2,
        )
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image)

        def polygon(
            centre: NDArray[np.float64], corners: list[tuple[float, float]], colour: tuple[int, int, int]
        ) -> None:
            draw.polygon([tuple(centre + x * across + y * down) for x, y in corners], fill=colour)

        bar = [(-1.1, -0.3), (1.1, -0.3), (1.1, 0.3), (-1.1, 0.3)]
        lens = [(0.38 * np.cos(angle), 0.3 * np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 24)]
        if part == "eyes":
            polygon(eyes, bar, (10, 10, 10))
        elif part == "mouth":
            polygon(mouth, bar, (240, 240, 240))
        elif part == "sunglasses":
            polygon(left_eye, lens, (15, 12, 12))
            polygon(right_eye, lens, (15, 12, 12))
        elif part == "mask":
            mask = [(-0.9, 0.35), (0, 0.2), (0.9, 0.35), (0.8, 1.3), (0.35, 1.8), (-0.35, 1.8), (-0.8, 1.3)]
            polygon(eyes, mask, (120, 170, 210))
        else:
            polygon(eyes, [(-4, -4), (0.05, -4), (0.05, 5), (-4, 5)], (60, 80, 70))
        return np.asarray(image)

    return covered
