"""A whole vision encoder of tiny parts with random weights, as a folder: real classes, real files."""

from pathlib import Path

import torch
from transformers import SiglipImageProcessorPil, SiglipVisionConfig, SiglipVisionModel

WIDTH = 32


def save_tiny_encoder(folder: Path, seed: int = 0) -> Path:
    """A SigLIP vision tower for pictures of 32 px, whose pooled output has 32 numbers."""
    torch.manual_seed(seed)
    config = SiglipVisionConfig(
        hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    SiglipVisionModel(config).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder
