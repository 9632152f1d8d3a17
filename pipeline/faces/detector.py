"""Which detector a spec gets."""

from pipeline.errors import InputError
from pipeline.faces.embedded import EmbeddedDetector
from pipeline.faces.face import FaceDetector
from pipeline.faces.insight import InsightFaceDetector, importable, pack_folder
from pipeline.planning.spec import FaceSpec


def make_detector(spec: FaceSpec, device: str = "auto") -> FaceDetector:
    """The detector that `spec` asks for; its `name` says what was taken, with model and provider.

    auto takes insightface where its pack is on this machine and insightface can be imported, and the embedded detector
    otherwise. A pack that is there and cannot be used is an InputError all the same: it was put there to be used.
    `device` is auto, cpu, cuda, cuda:1 or mps; the embedded detector always runs on the CPU.
    """
    if spec.detector == "insightface":
        return InsightFaceDetector(spec.model_pack, device)
    if spec.detector == "auto" and pack_folder(spec.model_pack) is not None and importable():
        return InsightFaceDetector(spec.model_pack, device)
    try:
        return EmbeddedDetector()
    except ImportError as error:
        raise InputError(f"the embedded face detector needs onnx and onnxruntime: {error}") from error
