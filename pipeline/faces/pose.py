"""Head pose out of five landmarks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# A generic adult face in units of the distance between the eyes, x to the right, y down, z away from the camera: eye,
# eye, nose tip, mouth corner, mouth corner. Across and down it is the frontal mean that ArcFace aligns faces to
# (insightface.utils.face_align.arcface_dst, made symmetric); the depths are those of MediaPipe's canonical face.
FACE_MODEL: Matrix = np.array(
    [[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.572, -0.58], [-0.414, 1.154, -0.08], [0.414, 1.154, -0.08]]
)
STEPS = 5


class Pose(NamedTuple):
    """Degrees, 0 is frontal; yaw > 0 turns to the picture's right, pitch > 0 lifts the chin, roll > 0 is clockwise."""

    yaw: float
    pitch: float
    roll: float


def rotation(pose: Pose) -> Matrix:
    """The 3x3 matrix that turns FACE_MODEL into `pose`: roll after yaw after pitch."""
    (sin_yaw, sin_pitch, sin_roll), (cos_yaw, cos_pitch, cos_roll) = np.sin(np.radians(pose)), np.cos(np.radians(pose))
    pitching = np.array([[1, 0, 0], [0, cos_pitch, sin_pitch], [0, -sin_pitch, cos_pitch]])
    yawing = np.array([[cos_yaw, 0, -sin_yaw], [0, 1, 0], [sin_yaw, 0, cos_yaw]])
    rolling = np.array([[cos_roll, -sin_roll, 0], [sin_roll, cos_roll, 0], [0, 0, 1]])
    product: Matrix = rolling @ yawing @ pitching
    return product


def head_pose(landmarks: Sequence[tuple[float, float]]) -> Pose:
    """The pose under which FACE_MODEL, under weak perspective, comes nearest to five landmarks (least squares).

    Starts from the closed form of POS (DeMenthon and Davis 1995, "Model-based object pose in 25 lines of code") and
    refines scale and angles by Gauss-Newton. A neutral expression is assumed: an open mouth reads as a raised chin.
    """
    points = np.asarray(landmarks, np.float64)
    points, model = points - points.mean(axis=0), FACE_MODEL - FACE_MODEL.mean(axis=0)
    size = max(float(np.linalg.norm(points)), 1e-9)
    points = points / size
    guess = _closed_form(points, model)
    for _ in range(STEPS):
        missing = points.ravel() - _project(guess, model)
        slopes = np.stack(
            [_project(guess + step, model) - _project(guess - step, model) for step in 1e-4 * np.eye(4)], 1
        )
        guess = guess + np.linalg.lstsq(slopes / 2e-4, missing, rcond=None)[0]
    return Pose(*(float(angle) for angle in np.degrees(guess[1:])))


def _project(guess: Matrix, model: Matrix) -> Matrix:
    """Log scale, yaw, pitch and roll in radians -> the flattened points."""
    pose = Pose(*np.degrees(guess[1:]))
    flat: Matrix = (np.exp(guess[0]) * model @ rotation(pose)[:2].T).ravel()
    return flat


def _closed_form(points: Matrix, model: Matrix) -> Matrix:
    rows = np.linalg.lstsq(model, points, rcond=None)[0].T  # 2x3: scaled rows of the rotation
    left, sizes, right = np.linalg.svd(rows, full_matrices=False)
    across, down = left @ right
    forward = np.cross(across, down)
    yaw = np.arcsin(np.clip(forward[0], -1, 1))
    return np.array(
        [np.log(max(sizes.mean(), 1e-9)), yaw, np.arctan2(-forward[1], forward[2]), np.arctan2(down[0], across[0])]
    )
