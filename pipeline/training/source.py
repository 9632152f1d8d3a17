"""Where a model comes from: a folder or the hub, ours or Empathic-Insight-Face's one pickle a head."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from huggingface_hub import constants, snapshot_download
from torch import Tensor

from pipeline.errors import InputError, brief, did_you_mean
from pipeline.hub import HUB_ERRORS, find_commit, is_hub_id
from pipeline.labels.emotions import emotion_names

PUBLISHED_ENCODER = "google/siglip2-so400m-patch16-384"
"""Of Empathic-Insight-Face, as its card says; pooled, 1152 numbers. Its revision is not published."""
_FILES = ["config.json", "*.safetensors", "README.md", "model_*_best.pth"]
_LAYER = re.compile(r"layers\.(\d+)\.(weight|bias)")


def find_model(name: str, revision: str | None = None) -> Path:
    """The folder of a model named by folder or hub id, fetched where need be; see `is_ours`.

    InputError where there is none, or where it holds neither kind of model.
    """
    folder = _folder(name, revision)
    if not is_ours(folder) and not any(folder.glob(published_file("*"))):
        raise InputError(
            f"{name}: holds neither {constants.CONFIG_NAME} nor {published_file('<emotion>')} files, so it is no emotion "
            "model; train one with `emonet train DIR`"
        )
    return folder


def is_ours(folder: Path) -> bool:
    """Whether a model's folder was written by `emonet train`; else it holds published heads."""
    return (folder / constants.CONFIG_NAME).is_file()


def published_file(name: str) -> str:
    """The file of an Empathic-Insight-Face head: "Jealousy & Envy" is in model_jealousy_&_envy_best.pth."""
    return f"model_{name.lower().replace('/', '_').replace(' ', '_')}_best.pth"


def _folder(name: str, revision: str | None) -> Path:
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise InputError(f"{name}: is a file; a model is a folder, so name the folder that holds it")
    if not is_hub_id(name):
        near = did_you_mean(name, [str(path.parent / other.name) for other in path.parent.glob("*/")])
        raise InputError(f"{name}: no such model{near}; name a folder that `emonet train` made, or a hub id OWNER/NAME")
    commit = find_commit(name, revision or "")
    try:
        wanted = commit or revision
        return Path(snapshot_download(name, revision=wanted, allow_patterns=_FILES, local_files_only=commit is None))
    except HUB_ERRORS as error:
        raise InputError(
            f"{name}: is no folder, is not whole in the Hugging Face cache, and cannot be fetched ({brief(error)}); with "
            f"network type: hf download {name}"
        ) from None


def read_published(folder: Path) -> list[tuple[Tensor, Tensor]]:
    """Weights (40, out, in) and biases (40, out, 1) of each layer, first layer first, stacked from one head a file.

    InputError where a head is missing, damaged, or of other sizes than the first.
    """
    emotions = emotion_names()
    heads = [_read_head(folder / published_file(name)) for name in emotions]
    sizes = [_sizes(head) for head in heads]
    for name, found in zip(emotions, sizes, strict=True):
        if found != sizes[0]:
            raise InputError(
                f"{folder / published_file(name)}: layers of {found} where {published_file(emotions[0])} has {sizes[0]}; "
                "keep the heads of one model in a folder"
            )
    return [
        (torch.stack([weight for weight, _ in layer]), torch.stack([bias[:, None] for _, bias in layer]))
        for layer in zip(*heads, strict=True)
    ]


def _read_head(file: Path) -> list[tuple[Tensor, Tensor]]:
    """(weight (out, in), bias (out,)) of each layer of one head, first layer first."""
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(
            f"{file}: is missing; all {len(emotion_names())} heads are needed: download the model again"
        ) from None
    except pickle.UnpicklingError:
        raise InputError(
            f"{file}: holds more than tensors, and unpickling that could run any code; it was not read: take the file "
            "from its publisher again"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(f"{file}: cannot be read ({brief(error)}); download it again") from None
    layers: dict[int, dict[str, Tensor]] = {}
    for key, value in state.items() if isinstance(state, Mapping) else ():
        if (match := _LAYER.fullmatch(str(key))) and isinstance(value, Tensor):
            layers.setdefault(int(match[1]), {})[match[2]] = value.float()
    if not layers or any(set(layer) != {"weight", "bias"} for layer in layers.values()):
        raise InputError(f"{file}: holds no layers.N.weight and layers.N.bias; this is no Empathic-Insight-Face head")
    return [(layer["weight"], layer["bias"]) for _, layer in sorted(layers.items())]


def _sizes(head: list[tuple[Tensor, Tensor]]) -> list[int]:
    return [head[0][0].shape[1], *(weight.shape[0] for weight, _ in head)]
