"""Whole diffusers pipelines of tiny parts with random weights: real classes, real files, noise for pictures.

Each function writes one pipeline folder, as `save_pretrained` does, and returns it. Weights follow from a fixed seed.
"""

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AuraFlowPipeline,
    AuraFlowTransformer2DModel,
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

WORDS = ["<unk>", "<s>", "</s>", "a", "man", "woman", "old", "young", "face", "portrait", "of", "anger", "awe", "joy"]
WIDTH = 16
"""Hidden size of every part."""


def save_tiny_stable_diffusion(folder: Path, size: int = 64) -> Path:
    """A StableDiffusionPipeline whose default pictures have `size` pixels a side (a multiple of 8)."""
    torch.manual_seed(0)
    pipeline = StableDiffusionPipeline(
        vae=_vae(scale=8, channels=4),
        text_encoder=_clip(),
        tokenizer=_tokenizer(),
        unet=_unet(size // 8, WIDTH),
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return _save(pipeline, folder)


def save_tiny_stable_diffusion_xl(folder: Path, size: int = 64) -> Path:
    """A StableDiffusionXLPipeline."""
    torch.manual_seed(0)
    time_ids = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8}
    pipeline = StableDiffusionXLPipeline(
        vae=_vae(scale=8, channels=4),
        text_encoder=_clip(),
        text_encoder_2=_clip(projected=True),
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        unet=_unet(size // 8, 2 * WIDTH, projection_class_embeddings_input_dim=6 * 8 + WIDTH, **time_ids),
        scheduler=EulerDiscreteScheduler(),
        add_watermarker=False,
    )
    return _save(pipeline, folder)


def save_tiny_stable_diffusion_3(folder: Path, size: int = 64) -> Path:
    """A StableDiffusion3Pipeline with all of its three text encoders."""
    torch.manual_seed(0)
    transformer = SD3Transformer2DModel(
        sample_size=size // 8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=2 * WIDTH,
        caption_projection_dim=WIDTH,
        pooled_projection_dim=2 * WIDTH,
        pos_embed_max_size=16,
    )
    pipeline = StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(scale=8, channels=4),
        text_encoder=_clip(projected=True),
        tokenizer=_tokenizer(),
        text_encoder_2=_clip(projected=True),
        tokenizer_2=_tokenizer(),
        text_encoder_3=T5EncoderModel(T5Config(**_t5_sizes(2 * WIDTH))),
        tokenizer_3=_tokenizer(),
    )
    return _save(pipeline, folder)


def save_tiny_flux(folder: Path) -> Path:
    """A guidance-distilled FluxPipeline; its default size is FLUX's own 1024 px, so always ask for a size."""
    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        pooled_projection_dim=WIDTH,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    )
    pipeline = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(scale=8, channels=4),
        text_encoder=_clip(),
        tokenizer=_tokenizer(),
        text_encoder_2=T5EncoderModel(T5Config(**_t5_sizes())),
        tokenizer_2=_tokenizer(),
        transformer=transformer,
    )
    return _save(pipeline, folder)


def save_tiny_aura_flow(folder: Path, size: int = 64) -> Path:
    """An AuraFlowPipeline: a transformer that reads a T5 alone."""
    torch.manual_seed(0)
    transformer = AuraFlowTransformer2DModel(
        sample_size=size // 8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_mmdit_layers=1,
        num_single_dit_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        caption_projection_dim=WIDTH,
        pos_embed_max_size=64,
    )
    pipeline = AuraFlowPipeline(
        tokenizer=_tokenizer(),
        text_encoder=UMT5EncoderModel(UMT5Config(**_t5_sizes())),
        vae=_vae(scale=8, channels=4),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )
    return _save(pipeline, folder)


def _save(pipeline: Any, folder: Path) -> Path:
    pipeline.save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    """One token a word, as long as the text encoder reads."""
    words = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("<s>", WORDS.index("<s>")), ("</s>", WORDS.index("</s>"))]
    words.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        unk_token="<unk>",
        model_max_length=16,
    )


def _clip(projected: bool = False) -> CLIPTextModel | CLIPTextModelWithProjection:
    config = CLIPTextConfig(
        vocab_size=len(WORDS),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=16,
        projection_dim=WIDTH,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    return CLIPTextModelWithProjection(config) if projected else CLIPTextModel(config)


def _t5_sizes(width: int = WIDTH) -> dict[str, int]:
    return {"vocab_size": len(WORDS), "d_model": width, "d_kv": 8, "d_ff": WIDTH, "num_layers": 1, "num_heads": 2}


def _unet(sample_size: int, cross_attention_dim: int, **more: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=sample_size,
        in_channels=4,
        out_channels=4,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross_attention_dim,
        attention_head_dim=2,
        norm_num_groups=4,
        **more,
    )


def _vae(scale: int, channels: int) -> AutoencoderKL:
    levels = scale.bit_length()
    return AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels,
        block_out_channels=[8] * levels,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        shift_factor=0.0,
    )
