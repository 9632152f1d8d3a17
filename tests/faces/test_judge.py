"""Every reason that the judge can give, on real faces."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pipeline.attempts.verdict import Reason, Scores
from pipeline.faces.face import Face
from pipeline.faces.judge import FaceJudge, judge
from pipeline.faces.probe import load_probe
from pipeline.planning.spec import FaceSpec


@pytest.fixture(scope="module")
def judged(detector):
    def verdict(picture, **thresholds):
        return FaceJudge(detector, load_probe(), FaceSpec(**thresholds)).judge(np.ascontiguousarray(picture))

    return verdict


def resized(picture, width, height):
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def turned(picture, degrees):
    """Clockwise."""
    return np.asarray(Image.fromarray(picture).rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=(120, 120, 120)))


def test_whole_faces_are_accepted_and_have_every_score(judged, heads, undoubted):
    for head in undoubted:
        verdict = judged(head)
        assert verdict.accepted, verdict
    scores = judged(heads[0]).scores
    assert all(getattr(scores, field.name) is not None for field in fields(Scores) if field.name != "second_score")
    assert scores.second_score is None
    assert len(scores.landmarks) == 10
    assert scores.size == pytest.approx((scores.face_box[3] - scores.face_box[1]) / heads[0].shape[0])


def test_blank(judged, portrait):
    assert judged(np.full((128, 128, 3), 200, np.uint8)).reason is Reason.BLANK
    faint = judged((portrait * 0.1 + 100).astype(np.uint8))
    assert faint.reason is Reason.BLANK
    assert faint.scores.contrast < 0.03


def test_no_face(judged, astronaut):
    verdict = judged(astronaut[300:500, 0:200])
    assert verdict.reason is Reason.NO_FACE
    assert verdict.scores.faces == 0
    assert verdict.scores.det_score is None


def test_low_score(judged, portrait):
    verdict = judged(portrait, min_score=0.99)
    assert verdict.reason is Reason.LOW_SCORE
    assert verdict.scores.visibility is not None


def test_many_faces(judged, group, portrait):
    assert judged(group).reason is Reason.MANY_FACES
    pair = judged(np.concatenate([portrait, portrait[:, ::-1]], axis=1))
    assert pair.reason is Reason.MANY_FACES
    assert pair.scores.second_score > 0.5


def test_a_tiny_face_in_the_background_is_no_second_face(judged, portrait):
    picture = resized(portrait, 400, 400).copy()
    picture[:60, :60] = resized(portrait, 60, 60)
    verdict = judged(picture)
    assert verdict.accepted
    assert verdict.scores.second_score is None


def test_a_second_box_on_the_same_face_is_no_second_face(detector, portrait):
    face = detector.detect(portrait)[0]
    twin = Face(tuple(edge + 5 for edge in face.box), face.landmarks, face.score - 0.01)
    assert judge(portrait, [face, twin], load_probe(), FaceSpec()).accepted


@pytest.mark.parametrize("part", ["left half", "right half", "upper half", "lower half"])
def test_cropped(judged, detector, portrait, part):
    left, top, right, bottom = (round(edge) for edge in detector.detect(portrait)[0].box)
    x, y = (left + right) // 2, (top + bottom) // 2
    halves = {
        "left half": portrait[:, :x],
        "right half": portrait[:, x:],
        "upper half": portrait[: y + 10],
        "lower half": portrait[y - 20 :],
    }
    assert judged(halves[part]).reason in {Reason.CROPPED, Reason.NO_FACE, Reason.LOW_SCORE}


def test_a_face_that_the_picture_cuts_is_cropped_for_that_reason(judged, portrait, detector):
    nose = round(detector.detect(portrait)[0].landmarks[2][0])
    verdict = judged(portrait[:, : nose + 8])
    assert verdict.reason is Reason.CROPPED
    assert verdict.scores.outside > 0.15


def test_a_forehead_cut_a_little_is_allowed(judged, portrait, detector):
    top = round(detector.detect(portrait)[0].box[1])
    assert judged(portrait[top + 5 :]).accepted


def test_too_small(judged, astronaut):
    verdict = judged(astronaut)
    assert verdict.reason is Reason.TOO_SMALL
    assert 0.15 < verdict.scores.size < 0.25


def test_too_large(judged, portrait):
    assert judged(portrait, max_size=0.4).reason is Reason.TOO_LARGE


def test_pose(judged, portrait, group):
    tilted = judged(turned(portrait, 40))
    assert tilted.reason is Reason.POSE
    assert tilted.scores.roll == pytest.approx(44, abs=8)
    assert judged(turned(portrait, -45)).scores.roll < -30
    assert judged(portrait, max_yaw=0.01).reason is Reason.POSE
    assert judged(portrait, max_pitch=0.01).reason is Reason.POSE


@pytest.mark.parametrize("part", ["eyes", "mouth", "sunglasses", "mask"])
def test_occluded(judged, portrait, cover, part):
    verdict = judged(cover(portrait, part))
    assert verdict.reason is Reason.OCCLUDED
    assert verdict.scores.visibility < 0.5


def test_blurred(judged, portrait):
    soft = np.asarray(Image.fromarray(portrait).filter(ImageFilter.GaussianBlur(4.5)))
    verdict = judged(soft, min_visibility=0)
    assert verdict.reason is Reason.BLURRED
    assert judged(soft).reason in {Reason.BLURRED, Reason.OCCLUDED}


def test_the_first_reason_of_the_list_is_given(judged, astronaut):
    """Small and, by this threshold, badly posed: the size comes first."""
    assert judged(astronaut, max_roll=0.01).reason is Reason.TOO_SMALL


class Dim:
    name = "dim"

    def measure(self, picture, face):
        return 0.25


def test_another_measure_of_visibility_can_be_put_in(detector, portrait):
    verdict = FaceJudge(detector, Dim(), FaceSpec()).judge(portrait)
    assert verdict.reason is Reason.OCCLUDED
    assert verdict.scores.visibility == 0.25


def test_threads_get_what_one_thread_gets(judged, heads):
    alone = [judged(head) for head in heads]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(judged, heads)) == alone


def test_scores_are_plain_numbers_that_can_be_stored(judged, portrait):
    scores = judged(portrait).scores
    for field in fields(scores):
        values = getattr(scores, field.name)
        for value in values if isinstance(values, tuple) else [values]:
            assert value is None or type(value) in (int, float), field.name
