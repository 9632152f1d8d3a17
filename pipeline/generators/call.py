"""How one pipeline is called: only with arguments that its signature names, and with one seed a picture."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.attempts.attempt import Attempt
from pipeline.errors import InputError, brief
from pipeline.generators.source import DiffusersClass, Pipeline
from pipeline.planning.spec import GeneratorSpec

_OTHER_JOBS = {"num_frames": "videos", "strength": "changes to a picture", "mask_image": "changes to a picture"}
_GUIDANCE = ("guidance_scale", "distilled_guidance_scale", "prior_guidance_scale")


@dataclass(frozen=True, slots=True)
class PipelineCall:
    """Everything about a call but its prompts and seeds. None: the pipeline has no such argument, or no default."""

    steps: int | None
    guidance: float | None
    width: int | None
    height: int | None
    negative_prompt: bool
    """The attempts' negative prompts are passed."""
    batched: bool
    """Prompts go in as a list; else one call a picture."""
    arguments: Mapping[str, Any]
    """What every call passes."""

    def run(self, pipeline: Pipeline, attempts: Sequence[Attempt]) -> list[NDArray[np.uint8]]:
        """One picture for each attempt, of shape (height, width, 3); InputError where the pipeline refuses the call."""
        if self.batched:
            return self._call(pipeline, attempts, [_generator(attempt) for attempt in attempts])
        return [picture for attempt in attempts for picture in self._call(pipeline, [attempt], _generator(attempt))]

    def _call(
        self, pipeline: Pipeline, attempts: Sequence[Attempt], generator: torch.Generator | Sequence[torch.Generator]
    ) -> list[NDArray[np.uint8]]:
        texts: dict[str, Any] = {"prompt": [attempt.prompt for attempt in attempts]}
        if self.negative_prompt:
            texts["negative_prompt"] = [attempt.negative_prompt for attempt in attempts]
        if not self.batched:
            texts = {name: values[0] for name, values in texts.items()}
        try:
            output = pipeline(**texts, **self.arguments, generator=generator)
        except ValueError as error:
            raise InputError(f"generator: {type(pipeline).__name__} refuses its arguments ({brief(error)})") from error
        pictures = [np.array(image.convert("RGB"), dtype=np.uint8) for image in getattr(output, "images", ())]
        if len(pictures) != len(attempts):
            raise InputError(
                f"generator.model: {type(pipeline).__name__} gave {len(pictures)} pictures for {len(attempts)}"
            )
        self._check_size(pictures[0])
        return pictures

    def _check_size(self, picture: NDArray[np.uint8]) -> None:
        height, width = picture.shape[:2]
        if (width, height) != (self.width or width, self.height or height):
            raise InputError(
                f"generator.width, height: {self.width}x{self.height} became {width}x{height}; "
                "this pipeline wants multiples of a larger number, such as 16 or 32"
            )


def check_call(spec: GeneratorSpec, pipeline_class: DiffusersClass) -> None:
    """InputError where a pipeline does not make pictures from text and a seed, or lacks what the spec sets."""
    name, parameters = pipeline_class.__name__, _parameters(pipeline_class)
    needed = [
        key
        for key, parameter in parameters.items()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    missing = {"prompt", "generator"} - parameters.keys()
    other = next((job for key, job in _OTHER_JOBS.items() if key in parameters), None)
    if missing or other or set(needed) - {"self", "prompt"}:
        makes = f"makes {other}" if other else "does not make pictures from text and a seed alone"
        raise InputError(f"generator.model: {spec.model!r} is a {name}, which {makes}; choose a text-to-image model")
    arguments = {field: field for field in ("width", "height")}
    arguments |= {"steps": "num_inference_steps", "guidance": _guidance(parameters)}
    for field, argument in arguments.items():
        if getattr(spec, field) is not None and argument not in parameters:
            raise InputError(f"generator.{field}: {name} has no such setting; leave it out")


def plan_call(spec: GeneratorSpec, pipeline: Pipeline) -> PipelineCall:
    """The call that a spec means for a loaded pipeline; what the spec leaves out becomes the pipeline's default."""
    parameters = _parameters(type(pipeline))
    guidance = _guidance(parameters)
    width, height = _default_size(pipeline)
    asked: dict[str, Any] = {
        "num_inference_steps": spec.steps if spec.steps is not None else _default(parameters, "num_inference_steps"),
        "width": spec.width if spec.width is not None else _default(parameters, "width") or width,
        "height": spec.height if spec.height is not None else _default(parameters, "height") or height,
        guidance: spec.guidance if spec.guidance is not None else _default(parameters, guidance),
        "output_type": "pil",
    }
    arguments = {name: value for name, value in asked.items() if name in parameters and value is not None}
    return PipelineCall(
        steps=arguments.get("num_inference_steps"),
        guidance=arguments.get(guidance),
        width=arguments.get("width"),
        height=arguments.get("height"),
        negative_prompt=spec.negative_prompt and _reads_negative_prompt(parameters),
        batched=all("list" in str(parameters[name].annotation).lower() for name in ("prompt", "generator")),
        arguments=arguments,
    )


def _parameters(pipeline_class: DiffusersClass) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(pipeline_class.__call__).parameters


def _default(parameters: Mapping[str, inspect.Parameter], name: str) -> Any:  # noqa: ANN401 - of any type
    return parameters[name].default if name in parameters else None


def _guidance(parameters: Mapping[str, inspect.Parameter]) -> str:
    """The argument that steers by the prompt: true_cfg_scale for QwenImage; FLUX has that one switched off."""
    if (_default(parameters, "true_cfg_scale") or 0) > 1:
        return "true_cfg_scale"
    return next((name for name in _GUIDANCE if name in parameters), _GUIDANCE[0])


def _reads_negative_prompt(parameters: Mapping[str, inspect.Parameter]) -> bool:
    """FLUX takes one and ignores it while its true_cfg_scale stays at 1."""
    switched_off = "true_cfg_scale" in parameters and _default(parameters, "true_cfg_scale") <= 1
    return "negative_prompt" in parameters and not switched_off


def _default_size(pipeline: Pipeline) -> tuple[int | None, int | None]:
    """Width and height that the pipeline falls back to, in pixels, as most pipelines work it out."""
    denoiser = getattr(pipeline, "transformer", None) or getattr(pipeline, "unet", None)
    config = getattr(denoiser, "config", None)
    sample = getattr(pipeline, "default_sample_size", None) or getattr(config, "sample_size", None)
    scale = getattr(pipeline, "vae_scale_factor", None)
    if sample is None or scale is None:
        return None, None
    height, width = (sample, sample) if isinstance(sample, int) else sample
    return width * scale, height * scale


def _generator(attempt: Attempt) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(attempt.seed)
