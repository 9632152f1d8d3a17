import numpy as np
import pytest

from pipeline.faces.pose import FACE_MODEL, Pose, head_pose, rotation


def seen(pose, distance=None, scale=80.0, noise=None):
    """The model under a pose, as a camera at `distance` (in distances between the eyes; None: far away) sees it."""
    points = FACE_MODEL @ rotation(pose).T
    flat = points[:, :2] if distance is None else points[:, :2] / (1 + points[:, 2:] / distance)
    return [tuple(point) for point in flat * scale + (300, 200) + (0 if noise is None else noise)]


def poses(count):
    return [Pose(*angles) for angles in np.random.default_rng(0).uniform(-30, 30, (count, 3))]


def test_weak_perspective_is_undone_exactly():
    for pose in poses(100):
        np.testing.assert_allclose(head_pose(seen(pose)), pose, atol=1e-3)


def test_a_real_camera_costs_few_degrees():
    """At 10 distances between the eyes, about 63 cm."""
    errors = np.abs([np.subtract(head_pose(seen(pose, distance=10)), pose) for pose in poses(200)])
    assert np.all(errors.mean(axis=0) < (1.5, 4, 1.5))
    assert np.all(errors.max(axis=0) < (4, 7, 4))


def test_misplaced_landmarks_cost_few_degrees():
    """By 2 % of the distance between the eyes."""
    random = np.random.default_rng(1)
    noise = [random.normal(0, 1.6, (5, 2)) for _ in range(200)]
    pairs = list(zip(poses(200), noise, strict=True))
    errors = np.abs([np.subtract(head_pose(seen(pose, noise=shift)), pose) for pose, shift in pairs])
    assert np.all(np.percentile(errors, 95, axis=0) < 6)


@pytest.mark.parametrize("scale", [1.0, 3000.0])
def test_size_does_not_matter(scale):
    pose = Pose(12, -7, 20)
    np.testing.assert_allclose(head_pose(seen(pose, scale=scale)), pose, atol=1e-3)


def test_signs_are_those_of_scores():
    right, up, clockwise = Pose(20, 0, 0), Pose(0, 20, 0), Pose(0, 0, 20)
    frontal = seen(Pose(0, 0, 0))
    assert seen(right)[2][0] > frontal[2][0]  # the nose moves to the picture's right
    assert seen(up)[2][1] < frontal[2][1]  # and up
    assert seen(clockwise)[1][1] > seen(clockwise)[0][1]  # the eye at the right sinks


def test_real_faces_turn_the_way_they_look(detector, portrait, grey_portrait):
    assert all(abs(angle) < 10 for angle in head_pose(detector.detect(portrait)[0].landmarks))
    turned = head_pose(detector.detect(grey_portrait)[0].landmarks)
    mirrored = head_pose(detector.detect(np.ascontiguousarray(grey_portrait[:, ::-1]))[0].landmarks)
    assert turned.yaw > 5
    assert mirrored.yaw < -5


def test_landmarks_in_one_point_do_not_break_it():
    assert all(np.isfinite(head_pose([(5.0, 5.0)] * 5)))
