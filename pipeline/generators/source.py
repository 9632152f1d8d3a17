"""Where a pipeline comes from: the bundled folder, a folder, or the Hugging Face hub.

What can be refused by its small files is refused before any weights are downloaded or read.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import diffusers
from diffusers import DiffusionPipeline
from huggingface_hub import HfApi, ModelInfo, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from pipeline.digest import digest
from pipeline.errors import InputError, brief, did_you_mean
from pipeline.generators.bundled import BUNDLED
from pipeline.hub import DOWNLOAD_ERRORS, HUB_ERRORS, is_hub_id
from pipeline.planning.spec import GeneratorSpec
from pipeline.resources import bundled_model_dir

Pipeline: TypeAlias = Any
"""A diffusers pipeline; diffusers comes without types."""
Model: TypeAlias = Any
"""A part of one, such as its transformer."""
DiffusersClass: TypeAlias = Any
"""The class of either."""

INDEX = "model_index.json"
_VARIANT = re.compile(r"\.([A-Za-z0-9_]+)(?:-\d+-of-\d+)?\.safetensors$")
_PICKLES = {".bin", ".ckpt", ".pt", ".pth", ".pkl"}
_DIGESTED = {".json", ".safetensors", ".txt", ".model", ".jinja"}


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A pipeline that was found and may be loaded."""

    name: str
    """What the spec calls it."""
    folder: Path
    """The folder of model_index.json; of a hub model this is its snapshot in the cache, still without weights."""
    pipeline_class: DiffusersClass
    """The diffusers class that model_index.json names."""
    components: Mapping[str, tuple[str, str]]
    """Component -> (library, class), without those that are absent."""
    absent: tuple[str, ...]
    """Components that the model does without, such as a safety checker or Stable Diffusion 3's T5."""
    commit: str | None
    """The hub's commit hash; None for a folder."""
    online: bool
    """The hub answered."""

    @property
    def denoiser(self) -> str | None:
        """The component that runs once a step: "transformer", "unet", or None where it is neither."""
        return next((name for name in ("transformer", "unet") if name in self.components), None)

    def class_of(self, component: str | None) -> DiffusersClass | None:
        """The diffusers class of a component; None where it is absent or of another library."""
        library, name = self.components.get(component or "", ("", ""))
        return getattr(diffusers, name, None) if library == "diffusers" else None


def find_model(spec: GeneratorSpec) -> ModelSource:
    """Looks a spec's model up and reads its model_index.json; loads and downloads no weights.

    Raises InputError for a missing model, a folder or repository that holds no pipeline, one that would run its own
    code, one whose class this diffusers does not know, missing variants, and weights that are pickles alone.
    """
    path = Path(spec.model).expanduser()
    if spec.model == BUNDLED:
        return _find_folder(spec, _bundled_folder())
    if path.exists():
        return _find_folder(spec, path)
    if is_hub_id(spec.model):
        return _find_on_hub(spec)
    siblings = [str(path.parent / sibling.name) for sibling in path.parent.glob("*/")]
    _refuse(
        f"no folder {spec.model!r}{did_you_mean(spec.model, [BUNDLED, *siblings])} "
        "(a pipeline folder, a hub id such as OWNER/NAME, or 'bundled')"
    )


def fetch_weights(source: ModelSource, variant: str | None) -> Path:
    """The folder with all of the model's files; downloads what is not in the cache. InputError says what failed."""
    if source.commit is None:
        return source.folder
    try:
        snapshot = DiffusionPipeline.download(
            source.name,
            revision=source.commit,
            variant=variant,
            use_safetensors=True,
            local_files_only=not source.online,
        )
    except GatedRepoError:
        _refuse_gated(source.name)
    except DOWNLOAD_ERRORS as error:
        _refuse_incomplete(source, brief(error))
    folder = Path(snapshot)
    if not any((folder / component).is_dir() for component in source.components):
        _refuse_incomplete(source, "its weights are not in the Hugging Face cache")
    _check_weights(source.name, _files(folder), source.components, variant)
    return folder


def revision_of(source: ModelSource, folder: Path) -> str:
    """What tells this model's weights from others: the hub's commit, or 16 hex digits over the folder's contents."""
    return source.commit or digest(path for path in folder.rglob("*") if path.suffix in _DIGESTED)


def _refuse(message: str) -> NoReturn:
    raise InputError(f"generator.model: {message}") from None


def _refuse_gated(name: str) -> NoReturn:
    _refuse(f"{name!r} is gated: accept its terms at https://huggingface.co/{name}, then type: hf auth login")


def _refuse_incomplete(source: ModelSource, problem: str) -> NoReturn:
    _refuse(f"{source.name!r} is not complete ({problem}); with network type: hf download {source.name}")


def _bundled_folder() -> Path:
    folder = bundled_model_dir()
    if not (folder / INDEX).is_file():
        _refuse(f"the bundled model is not in {folder}: install again, or make it as models/README.md says")
    return folder


def _find_folder(spec: GeneratorSpec, folder: Path) -> ModelSource:
    if spec.revision is not None:
        raise InputError(f"generator.revision: only hub models have revisions, and {spec.model!r} is a folder")
    if folder.is_file():
        _refuse(
            f"{spec.model!r} is a single file; a pipeline is a folder. Convert it once with diffusers: "
            "StableDiffusionPipeline.from_single_file(FILE).save_pretrained(FOLDER), or the class of its family"
        )
    files = _files(folder)
    if INDEX not in files:
        pickles = " (its weights are pickles besides: ask for safetensors)" if _only_pickles(files) else ""
        _refuse(f"{spec.model!r} holds no {INDEX}, so it is no diffusers pipeline{pickles}")
    source = _read_index(spec.model, folder / INDEX, commit=None, online=False)
    _check_weights(spec.model, files, source.components, spec.variant)
    return source


def _find_on_hub(spec: GeneratorSpec) -> ModelSource:
    at = "" if spec.revision is None else f" at revision {spec.revision!r}"
    try:
        info = _ask_hub(spec)
        revision = spec.revision if info is None else info.sha
        index = Path(hf_hub_download(spec.model, INDEX, revision=revision, local_files_only=info is None))
    except GatedRepoError:
        _refuse_gated(spec.model)
    except RevisionNotFoundError:
        raise InputError(
            f"generator.revision: {spec.model!r} has no revision {spec.revision!r}; "
            f"they are listed at https://huggingface.co/{spec.model}/tree/main"
        ) from None
    except RepositoryNotFoundError:
        _refuse(f"no folder and no hub model {spec.model!r} (check its name; a private one needs: hf auth login)")
    except LocalEntryNotFoundError:
        revision_flag = "" if spec.revision is None else f" --revision {spec.revision}"
        _refuse(
            f"{spec.model!r}{at} is no folder, is not in the Hugging Face cache, and the hub cannot be reached; with "
            f"network type: hf download {spec.model}{revision_flag}, or set generator.model to a folder or 'bundled'"
        )
    except EntryNotFoundError:
        _refuse(f"{spec.model!r}{at} holds no {INDEX}, so it is no diffusers pipeline")
    except HUB_ERRORS as error:
        _refuse(f"{spec.model!r} could not be read from the hub ({brief(error)}); try again, or set it to a folder")
    source = _read_index(spec.model, index, commit=index.parent.name, online=info is not None)
    if info is not None:
        _check_weights(spec.model, {file.rfilename for file in info.siblings or ()}, source.components, spec.variant)
    return source


def _ask_hub(spec: GeneratorSpec) -> ModelInfo | None:
    """What the hub says of a model, or None where it cannot be reached: then its cache must do."""
    try:
        return HfApi().model_info(spec.model, revision=spec.revision, timeout=20)
    except (GatedRepoError, RevisionNotFoundError, RepositoryNotFoundError):
        raise
    except HUB_ERRORS:
        return None


def _read_index(name: str, path: Path, commit: str | None, online: bool) -> ModelSource:
    """What a model_index.json says of its pipeline."""
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        class_name = index["_class_name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        _refuse(f"the {INDEX} of {name!r} cannot be read ({brief(error)}); download the model again")
    parts = {part: value for part, value in index.items() if isinstance(value, list) and part != "_class_name"}
    foreign = {part: value[0] for part, value in parts.items() if not _is_known_library(value[0])}
    if not isinstance(class_name, str) or foreign:
        what = f"component {next(iter(foreign))!r}" if foreign else "pipeline class"
        _refuse(
            f"{name!r} brings code of its own for its {what}; code from models is never run, so choose another model"
        )
    components = {part: (str(value[0]), str(value[1])) for part, value in parts.items() if value[0] is not None}
    absent = tuple(part for part in parts if part not in components)
    return ModelSource(name, path.parent, _pipeline_class(name, class_name), components, absent, commit, online)


def _is_known_library(library: object) -> bool:
    if library is None:
        return True
    if not isinstance(library, str):
        return False
    return library in ("diffusers", "transformers") or hasattr(diffusers.pipelines, library)


def _pipeline_class(name: str, class_name: str) -> DiffusersClass:
    found = getattr(diffusers, class_name, None)
    if isinstance(found, type) and issubclass(found, DiffusionPipeline):
        return found
    needs = ", ".join(getattr(found, "_backends", ()))
    if needs:
        _refuse(f"{name!r} is a {class_name}, which needs more packages: {needs}")
    _refuse(f"{name!r} is a {class_name}, which diffusers {diffusers.__version__} does not have; update diffusers")


def _files(folder: Path) -> set[str]:
    """Relative names with forward slashes, at most one folder deep, as pipelines are laid out."""
    return {path.relative_to(folder).as_posix() for pattern in ("*", "*/*") for path in folder.glob(pattern)}


def _only_pickles(files: Iterable[str]) -> bool:
    suffixes = {Path(file).suffix for file in files}
    return bool(suffixes & _PICKLES) and ".safetensors" not in suffixes


def _check_weights(name: str, files: set[str], components: Iterable[str], variant: str | None) -> None:
    for component in components:
        if _only_pickles(file for file in files if file.startswith(f"{component}/")):
            _refuse(
                f"{name!r} has only pickled weights (.bin, .ckpt or .pt) for its {component!r}, and unpickling can run "
                "any code; take a revision with safetensors, or load it yourself where you trust it and "
                "save_pretrained(FOLDER, safe_serialization=True)"
            )
    variants = sorted({match[1] for file in files if (match := _VARIANT.search(file))})
    if variant is not None and variant not in variants:
        known = ", ".join(variants) or "none, so leave the field out"
        near = did_you_mean(variant, variants)
        raise InputError(f"generator.variant: {name!r} has no weights of variant {variant!r}{near} (it has: {known})")
