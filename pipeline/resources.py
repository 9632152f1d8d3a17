"""Where the files that travel with the code lie: beside it in a clone, inside the package in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "_bundled"


def prompts_dir() -> Path:
    """The folder of taxonomy.yaml, demographics.yaml, templates.yaml and specs/."""
    return _INSTALLED / "prompts" if _INSTALLED.is_dir() else _PACKAGE.parent / "prompts"


def bundled_model_dir() -> Path:
    """The folder of the bundled diffusers pipeline."""
    return _INSTALLED / "model" if _INSTALLED.is_dir() else _PACKAGE.parent / "models" / "bundled"


def probe_file() -> Path:
    """The face probe, an ONNX file."""
    return _INSTALLED / "probe.onnx" if _INSTALLED.is_dir() else _PACKAGE.parent / "models" / "readers" / "probe.onnx"
