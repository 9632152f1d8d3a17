"""The real FaceAnalysis path, on a small network of SCRFD's shape; and on a real pack where the machine has one."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest

from pipeline.errors import InputError
from pipeline.faces.detector import make_detector
from pipeline.faces.insight import CPU, HOME, InsightFaceDetector, choose_provider, pack_folder
from pipeline.planning.spec import FaceSpec
from tests.faces.scrfd import red_square_pack

PACKS = sorted(path.name for path in HOME.expanduser().glob("*") if pack_folder(path.name))


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return red_square_pack(tmp_path_factory.mktemp("packs") / "red")


def square(left, top, side, size=128, colour=(255, 0, 0)):
    picture = np.full((size, size, 3), 90, np.uint8)
    picture[top : top + side, left : left + side] = colour
    return picture


@pytest.mark.parametrize(("left", "top"), [(10, 20), (80, 10), (90, 90)])
def test_detections_are_in_pixels_of_the_picture(pack, left, top):
    face = InsightFaceDetector(str(pack)).detect(square(left, top, 32))[0]
    middle = np.mean([face.box[:2], face.box[2:]], axis=0)
    np.testing.assert_allclose(middle, (left + 16, top + 16), atol=16)
    np.testing.assert_allclose(face.landmarks[2], middle, atol=0.1)
    assert face.landmarks[0][0] < face.landmarks[1][0]
    assert face.landmarks[0][1] < face.landmarks[3][1]
    assert face.score > 0.5


def test_colours_arrive_in_the_right_order(pack):
    assert InsightFaceDetector(str(pack)).detect(square(40, 40, 32, colour=(0, 0, 255))) == []


def test_the_second_size_is_asked_when_the_first_finds_nothing(tmp_path, monkeypatch):
    """The network wants a red cell among others: the square is one cell of the smaller input, and four of the larger."""
    detector = InsightFaceDetector(str(red_square_pack(tmp_path / "surround", surround=1)), "cpu")
    picture = square(45, 45, 19)
    (face,) = detector.detect(picture)
    np.testing.assert_allclose(face.landmarks[2], (54, 54), atol=10)
    monkeypatch.setattr("pipeline.faces.insight.SIZES", (640,))
    assert detector.detect(picture) == []


def test_faces_come_best_first(pack):
    picture = square(5, 5, 30)
    picture[80:120, 80:120] = (255, 0, 0)
    scores = [face.score for face in InsightFaceDetector(str(pack)).detect(picture)]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)


def test_threads_get_what_one_thread_gets(pack):
    detector = InsightFaceDetector(str(pack))
    pictures = [square(10 * n, 5 * n, 32) for n in range(8)]
    alone = [detector.detect(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.detect, pictures)) == alone


def test_the_name_says_pack_model_and_provider(pack):
    assert InsightFaceDetector(str(pack)).name.startswith("insightface (red: det_red.onnx, ")


def test_a_missing_pack_is_refused_without_a_download():
    with pytest.raises(
        InputError, match=r"'no_such_pack' is not on this machine: put its \.onnx files into .*no_such_pack"
    ):
        InsightFaceDetector("no_such_pack")


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is a folder without \.onnx files"):
        InsightFaceDetector(str(tmp_path))


def test_a_broken_file_is_refused(tmp_path):
    (tmp_path / "det.onnx").write_bytes(b"not a network")
    with pytest.raises(InputError, match="cannot be used"):
        InsightFaceDetector(str(tmp_path))


def test_a_provider_that_falls_back_is_refused(pack, monkeypatch):
    """As where onnxruntime was built for a GPU whose driver is missing: it warns, and runs on the CPU."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["MIGraphXExecutionProvider", CPU])
    with pytest.raises(InputError, match="offers MIGraphXExecutionProvider but runs the face detector on CPU"):
        InsightFaceDetector(str(pack), "cuda")


def test_the_provider_is_one_that_onnxruntime_has(monkeypatch):
    assert choose_provider("cpu") == (CPU, {})
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["ROCMExecutionProvider", CPU])
    assert choose_provider("auto") == ("ROCMExecutionProvider", {})
    assert choose_provider("cuda:1") == ("ROCMExecutionProvider", {"device_id": "1"})
    assert choose_provider("mps") == (CPU, {})
    with pytest.raises(InputError, match="unknown device 'gpu'"):
        choose_provider("gpu")


def test_auto_takes_insightface_where_its_pack_is_at_hand_and_the_embedded_detector_otherwise(pack):
    assert make_detector(FaceSpec(model_pack=str(pack))).name.startswith("insightface (red")
    assert make_detector(FaceSpec(model_pack="no_such_pack")).name.startswith("embedded")
    assert make_detector(FaceSpec(model_pack=str(pack), detector="embedded")).name.startswith("embedded")


def test_insightface_that_was_asked_for_is_never_replaced():
    with pytest.raises(InputError, match="is not on this machine"):
        make_detector(FaceSpec(detector="insightface", model_pack="no_such_pack"))


def test_without_opencv_auto_takes_the_embedded_detector_and_insightface_says_what_is_missing(pack, monkeypatch):
    monkeypatch.setitem(sys.modules, "insightface.app", None)
    assert make_detector(FaceSpec(model_pack=str(pack))).name.startswith("embedded")
    with pytest.raises(InputError, match="OpenCV needs libGL"):
        make_detector(FaceSpec(detector="insightface", model_pack=str(pack)))


@pytest.mark.skipif(not PACKS, reason=f"no insightface model pack in {HOME}")
@pytest.mark.parametrize("name", PACKS)
def test_a_real_pack_finds_real_faces(name, group, heads):
    detector = InsightFaceDetector(name)
    assert sum(face.score >= 0.5 for face in detector.detect(group)) == 6
    assert all(detector.detect(head) for head in heads)
