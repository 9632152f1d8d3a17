"""DatasetSpec: one YAML file = one dataset. Frozen, strict, and fingerprinted."""

import copy
import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.errors import InputError, did_you_mean
from pipeline.resources import prompts_dir

ADULT_AGE = 18

Names = Literal["all"] | tuple[str, ...]
AxisName = Literal["emotion", "ethnicity", "age", "gender"]
Share = Annotated[float, Field(ge=0, le=1)]
Degrees = Annotated[float, Field(gt=0, le=90)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class GridSpec(_Strict):
    """Which cells are wanted: the product of four axes."""

    demographics: str = Field("balanced", description="Preset of prompts/demographics.yaml.")
    emotions: Names = Field("all", description="Emotions by slug or name.")
    ethnicities: Names = Field("all", description="Levels of the preset by slug or name.")
    ages: Literal["all"] | tuple[int, ...] = Field("all", description=f"Years, {ADULT_AGE} or more.")
    genders: Names = Field("all", description="Levels of the preset by slug or name.")

    @field_validator("ages")
    @classmethod
    def _adults_only(cls, ages: Literal["all"] | tuple[int, ...]) -> Literal["all"] | tuple[int, ...]:
        for age in () if ages == "all" else ages:
            if not ADULT_AGE <= age <= 100:
                raise ValueError(f"age {age} is refused: only adults of {ADULT_AGE} to 100 years can be asked for")
        return ages

    @field_validator("emotions", "ethnicities", "ages", "genders")
    @classmethod
    def _some(cls, names: Any) -> Any:  # noqa: ANN401 - each of the four axes
        if not names:
            raise ValueError("an axis without levels makes no pictures; name a level, or 'all'")
        return names


class PromptSpec(_Strict):
    """How a slot is put into words."""

    template: str = Field("portrait", description="Template of prompts/templates.yaml.")
    intensities: tuple[str, ...] = Field(("subtle", "plain", "intense"), min_length=1, description="Take turns.")


class GeneratorSpec(_Strict):
    """Which diffusion pipeline makes the pictures, and how. A value left out is the pipeline's own default."""

    model: str = Field("bundled", description="'bundled', a Hugging Face hub id, or a folder.")
    revision: str | None = Field(None, description="Branch, tag or commit on the hub.")
    variant: str | None = Field(None, description="Weight files' variant, e.g. fp16.")
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps.")
    width: int | None = Field(None, ge=64, le=4096, multiple_of=8, description="Pixels.")
    height: int | None = Field(None, ge=64, le=4096, multiple_of=8, description="Pixels.")
    steps: int | None = Field(None, ge=1, le=1000, description="Denoising steps.")
    guidance: float | None = Field(None, ge=0, le=50, description="Classifier-free guidance scale.")
    batch_size: int = Field(8, ge=1, le=1024, description="Pictures at once; fixed, since it can change pixels.")
    scheduler: str | None = Field(None, description="A diffusers scheduler class, e.g. EulerDiscreteScheduler.")
    lora: str | None = Field(None, description="LoRA weights: hub id, folder or safetensors file.")
    lora_scale: float = Field(1.0, ge=0, le=4)
    negative_prompt: bool = Field(True, description="Pass the template's negative prompt where the pipeline takes one.")
    attention: Literal["default", "native", "flash", "sage", "xformers"] = "default"
    compile: bool = Field(False, description="torch.compile the denoiser.")
    quantization: Literal["none", "int8", "int4", "float8"] = Field("none", description="Weights, through torchao.")
    cache: Literal["none", "first_block", "taylorseer", "magcache"] = Field("none", description="Step caching.")
    offload: Literal["none", "model", "group", "sequential"] = Field("none", description="Park weights in RAM.")
    watermark: bool = Field(False, description="SDXL's invisible watermark.")


class FaceSpec(_Strict):
    """When a picture is accepted. Shares are of the picture's side; the scores of every attempt are stored."""

    detector: Literal["auto", "insightface", "embedded"] = "auto"
    model_pack: str = Field("buffalo_l", description="insightface model pack by name or folder.")
    min_score: Share = Field(0.5, description="Detector confidence.")
    min_size: Share = Field(0.25, description="Least height of the face, as a share of the picture's.")
    max_size: float = Field(1.1, gt=0, le=2, description="Largest height of the face, as a share of the picture's.")
    max_outside: Share = Field(0.15, description="Share of the face box that may lie outside the picture.")
    max_yaw: Degrees = 35.0
    max_pitch: Degrees = 35.0
    max_roll: Degrees = 30.0
    min_visibility: Share = Field(0.5, description="Least visibility: 1 is a whole, uncovered face.")
    min_sharpness: float = Field(
        0.02, ge=0, description="Least detail of the face (see pipeline.faces.quality.sharpness)."
    )
    min_contrast: Share = Field(0.03, description="Least standard deviation of luminance; below it a picture is blank.")
    duplicate_distance: int = Field(2, ge=-1, le=64, description="Perceptual hashes this near are duplicates; -1: off.")
    max_attempts: int = Field(8, ge=1, le=1000, description="Tries at one slot.")
    on_exhausted: Literal["report", "fail"] = Field("report", description="When a slot's tries are used up.")
    breaker: int = Field(64, ge=0, description="Stop when this many attempts on end bring nothing; 0: never.")


class StorageSpec(_Strict):
    """How pictures are written."""

    shard_size: int = Field(512, ge=1, le=100_000, description="Pictures a shard, about.")
    image_format: Literal["webp", "png", "jpeg"] = "webp"
    quality: int = Field(95, ge=1, le=100, description="Of webp and jpeg; webp at 100 is lossless.")


class DatasetSpec(_Strict):
    """One dataset: what is wanted, who makes it, what is kept, how it is stored."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Names the output folder.")
    seed: int = Field(0, ge=0, lt=2**63)
    grid: GridSpec = GridSpec()
    images_per_cell: int = Field(1, ge=1, description="Accepted pictures asked of each cell of weight 1.")
    weights: Mapping[AxisName, Mapping[str, float]] = Field(
        default_factory=dict, description="Factor on images_per_cell for a level of an axis."
    )
    splits: Mapping[str, float] = Field(default_factory=lambda: {"train": 1.0}, description="Shares that sum to 1.")
    prompt: PromptSpec = PromptSpec()
    generator: GeneratorSpec = GeneratorSpec()
    face: FaceSpec = FaceSpec()
    storage: StorageSpec = StorageSpec()

    @field_validator("weights", mode="before")
    @classmethod
    def _level_names_are_text(cls, weights: Any) -> Any:  # noqa: ANN401 - YAML reads `20: 2` as a number
        if not isinstance(weights, Mapping):
            return weights
        return {
            axis: {str(level): weight for level, weight in levels.items()} if isinstance(levels, Mapping) else levels
            for axis, levels in weights.items()
        }

    @model_validator(mode="after")
    def _splits_sum_to_one(self) -> "DatasetSpec":
        if not self.splits or any(share <= 0 for share in self.splits.values()):
            raise ValueError("splits: every split needs a share above 0")
        if abs(sum(self.splits.values()) - 1) > 1e-6:
            raise ValueError(f"splits: the shares must sum to 1, these sum to {sum(self.splits.values()):g}")
        return self

    def to_yaml(self) -> str:
        """The whole spec, defaults included, as it is frozen in a dataset's folder."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    def fingerprint(self) -> str:
        """32 hex digits that change with any field."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def changes_from(self, older: "DatasetSpec") -> list[str]:
        """Every field that differs from `older`, as "generator.steps: 12 -> 20"."""
        ours, theirs = _flat(self.model_dump(mode="json")), _flat(older.model_dump(mode="json"))
        return [
            f"{key}: {theirs.get(key, 'absent')} -> {ours.get(key, 'absent')}"
            for key in [*ours, *(key for key in theirs if key not in ours)]
            if ours.get(key) != theirs.get(key)
        ]


def parse_spec(content: Any, where: str) -> DatasetSpec:  # noqa: ANN401 - what YAML holds
    """A spec from plain data; InputError names `where`, the field and what to do."""
    if not isinstance(content, Mapping):
        raise InputError(f"{where}: a spec is a mapping of fields such as name, grid, images_per_cell")
    try:
        return DatasetSpec.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{where}: {'; '.join(_explain(problem) for problem in error.errors())}") from None


def load_spec(name_or_path: str, changes: Mapping[str, Any] | None = None, prompts: Path | None = None) -> DatasetSpec:
    """Reads a spec file, or a bundled spec by name; `changes` replace fields by dotted name ("generator.steps")."""
    folder = (prompts or prompts_dir()) / "specs"
    path = Path(name_or_path)
    if not path.is_file():
        bundled = sorted(file.stem for file in folder.glob("*.yaml"))
        if name_or_path not in bundled:
            near = did_you_mean(name_or_path, bundled)
            raise InputError(f"no spec {name_or_path!r}{near} (a YAML file, or one of: {', '.join(bundled)})")
        path = folder / f"{name_or_path}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    return parse_spec(_with_changes(content, changes or {}), str(path))


def _with_changes(content: Any, changes: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what YAML holds
    if not isinstance(content, Mapping):
        return content
    changed: dict[str, Any] = copy.deepcopy(dict(content))
    for dotted, value in changes.items():
        *parents, last = dotted.split(".")
        target = changed
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = value
    return changed


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _explain(problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """One pydantic problem as "grid.agess: unknown field; did you mean 'ages'?"."""
    path = [str(part) for part in problem["loc"] if not str(part).startswith(("literal[", "tuple["))]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        model: Any = DatasetSpec
        for part in path[:-1]:
            model = model.model_fields[part].annotation
        message = f"unknown field{did_you_mean(path[-1], model.model_fields)}"
    elif problem["type"] != "value_error":
        message = f"{message[0].lower()}{message[1:]}, not {problem['input']!r}"
    return f"{'.'.join(path)}: {message}" if path else message
