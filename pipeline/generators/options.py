"""What a spec may change about a pipeline: attention, compile, quantization, caching, offloading.

`check_options` refuses what cannot work before any weights are read; the other functions apply one option each.
"""

import inspect
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import diffusers
import torch
from diffusers.models.cache_utils import CacheMixin

from pipeline.errors import InputError, brief
from pipeline.generators.source import Model, ModelSource, Pipeline
from pipeline.planning.spec import GeneratorSpec

_ATTENTION_PACKAGES = {"flash": "flash-attn", "sage": "sageattention", "xformers": "xformers"}
_HALF = (torch.float16, torch.bfloat16)
_TORCHAO = {"int8": "Int8WeightOnlyConfig", "int4": "Int4WeightOnlyConfig", "float8": "Float8WeightOnlyConfig"}


def check_options(spec: GeneratorSpec, source: ModelSource, device: torch.device, dtype: torch.dtype) -> None:
    """InputError for the first option that this pipeline, device or machine cannot have."""
    if spec.offload != "none" and device.type == "cpu":
        raise InputError(f"generator.offload: {spec.offload!r} is for accelerators, and the device is cpu; use none")
    wanted = {"quantization": spec.quantization != "none", "cache": spec.cache != "none", "compile": spec.compile}
    for field in wanted:
        if wanted[field] and source.denoiser is None:
            raise InputError(f"generator.{field}: {_class_name(source)} has neither transformer nor unet; leave it out")
    if spec.watermark:
        _check_watermark(source)
    _check_attention(spec.attention, source, device, dtype)
    _check_quantization(spec.quantization, device)
    _check_cache(spec, source)


def takes_watermark(source: ModelSource) -> bool:
    """Whether the pipeline can mark its pictures, as SDXL's family does by itself unless it is told."""
    return "add_watermarker" in inspect.signature(source.pipeline_class.__init__).parameters


def quantization_config(spec: GeneratorSpec, denoiser: str) -> diffusers.PipelineQuantizationConfig:
    """A PipelineQuantizationConfig that stores the denoiser's weights in fewer bits."""
    import torchao.quantization

    weights = getattr(torchao.quantization, _TORCHAO[spec.quantization])()
    return diffusers.PipelineQuantizationConfig(quant_mapping={denoiser: diffusers.TorchAoConfig(weights)})


def set_attention(pipeline: Pipeline, denoiser: Model, name: str) -> None:
    """Chooses who computes attention in the denoiser; "default" leaves the pipeline as it is."""
    if name == "default":
        return
    try:
        if _has_switchable_attention(denoiser):
            denoiser.set_attention_backend(name)
        elif name == "xformers":
            pipeline.enable_xformers_memory_efficient_attention()
        elif name != "native":  # torch's own attention is what every other denoiser runs anyway
            raise ValueError(f"{type(denoiser).__name__} cannot change its attention")
    except (RuntimeError, ValueError, ImportError) as error:
        raise InputError(f"generator.attention: {name!r} does not work here ({brief(error)}); use native") from error


def compile_denoiser(denoiser: Model) -> None:
    """Compiles the blocks that repeat, which is quick, or else the whole model; the work happens in the first batch."""
    if getattr(denoiser, "_repeated_blocks", None):
        denoiser.compile_repeated_blocks()
    else:
        denoiser.compile()


def enable_cache(denoiser: Model, name: str, steps: int, dtype: torch.dtype) -> None:
    """Lets the denoiser reuse work of earlier steps."""
    configs: dict[str, Callable[[], Any]] = {
        "first_block": lambda: diffusers.FirstBlockCacheConfig(),
        "taylorseer": lambda: diffusers.TaylorSeerCacheConfig(taylor_factors_dtype=dtype),
        "magcache": lambda: diffusers.MagCacheConfig(mag_ratios=_flux_ratios(), num_inference_steps=steps),
    }
    try:
        denoiser.enable_cache(configs[name]())
    except (ValueError, AttributeError) as error:
        raise InputError(
            f"generator.cache: {name!r} does not fit {type(denoiser).__name__} ({brief(error)})"
        ) from error


def place(pipeline: Pipeline, offload: str, device: torch.device) -> None:
    """Moves the pipeline to the device, or leaves its weights in RAM and brings them over as they are needed."""
    try:
        if offload == "model":
            pipeline.enable_model_cpu_offload(device=device)
        elif offload == "sequential":
            pipeline.enable_sequential_cpu_offload(device=device)
        elif offload == "group":
            pipeline.enable_group_offload(device, offload_type="leaf_level", use_stream=device.type == "cuda")
        else:
            pipeline.to(device)
    except (ValueError, ImportError, NotImplementedError) as error:
        name = type(pipeline).__name__
        raise InputError(f"generator.offload: {offload!r} does not work with {name} ({brief(error)})") from error


def _check_watermark(source: ModelSource) -> None:
    if not takes_watermark(source):
        raise InputError(f"generator.watermark: {_class_name(source)} has none; only SDXL's family does")
    if find_spec("imwatermark") is None:
        raise InputError("generator.watermark: it needs a package; type: pip install invisible-watermark")


def _check_attention(name: str, source: ModelSource, device: torch.device, dtype: torch.dtype) -> None:
    if name not in _ATTENTION_PACKAGES:
        return
    package = _ATTENTION_PACKAGES[name]
    if device.type != "cuda":
        raise InputError(f"generator.attention: {name!r} runs on CUDA GPUs alone, not on {device.type}; use native")
    if find_spec(package.replace("-", "_")) is None:
        raise InputError(f"generator.attention: {name!r} needs a package; type: pip install {package}, or use native")
    if name != "xformers" and dtype not in _HALF:
        raise InputError(f"generator.attention: {name!r} wants generator.dtype float16 or bfloat16, not {dtype}")
    if name != "xformers" and source.denoiser == "unet":
        raise InputError(
            f"generator.attention: the UNet of {_class_name(source)} runs native or xformers, not {name!r}"
        )


def _check_quantization(name: str, device: torch.device) -> None:
    if name == "none":
        return
    if find_spec("torchao") is None:
        raise InputError(f"generator.quantization: {name!r} needs torchao; type: pip install torchao, or use none")
    if name != "int8" and device.type != "cuda":
        raise InputError(f"generator.quantization: {name!r} runs on CUDA GPUs alone, not on {device.type}; use int8")


def _check_cache(spec: GeneratorSpec, source: ModelSource) -> None:
    if spec.cache == "none":
        return
    denoiser = source.class_of(source.denoiser)
    if denoiser is None or not issubclass(denoiser, CacheMixin):
        raise InputError(f"generator.cache: the denoiser of {_class_name(source)} cannot reuse steps; use none")
    if spec.cache == "first_block" and spec.batch_size > 1:
        raise InputError(
            "generator.cache: first_block decides for a whole batch at once, so that a picture would depend on its "
            "neighbours; set generator.batch_size to 1, or use taylorseer"
        )
    if spec.cache == "magcache" and not denoiser.__name__.startswith("FluxTransformer"):
        raise InputError(
            f"generator.cache: magcache has ratios for FLUX.1 alone, not {denoiser.__name__}; use taylorseer"
        )


def _has_switchable_attention(denoiser: Model) -> bool:
    return hasattr(denoiser, "set_attention_backend") and any(
        hasattr(getattr(module, "processor", None), "_attention_backend") for module in denoiser.modules()
    )


def _flux_ratios() -> torch.Tensor:
    from diffusers.hooks.mag_cache import FLUX_MAG_RATIOS

    ratios: torch.Tensor = FLUX_MAG_RATIOS
    return ratios


def _class_name(source: ModelSource) -> str:
    return str(source.pipeline_class.__name__)
