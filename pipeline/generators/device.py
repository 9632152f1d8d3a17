"""Which device and number format a generator runs on, and what running out of memory looks like."""

import gc

import torch
from diffusers.utils.torch_utils import empty_device_cache

from pipeline.errors import InputError

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def choose_device(name: str, option: str = "device") -> torch.device:
    """ "auto" is torch's own accelerator (CUDA, ROCm, MPS, XPU) where there is one, else the CPU.

    InputError, which begins with the user's `option`, for a name that torch does not know and for a device that this
    machine lacks.
    """
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if name == "auto":
        return accelerator or torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"{option}: {name!r} is no device; use auto, cpu, cuda, cuda:1 or mps") from None
    if device.type == "cpu":
        return device
    if accelerator is None or device.type != accelerator.type:
        has = "the CPU alone" if accelerator is None else f"the CPU and {accelerator.type}"
        raise InputError(f"{option}: {name!r} is not here; torch {torch.__version__} sees {has}, so use auto")
    if device.index is not None and device.index >= (count := torch.accelerator.device_count()):
        raise InputError(f"{option}: {name!r} is not here; this machine has {count}, counted from 0")
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """ "auto" is float32 on the CPU, bfloat16 on an accelerator, and float16 where that has no bfloat16."""
    if name != "auto":
        dtype = getattr(torch, name)
        assert isinstance(dtype, torch.dtype)
        return dtype
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    try:
        torch.zeros(1, dtype=torch.bfloat16, device=device)
    except (RuntimeError, TypeError):
        return torch.float16
    return torch.bfloat16


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error says that a device, or the machine, has no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error).lower() for words in _NO_MEMORY)


def free_memory(device: torch.device) -> None:
    """Gives back what a failed call has left behind."""
    gc.collect()
    if device.type != "cpu":
        empty_device_cache(device.type)
