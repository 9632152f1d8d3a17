"""The face verdict: one face, whole and uncovered, looking roughly at the camera."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.attempts.verdict import Reason, Scores, Verdict
from pipeline.faces.align import oval_outside
from pipeline.faces.face import Face, FaceDetector, Visibility
from pipeline.faces.pose import head_pose
from pipeline.faces.quality import contrast, sharpness
from pipeline.planning.spec import FaceSpec

SAME_FACE = 0.4  # overlap (intersection over union) from which two detections are one face
NOTABLE = 0.3  # height of a second face as a share of the first's, from which it counts


class FaceJudge:
    """A detector, what measures visibility, and the thresholds. Safe to call from several threads."""

    def __init__(self, detector: FaceDetector, visibility: Visibility, spec: FaceSpec) -> None:
        self.detector, self.visibility, self.spec = detector, visibility, spec

    def judge(self, picture: NDArray[np.uint8]) -> Verdict:
        """Detects and judges an RGB picture of shape (height, width, 3)."""
        return judge(picture, self.detector.detect(picture), self.visibility, self.spec)


def judge(picture: NDArray[np.uint8], faces: Sequence[Face], visibility: Visibility, spec: FaceSpec) -> Verdict:
    """All scores that can be had, and the first reason of Reason's order that holds.

    `faces` come best first, as a detector found them in `picture` (RGB, height x width x 3). LOOKS_UNDERAGE, UNSAFE and
    DUPLICATE are never given here: nothing in this module measures them.
    """
    scores = _scores(picture, faces, visibility)
    return Verdict(next(_reasons(picture, scores, spec), None), scores)


def _scores(picture: NDArray[np.uint8], faces: Sequence[Face], visibility: Visibility) -> Scores:
    if not faces:
        return Scores(faces=0, contrast=contrast(picture))
    face = faces[0]
    yaw, pitch, roll = head_pose(face.landmarks)
    return Scores(
        faces=len(faces),
        contrast=contrast(picture),
        det_score=face.score,
        second_score=_second_score(faces),
        face_box=face.box,
        landmarks=tuple(coordinate for point in face.landmarks for coordinate in point),
        size=face.height / picture.shape[0],
        outside=_outside(picture, face),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        visibility=visibility.measure(picture, face),
        sharpness=sharpness(picture, face.box),
    )


def _second_score(faces: Sequence[Face]) -> float | None:
    first, *others = faces
    notable = (face for face in others if face.height >= NOTABLE * first.height and face.overlap(first) < SAME_FACE)
    return max((face.score for face in notable), default=None)


def _outside(picture: NDArray[np.uint8], face: Face) -> float:
    height, width = picture.shape[:2]
    whole = Face((0.0, 0.0, float(width), float(height)), (), 1.0)
    box_outside = 1 - face.shared_with(whole) / max(face.width * face.height, 1e-9)
    return max(box_outside, oval_outside(face, width, height))


def _reasons(picture: NDArray[np.uint8], scores: Scores, spec: FaceSpec) -> Iterator[Reason]:
    """Every reason that holds, in Reason's order."""
    if scores.contrast < spec.min_contrast:
        yield Reason.BLANK
    if scores.det_score is None:
        yield Reason.NO_FACE
        return
    if scores.det_score < spec.min_score:
        yield Reason.LOW_SCORE
    if (scores.second_score or 0.0) >= spec.min_score:
        yield Reason.MANY_FACES
    if _above(scores.outside, spec.max_outside) or _cut_off(picture, scores):
        yield Reason.CROPPED
    if _below(scores.size, spec.min_size):
        yield Reason.TOO_SMALL
    if _above(scores.size, spec.max_size):
        yield Reason.TOO_LARGE
    limits = ((scores.yaw, spec.max_yaw), (scores.pitch, spec.max_pitch), (scores.roll, spec.max_roll))
    if any(angle is not None and abs(angle) > limit for angle, limit in limits):
        yield Reason.POSE
    if _below(scores.visibility, spec.min_visibility):
        yield Reason.OCCLUDED
    if _below(scores.sharpness, spec.min_sharpness):
        yield Reason.BLURRED


def _above(score: float | None, limit: float) -> bool:
    return score is not None and score > limit


def _below(score: float | None, limit: float) -> bool:
    return score is not None and score < limit


def _cut_off(picture: NDArray[np.uint8], scores: Scores) -> bool:
    """Whether an eye, the nose or a mouth corner lies outside the picture."""
    points = np.reshape(scores.landmarks or (), (-1, 2))
    return bool(np.any(points < 0) or np.any(points > (picture.shape[1], picture.shape[0])))
