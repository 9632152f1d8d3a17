"""The shapes of the three networks, and the small things that every training here needs."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from models.latent import CHANNELS, GRID, SIZE
from models.wording import LENGTH

TEXT_WIDTH = 128


def text_encoder(words: int) -> CLIPTextModel:
    """0.3 M parameters: two layers of 128."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=words,
            hidden_size=TEXT_WIDTH,
            intermediate_size=2 * TEXT_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=TEXT_WIDTH,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=2,
        )
    )


def denoiser() -> UNet2DConditionModel:
    """7.3 M parameters on 8 x 8 latents; every level sees the prompt."""
    return UNet2DConditionModel(
        sample_size=GRID,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(96, 160),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
    ).to(memory_format=torch.channels_last)


def autoencoder() -> AutoencoderKL:
    """Latents to 128 px in four doublings, the widths falling with the size (2.0 M parameters), and back (1.3 M)."""
    return AutoencoderKL(
        latent_channels=CHANNELS,
        block_out_channels=(16, 24, 48, 96, 128),
        down_block_types=("DownEncoderBlock2D",) * 5,
        up_block_types=("UpDecoderBlock2D",) * 5,
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=SIZE,
        scaling_factor=1.0,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    ).to(memory_format=torch.channels_last)


class Average:
    """An exponential moving average of parameters, the one that is shipped."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], decay: float) -> None:
        self.live, self.decay, self.steps = list(parameters), decay, 0
        self.kept = [p.detach().clone() for p in self.live]

    @torch.no_grad()
    def update(self) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (20 + self.steps))
        torch._foreach_lerp_(self.kept, [p.detach() for p in self.live], 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the live parameters with the average; call it again to go back."""
        for live, kept in zip(self.live, self.kept, strict=True):
            held = live.detach().clone()
            live.copy_(kept)
            kept.copy_(held)


class Progress:
    """Prints one line now and then: steps, mean loss, rate and minutes left."""

    def __init__(self, name: str, minutes: float, every: float = 30.0) -> None:
        self.name, self.start, self.minutes, self.every = name, time.monotonic(), minutes, every
        self.said, self.losses = self.start, deque[float](maxlen=400)
        self.first: int | None = None

    @property
    def elapsed(self) -> float:
        """Minutes since the start of this run."""
        return (time.monotonic() - self.start) / 60

    def step(self, number: int, loss: float) -> None:
        self.losses.append(loss)
        self.first = number if self.first is None else self.first
        now = time.monotonic()
        if now - self.said >= self.every:
            self.said = now
            rate = (number - self.first + 1) / (now - self.start)
            mean = sum(self.losses) / len(self.losses)
            left = self.minutes - self.elapsed
            print(f"{self.name} step {number} loss {mean:.4f} {rate:.2f} steps/s {left:.1f} min left", flush=True)


def rate(peak: float, step: int, share: float, cooldown: float, least: float) -> float:
    """Learning rate: a warm-up over 200 steps, a plateau, over the last ``cooldown`` of the run a linear fall to ``least``.

    ``share`` is how much of the run is over; all but ``peak`` and ``step`` are shares from 0 to 1.
    """
    fall = 1.0 if share < 1 - cooldown else max(least, (1 - share) / cooldown)
    return peak * min(1.0, (step + 1) / 200) * fall


def prepare(threads: int, seed: int = 0) -> None:
    """Threads, seed and the flags that make small networks fast on a CPU."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    torch.save(state, unfinished)
    unfinished.rename(path)


def restore(path: Path) -> dict[str, Any] | None:
    """The checkpoint at ``path``, if there is one."""
    state: dict[str, Any] | None = torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None
    return state
