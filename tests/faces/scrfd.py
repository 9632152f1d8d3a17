"""A network of SCRFD's shape, as insightface's packs hold it, that finds red squares instead of faces."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ANCHORS = 2
STRIDES = (8, 16, 32)
REACH = 2.0  # strides from the anchor to each edge of the box
LANDMARKS = np.array([[-1, -1], [1, -1], [0, 0], [-1, 1], [1, 1]], np.float32)  # strides from the anchor


def red_square_pack(folder: Path, surround: int = 0) -> Path:
    """Writes the pack; where `surround` is above 0 the square must lie in that many strides of other colours."""
    outputs = [_head("score", 1, stride, surround) for stride in STRIDES]
    outputs += [_head("bbox", 4, stride, surround) for stride in STRIDES]
    outputs += [_head("kps", 10, stride, surround) for stride in STRIDES]
    nodes = [node for head in outputs for node in head[0]]
    weights = [weight for head in outputs for weight in head[1]]
    graph = helper.make_graph(
        nodes,
        "scrfd",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, None, None])],
        [
            helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, [None, size])
            for nodes, _, size in outputs
        ],
        weights,
    )
    folder.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "det_red.onnx")
    return folder


def _head(kind: str, size: int, stride: int, surround: int) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto], int]:
    """Convolution -> one row an anchor, as SCRFD's outputs are laid out."""
    label = f"{kind}_{stride}"
    kernel = np.zeros((ANCHORS * size, 3, stride * (1 + 2 * surround), stride * (1 + 2 * surround)), np.float32)
    bias = np.zeros(ANCHORS * size, np.float32)
    if kind == "score" and stride == 32:
        redness = np.array([1.0, -0.5, -0.5], np.float32)[:, None, None] / stride**2
        kernel -= 2.5 * redness * (surround > 0)
        middle = slice(surround * stride, (surround + 1) * stride)
        kernel[:, :, middle, middle] = 6 * redness
        bias[:] = -5
    elif kind == "score":
        bias[:] = -20
    else:
        bias[:] = np.tile(np.full(4, REACH) if kind == "bbox" else LANDMARKS.ravel(), ANCHORS)
    names = [f"{label}_{step}" for step in ("conv", "rows", "flat", "out")]
    nodes = [
        helper.make_node(
            "Conv",
            ["input.1", f"{label}_weight", f"{label}_bias"],
            names[:1],
            strides=[stride, stride],
            pads=[surround * stride] * 4,
        ),
        helper.make_node("Transpose", names[:1], names[1:2], perm=[2, 3, 0, 1]),
        helper.make_node("Reshape", [names[1], f"{label}_shape"], names[2:3]),
        helper.make_node("Sigmoid" if kind == "score" else "Identity", names[2:3], names[3:]),
    ]
    weights = [
        numpy_helper.from_array(kernel, f"{label}_weight"),
        numpy_helper.from_array(bias, f"{label}_bias"),
        numpy_helper.from_array(np.array([-1, size], np.int64), f"{label}_shape"),
    ]
    return nodes, weights, size
