"""What this machine has: devices, models, detectors, versions, and what is missing."""

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.errors import InputError, RunError
from pipeline.planning.spec import FaceSpec
from pipeline.resources import bundled_model_dir, prompts_dir


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed` is false for what only some work wants."""

    name: str
    ok: bool
    text: str
    needed: bool = True


def examine() -> list[Finding]:
    """Looks at everything; loads no model weights beyond the face detectors'."""
    return [
        Finding("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}"),
        *(_package(name) for name in ("torch", "diffusers", "transformers", "accelerate", "pyarrow", "prefect")),
        _devices(),
        _bundled_model(),
        Finding("prompts", (prompts_dir() / "taxonomy.yaml").is_file(), str(prompts_dir())),
        _detector("embedded"),
        _detector("insightface", needed=False),
        _probe(),
        *(_extra(name, why) for name, why in _EXTRAS.items()),
        _hub_cache(),
        _disk(),
    ]


_EXTRAS = {
    "xformers": "attention: xformers (CUDA only)",
    "peft": "generator.lora",
    "torchao": "generator.quantization",
}


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed; pip install emonet-face-big")


def _extra(name: str, why: str) -> Finding:
    there = importlib.util.find_spec(name) is not None
    return Finding(name, there, version(name) if there else f"not installed; needed for {why}", needed=False)


def _devices() -> Finding:
    import torch

    cpu = f"cpu with {torch.get_num_threads()} threads"
    if not torch.accelerator.is_available():
        return Finding("devices", True, f"{cpu}; no accelerator")
    kind = torch.accelerator.current_accelerator()
    return Finding("devices", True, f"{torch.accelerator.device_count()} x {kind}; {cpu}")


def _bundled_model() -> Finding:
    folder = bundled_model_dir()
    there = (folder / "model_index.json").is_file()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    return Finding("bundled model", there, f"{folder} ({size:.0f} MB)" if there else f"not in {folder}")


def _detector(name: str, needed: bool = True) -> Finding:
    from pipeline.faces.detector import make_detector

    return _loaded(f"{name} detector", lambda: make_detector(FaceSpec.model_validate({"detector": name})).name, needed)


def _probe() -> Finding:
    from pipeline.faces.probe import load_probe

    return _loaded("face probe", lambda: load_probe().name)


def _loaded(name: str, load: Callable[[], str], needed: bool = True) -> Finding:
    try:
        return Finding(name, True, load(), needed)
    except (InputError, RunError) as error:
        return Finding(name, False, str(error), needed)


def _hub_cache() -> Finding:
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    models = sorted(path.name.removeprefix("models--").replace("--", "/") for path in cache.glob("models--*"))
    offline = "; HF_HUB_OFFLINE is set" if os.environ.get("HF_HUB_OFFLINE") else ""
    return Finding("hub cache", bool(models), f"{', '.join(models) or 'no models'} in {cache}{offline}", needed=False)


def _disk() -> Finding:
    free = shutil.disk_usage(".").free / 1e9
    return Finding("disk", free > 1, f"{free:.0f} GB free here (EmoNet Big takes about 50 GB)")
