"""Any diffusers text-to-image pipeline as a generator."""

import inspect
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
import transformers
from diffusers import DiffusionPipeline
from numpy.typing import NDArray
from safetensors import SafetensorError

from pipeline.attempts.attempt import Attempt
from pipeline.errors import InputError, RunError, brief
from pipeline.generators import options
from pipeline.generators.bundled import BUNDLED, with_bundled_defaults
from pipeline.generators.call import PipelineCall, check_call, plan_call
from pipeline.generators.device import choose_device, choose_dtype, free_memory, is_out_of_memory
from pipeline.generators.lora import LoraFile, check_lora, find_lora, load_lora
from pipeline.generators.scheduler import check_scheduler, make_scheduler
from pipeline.generators.source import ModelSource, Pipeline, fetch_weights, find_model, revision_of
from pipeline.planning.spec import GeneratorSpec

_COMPILER = ("torch._dynamo", "torch._inductor")

Recipe = Mapping[str, str | int | float | bool | None]

# A damaged, foreign or newer folder shows as any of these while it is read.
_LOAD_ERRORS = (OSError, ValueError, TypeError, LookupError, AttributeError, ImportError, RuntimeError, SafetensorError)


class DiffusionGenerator:
    """Makes pictures with one loaded pipeline; see pipeline.generators.generator.Generator for the promises."""

    def __init__(
        self, pipeline: Pipeline, call: PipelineCall, batch_size: int, recipe: Recipe, device: torch.device
    ) -> None:
        """Use `load_generator`. `recipe` holds what the pixels depend on, without the batch size."""
        self._pipeline = pipeline
        self._call = call
        self._batch_size = batch_size
        self._recipe = recipe
        self._device = device

    @property
    def pipeline(self) -> Pipeline:
        """The diffusers pipeline itself."""
        return self._pipeline

    @property
    def batch_size(self) -> int:
        """Attempts that run at once; halved for good each time that memory runs out."""
        return self._batch_size

    @property
    def width(self) -> int | None:
        """Pixels; None where the pipeline keeps its default to itself."""
        return self._call.width

    @property
    def height(self) -> int | None:
        """Pixels; None where the pipeline keeps its default to itself."""
        return self._call.height

    @property
    def recipe(self) -> Recipe:
        """What the pixels depend on besides prompt and seed, batch size included."""
        return {**self._recipe, "batch_size": self._batch_size}

    def generate(self, attempts: Sequence[Attempt]) -> list[NDArray[np.uint8]]:
        """One RGB picture of shape (height, width, 3) for each attempt, in their order.

        Each batch has exactly `batch_size` attempts: a short one repeats its last attempt, and the surplus is dropped.
        Where memory runs out, the same attempts are tried again in batches of half the size. Raises RunError where one
        picture alone does not fit, and InputError where the pipeline refuses size or steps or cannot be compiled.
        """
        pictures: list[NDArray[np.uint8]] = []
        while len(pictures) < len(attempts):
            no_memory = None
            try:
                pictures += self._run(attempts[len(pictures) : len(pictures) + self._batch_size])
            except RuntimeError as error:
                if type(error).__module__.startswith(_COMPILER):
                    raise InputError(f"generator.compile: torch cannot compile this model ({brief(error)})") from error
                if not is_out_of_memory(error):
                    raise
                no_memory = brief(error)
            if no_memory:  # once the error is gone, whose traceback keeps the batch's tensors alive
                self._halve(no_memory)
        return pictures

    def _run(self, batch: Sequence[Attempt]) -> list[NDArray[np.uint8]]:
        missing = self._batch_size - len(batch) if self._call.batched else 0
        with torch.inference_mode():
            return self._call.run(self._pipeline, [*batch, *[batch[-1]] * missing])[: len(batch)]

    def _halve(self, problem: str) -> None:
        self._pipeline.maybe_free_model_hooks()  # the call that broke off has left offloaded weights and caches behind
        free_memory(self._device)
        if self._batch_size == 1:
            raise RunError(
                f"{self._device.type} has no memory for one picture of {self.width}x{self.height} ({problem}); set "
                "generator.offload to model or group, generator.dtype to bfloat16, or a smaller width and height"
            )
        self._batch_size //= 2


def load_generator(spec: GeneratorSpec) -> DiffusionGenerator:
    """Loads the pipeline that a spec names, with its options, onto its device.

    Raises InputError, before any weights are read wherever that can be known, for a model that is not there or is no
    text-to-image pipeline, and for an option that pipeline or machine cannot have; RunError where memory runs out.
    """
    _quieten()
    if spec.model == BUNDLED:
        spec = with_bundled_defaults(spec)
    device = choose_device(spec.device, "generator.device")
    dtype = choose_dtype(spec.dtype, device)
    source = find_model(spec)
    check_call(spec, source.pipeline_class)
    if spec.scheduler is not None:
        check_scheduler(spec.scheduler, source)
    options.check_options(spec, source, device, dtype)
    lora = _find_lora(spec, source)
    folder = fetch_weights(source, spec.variant)
    try:
        pipeline = _load_pipeline(spec, source, folder, dtype)
        call = _set_up(spec, source, pipeline, lora, device, dtype)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise RunError(
            f"{spec.model!r} does not fit into the memory of {device.type} ({brief(error)}); set generator.offload to "
            "model or group, generator.dtype to bfloat16, or generator.quantization to int8"
        ) from error
    recipe = _recipe(spec, pipeline, call, revision_of(source, folder), lora, device, dtype)
    return DiffusionGenerator(pipeline, call, spec.batch_size, recipe, device)


def _quieten() -> None:
    """A dataset has its own progress; what the libraries draw and advise would bury it."""
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _find_lora(spec: GeneratorSpec, source: ModelSource) -> LoraFile | None:
    if spec.lora is None:
        return None
    check_lora(spec.lora, source.pipeline_class)
    return find_lora(spec.lora)


def _load_pipeline(spec: GeneratorSpec, source: ModelSource, folder: Path, dtype: torch.dtype) -> Pipeline:
    taken = inspect.signature(source.pipeline_class.__init__).parameters
    extra: dict[str, Any] = {
        part: None for part in source.absent if part in taken
    }  # else Stable Diffusion 3 wants them
    if options.takes_watermark(source):
        extra["add_watermarker"] = spec.watermark
    if spec.scheduler is not None:
        extra["scheduler"] = make_scheduler(spec.scheduler, source, folder)
    if spec.quantization != "none" and source.denoiser is not None:
        extra["quantization_config"] = options.quantization_config(spec, source.denoiser)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # diffusers renamed torch_dtype, and older releases know no other name
            pipeline = DiffusionPipeline.from_pretrained(
                folder, torch_dtype=dtype, variant=spec.variant, use_safetensors=True, **extra
            )
    except _LOAD_ERRORS as error:
        if isinstance(error, RuntimeError) and is_out_of_memory(error):
            raise
        raise InputError(f"generator.model: {spec.model!r} cannot be loaded ({brief(error)})") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _set_up(
    spec: GeneratorSpec,
    source: ModelSource,
    pipeline: Pipeline,
    lora: LoraFile | None,
    device: torch.device,
    dtype: torch.dtype,
) -> PipelineCall:
    """Applies the options in the order that they build on each other."""
    denoiser = getattr(pipeline, source.denoiser) if source.denoiser else None
    if lora is not None:
        load_lora(pipeline, lora, spec.lora_scale)
    options.set_attention(pipeline, denoiser, spec.attention)
    call = plan_call(spec, pipeline)
    options.place(pipeline, spec.offload, device)
    if spec.cache != "none":
        options.enable_cache(denoiser, spec.cache, call.steps or 1, dtype)
    if spec.compile:
        options.compile_denoiser(denoiser)
    return call


def _recipe(
    spec: GeneratorSpec,
    pipeline: Pipeline,
    call: PipelineCall,
    revision: str,
    lora: LoraFile | None,
    device: torch.device,
    dtype: torch.dtype,
) -> Recipe:
    scheduler = getattr(pipeline, "scheduler", None)
    return {
        "model": spec.model,
        "revision": revision,
        "variant": spec.variant,
        "pipeline": type(pipeline).__name__,
        "scheduler": type(scheduler).__name__ if scheduler is not None else None,
        "dtype": str(dtype).removeprefix("torch."),
        "device": device.type,
        "width": call.width,
        "height": call.height,
        "steps": call.steps,
        "guidance": call.guidance,
        "negative_prompt": call.negative_prompt,
        "lora": spec.lora,
        "lora_revision": lora.revision if lora is not None else None,
        "lora_scale": spec.lora_scale if lora is not None else None,
        "attention": spec.attention,
        "compile": spec.compile,
        "quantization": spec.quantization,
        "cache": spec.cache,
        "offload": spec.offload,
        "watermark": getattr(pipeline, "watermark", None) is not None,
        "torch": str(torch.__version__),
        "diffusers": str(diffusers.__version__),
        "transformers": str(transformers.__version__),
        "threads": torch.get_num_threads(),
    }
