"""LoRA weights: found, checked and put on a pipeline. Only safetensors are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from huggingface_hub import snapshot_download
from safetensors import SafetensorError

from pipeline.digest import digest
from pipeline.errors import InputError, brief, did_you_mean
from pipeline.generators.source import DiffusersClass, Pipeline
from pipeline.hub import DOWNLOAD_ERRORS

_USUAL_NAME = "pytorch_lora_weights.safetensors"
_ADAPTER = "lora"


@dataclass(frozen=True, slots=True)
class LoraFile:
    """One safetensors file of LoRA weights."""

    path: Path
    revision: str
    """16 hex digits over the file's contents."""


def check_lora(lora: str, pipeline_class: DiffusersClass) -> None:
    """InputError where the pipeline takes no LoRA, or peft is missing."""
    if not hasattr(pipeline_class, "load_lora_weights"):
        raise InputError(f"generator.lora: {pipeline_class.__name__} takes no LoRA weights; leave {lora!r} out")
    if find_spec("peft") is None:
        raise InputError("generator.lora: LoRA weights need peft; type: pip install peft")


def find_lora(lora: str) -> LoraFile:
    """The one safetensors file that a file name, a folder or a hub id stands for; downloads from the hub."""
    path = Path(lora).expanduser()
    if path.is_file():
        if path.suffix != ".safetensors":
            raise InputError(f"generator.lora: {lora!r} is no safetensors file, and pickles are never read; convert it")
    elif path.is_dir():
        path = _only_file(lora, sorted(path.glob("*.safetensors")))
    elif lora.count("/") == 1 and not lora.startswith((".", "~", "/")) and path.suffix != ".safetensors":
        path = _only_file(lora, _download(lora))
    else:
        near = did_you_mean(path.name, [file.name for file in path.parent.glob("*")])
        raise InputError(f"generator.lora: no file or folder {lora!r}{near}")
    return LoraFile(path, digest([path]))


def load_lora(pipeline: Pipeline, file: LoraFile, scale: float) -> None:
    """Puts LoRA weights on a pipeline with a strength; InputError where they do not fit or change nothing."""
    misfit = f"generator.lora: {file.path.name} does not fit {type(pipeline).__name__}"
    try:
        pipeline.load_lora_weights(
            str(file.path.parent), weight_name=file.path.name, adapter_name=_ADAPTER, use_safetensors=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{misfit} ({brief(error)}); LoRA weights are made for one family of models") from error
    if not any(_ADAPTER in adapters for adapters in pipeline.get_list_adapters().values()):
        raise InputError(f"{misfit}: none of its weights belong to a part of it")
    pipeline.set_adapters([_ADAPTER], [scale])


def _download(lora: str) -> Sequence[Path]:
    try:
        return sorted(Path(snapshot_download(lora, allow_patterns=["*.safetensors"])).glob("*.safetensors"))
    except DOWNLOAD_ERRORS as error:
        raise InputError(
            f"generator.lora: {lora!r} is no file or folder, and could not be had from the hub ({brief(error)}); "
            f"with network type: hf download {lora}"
        ) from None


def _only_file(lora: str, files: Sequence[Path]) -> Path:
    named = [file for file in files if file.name == _USUAL_NAME] or files
    if len(named) == 1:
        return named[0]
    if not named:
        raise InputError(f"generator.lora: {lora!r} holds no safetensors file, and pickles are never read")
    raise InputError(
        f"generator.lora: {lora!r} holds several safetensors files; name one: {', '.join(file.name for file in named)}"
    )
