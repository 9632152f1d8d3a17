"""The processes of an `accelerate launch` or `torchrun`; one, where there is no launcher."""

import torch
from accelerate import PartialState


def processes() -> PartialState:
    """This process among the others, and its device: its own accelerator where there is one."""
    return PartialState(cpu=not torch.accelerator.is_available())
