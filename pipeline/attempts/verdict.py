"""The closed list of reasons, and what a judged picture carries."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a picture is rejected, in the order in which reasons are looked for: the first that holds is the reason."""

    BLANK = "blank"
    NO_FACE = "no_face"
    LOW_SCORE = "low_score"
    MANY_FACES = "many_faces"
    CROPPED = "cropped"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    POSE = "pose"
    OCCLUDED = "occluded"
    BLURRED = "blurred"
    LOOKS_UNDERAGE = "looks_underage"
    UNSAFE = "unsafe"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Scores:
    """What a verdict rests on, so that another threshold can be weighed without generating again.

    The face is the one of the highest detector score; its fields are None where there is no face.
    Boxes and landmarks are in pixels, x to the right and y down; angles in degrees, 0 is frontal, yaw > 0 turns the
    face to the picture's right, pitch > 0 lifts the chin, roll > 0 tilts the head clockwise.
    """

    faces: int
    """Faces that the detector reports at its own floor."""
    contrast: float
    """Standard deviation of luminance over the picture, 0 to 0.5."""
    det_score: float | None = None
    second_score: float | None = None
    """Highest detector score of another face that counts: apart from the first, and at least 0.3 of its height."""
    face_box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom."""
    landmarks: tuple[float, ...] | None = None
    """x and y of the eye at the picture's left, the other eye, the nose, and the mouth's left and right corner."""
    size: float | None = None
    """Height of the face as a share of the picture's."""
    outside: float | None = None
    """Share of the face that lies outside the picture: of its box, or of the oval around its landmarks if that is more."""
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    visibility: float | None = None
    """0 is a covered face, 1 a whole one, 0.5 the limit (see pipeline.faces.probe)."""
    sharpness: float | None = None
    """Detail of the face: about 0.1 to 1 where it is in focus, 0.01 under a blur of 4 % of its height."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Accepted (reason None), or rejected for one reason, with the scores behind it."""

    reason: Reason | None
    scores: Scores

    @property
    def accepted(self) -> bool:
        """Whether the picture may enter the dataset."""
        return self.reason is None
