"""insightface's SCRFD detectors, where their model pack is at hand. Nothing is ever downloaded."""

import importlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.faces.face import Face

HOME = Path("~/.insightface/models")
FLOOR = 0.2  # score down to which faces are reported
MARGIN = 0.25  # grey border on every side, as a share of the picture: SCRFD misses faces that fill the frame
GREY = 127
SIZES = (640, 320)  # sides of the detector's input; the second is asked when the first finds nothing
CPU = "CPUExecutionProvider"
PROVIDERS = {  # by the name that PyTorch gives the device, best first
    "cuda": ("CUDAExecutionProvider", "MIGraphXExecutionProvider", "ROCMExecutionProvider"),
    "mps": ("CoreMLExecutionProvider",),
    "cpu": (),
}


class InsightFaceDetector:
    """The detection model of an insightface pack, given by its name in insightface's home or as a folder of ONNX files.

    `device` is auto, cpu, cuda, cuda:1 or mps; where onnxruntime has no provider for it, the CPU works, and `name` says
    so. Raises InputError where the pack, insightface or OpenCV is missing, and where onnxruntime took another provider
    than it was given. Calls from several threads take turns.
    """

    def __init__(self, model_pack: str, device: str = "auto") -> None:
        folder = pack_folder(model_pack)
        if folder is None:
            given = Path(model_pack).expanduser()
            what = "is a folder without .onnx files" if given.is_dir() else "is not on this machine"
            raise InputError(
                f"face model pack {model_pack!r} {what}: put its .onnx files into {given if given.is_dir() else HOME / given}, "
                "name a folder that holds them in face.model_pack, or set face.detector to embedded"
            )
        provider, options = choose_provider(device)
        self._model = _load(folder, provider, options)
        self._lock = threading.Lock()
        self._name = f"insightface ({folder.name}: {Path(self._model.model_file).name}, {provider})"

    @property
    def name(self) -> str:
        """Detector, pack and its model file, and provider."""
        return self._name

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """Faces of an RGB picture of shape (height, width, 3), best first."""
        margin = round(MARGIN * max(picture.shape[:2]))
        padded = np.pad(picture[..., ::-1], ((margin, margin), (margin, margin), (0, 0)), constant_values=GREY)
        with self._lock:
            for side in SIZES:
                boxes, landmarks = self._model.detect(padded, input_size=(side, side))
                if len(boxes):
                    break
        faces = [_face(box, points, margin) for box, points in zip(boxes, landmarks, strict=True)]
        return sorted(faces, key=lambda face: -face.score)


def pack_folder(model_pack: str) -> Path | None:
    """The folder of a pack given by name or folder, if it holds an ONNX file."""
    places = (Path(model_pack).expanduser(), (HOME / model_pack).expanduser())
    return next((place for place in places if place.is_dir() and any(place.glob("*.onnx"))), None)


def importable() -> bool:
    """Whether insightface loads here; it needs OpenCV, and that needs libGL."""
    try:
        importlib.import_module("insightface.app")
    except ImportError:
        return False
    return True


def choose_provider(device: str) -> tuple[str, dict[str, str]]:
    """onnxruntime's provider for a device, and its options: the best one that this onnxruntime was built with."""
    import onnxruntime

    kind, _, index = device.partition(":")
    if kind != "auto" and kind not in PROVIDERS:
        raise InputError(f"face detector: unknown device {device!r} (auto, cpu, cuda, cuda:1, mps)")
    wanted = [*PROVIDERS["cuda"], *PROVIDERS["mps"]] if kind == "auto" else PROVIDERS[kind]
    available = onnxruntime.get_available_providers()
    provider = next((name for name in wanted if name in available), CPU)
    if provider == "CUDAExecutionProvider" and hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # finds the CUDA and cuDNN libraries that PyTorch brought
    return provider, {"device_id": index} if index and provider in PROVIDERS["cuda"] else {}


def _load(folder: Path, provider: str, options: dict[str, str]) -> Any:  # noqa: ANN401 - insightface has no types
    try:
        from insightface.app import FaceAnalysis
    except ImportError as error:
        raise InputError(
            f"insightface does not load here ({' '.join(str(error).split())}): OpenCV needs libGL (Debian: apt-get "
            "install libgl1 libglib2.0-0), or set face.detector to embedded, which needs neither"
        ) from error
    providers = [(provider, options)] if provider == CPU else [(provider, options), CPU]
    try:
        analysis = FaceAnalysis(name=str(folder), allowed_modules=["detection"], providers=providers)
    except Exception as error:  # AssertionError, onnxruntime's own exceptions, insightface's RuntimeError
        detail = " ".join(str(error).split()) or "it holds no detection model"
        raise InputError(f"face model pack {folder} cannot be used: {detail}") from error
    model = analysis.models["detection"]
    if not getattr(model, "use_kps", False):
        raise InputError(f"face model pack {folder}: its detector gives no landmarks; det_10g and det_500m do")
    taken = model.session.get_providers()[0]
    if taken != provider:
        raise InputError(
            f"onnxruntime offers {provider} but runs the face detector on {taken}: its libraries do not match this "
            "machine's driver; mend them, or set face.detector to embedded"
        )
    model.prepare(-1 if provider == CPU else 0, det_thresh=FLOOR, input_size=(SIZES[0], SIZES[0]))
    return model


def _face(box: NDArray[np.float32], points: NDArray[np.float32], margin: int) -> Face:
    left, top, right, bottom = (float(edge) - margin for edge in box[:4])
    landmarks = tuple((float(x) - margin, float(y) - margin) for x, y in points)
    return Face((left, top, right, bottom), landmarks, float(box[4]))
