"""The processes of an `accelerate launch` or `torchrun`; one, where there is no launcher."""

import torch
from accelerate import PartialState

from pipeline.generators.device import choose_device


def processes() -> PartialState:
    """This process among the others, and its device: its own accelerator where there is one."""
    return PartialState(cpu=not torch.accelerator.is_available())


def device_of(name: str) -> torch.device:
    """ "auto" is this process's device; otherwise see `choose_device`. InputError for a device that this machine lacks."""
    if name != "auto":
        return choose_device(name)
    device: torch.device = processes().device
    return device
