"""Write the trained probe and judge as ONNX files: weights in half precision, arithmetic in float32.

Both take ``faces`` (n, 96, 96, 3) uint8 and give probabilities for each axis and the embedding; the probe gives visibility
first. Level names are in the metadata. It is ONNX because onnxruntime answers the same whatever the number of threads.

Run: ``python -m models.export_readers --work outputs/bundled-model --judge outputs/judge --out models/readers``
"""

from __future__ import annotations

import argparse
import io
import json
import logging
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from models import reader
from models.checksums import write_checksums

LIMIT = "limit.json"
HALVED = 256  # weights of this many numbers or more are stored in half precision


class Answers(nn.Module):
    """From bytes to probabilities."""

    def __init__(self, network: reader.Reader) -> None:
        super().__init__()
        self.network = network

    def forward(self, faces: torch.Tensor) -> tuple[torch.Tensor, ...]:
        logits, embedding = self.network(reader.as_input(faces))
        answers = [logits[axis].softmax(1) for axis in reader.levels()]
        if reader.VISIBILITY in logits:
            answers.insert(0, logits[reader.VISIBILITY][:, 0].sigmoid())
        return (*answers, embedding)


def to_onnx(network: reader.Reader) -> onnx.ModelProto:
    """The network with its level names; weights halved."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    names = [*reader.levels(), "embedding"]
    if reader.VISIBILITY in network.heads:
        names.insert(0, reader.VISIBILITY)
    file = io.BytesIO()
    torch.onnx.export(
        Answers(network).eval(),
        (torch.zeros(2, reader.SIZE, reader.SIZE, 3, dtype=torch.uint8),),
        file,
        input_names=["faces"],
        output_names=names,
        dynamic_axes={name: {0: "n"} for name in ["faces", *names]},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load_from_string(file.getvalue())
    halve(model)
    helper.set_model_props(model, {"levels": json.dumps(reader.levels())})
    onnx.checker.check_model(model, full_check=True)
    return model


def halve(model: onnx.ModelProto) -> None:
    """Store large weights as float16 and cast them back where they are used; onnxruntime does so once, when it loads."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) >= HALVED:
            stored = f"{tensor.name}.half"
            casts.append(helper.make_node("Cast", [stored], [tensor.name], to=TensorProto.FLOAT))
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), stored))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])


def shift(network: reader.Reader, work: Path) -> None:
    """Move the answers on visibility so that the limit that models/limit.py found lies at 0.5."""
    file = work / LIMIT
    if not file.exists():
        raise SystemExit(f"{file} is missing: run python -m models.limit first")
    with torch.no_grad():
        network.heads[reader.VISIBILITY].bias -= json.loads(file.read_text())["logit"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--judge", type=Path, default=Path("outputs/judge"))
    parser.add_argument("--out", type=Path, default=Path("models/readers"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for which, work in (("judge", args.judge), ("probe", args.work)):
        network = reader.trained(which, work)
        if which == "probe":
            shift(network, work)
        content = to_onnx(network).SerializeToString()
        (args.out / f"{which}.onnx").write_bytes(content)
        print(f"{args.out}/{which}.onnx: {len(content) / 1e6:.1f} MB")
    write_checksums(args.out)


if __name__ == "__main__":
    main()
