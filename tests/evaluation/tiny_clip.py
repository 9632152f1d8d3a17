"""Text-image models of a few thousand random weights, saved as the hub has them."""

import re
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
)

from pipeline.evaluation.sources.zero_shot import PROMPT
from pipeline.planning.vocabulary import load_vocabulary

SIZES = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
LONGEST = 12


def save_tiny_clip(folder: Path) -> Path:
    """A CLIP: scores are a softmax over the emotions."""
    torch.manual_seed(0)
    tokenizer = _tokenizer()
    text = {**SIZES, **_words(tokenizer)}
    config = CLIPConfig(text_config=text, vision_config={**SIZES, "image_size": 16, "patch_size": 8}, projection_dim=8)
    return _save(CLIPModel(config), tokenizer, folder)


def save_tiny_siglip(folder: Path) -> Path:
    """A SigLIP, which has a bias: scores are a sigmoid each."""
    torch.manual_seed(0)
    tokenizer = _tokenizer()
    text = {**SIZES, **_words(tokenizer)}
    config = SiglipConfig(text_config=text, vision_config={**SIZES, "image_size": 16, "patch_size": 8})
    return _save(SiglipModel(config), tokenizer, folder)


def _words(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    return {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": LONGEST,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _tokenizer() -> PreTrainedTokenizerFast:
    said = " ".join([PROMPT, *(word for emotion in load_vocabulary().emotions for word in emotion.descriptors)])
    words = ["<unk>", "<s>", "</s>", *sorted(set(re.findall(r"\w+|[^\w\s]", said.lower())))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )


def _save(model: torch.nn.Module, tokenizer: PreTrainedTokenizerFast, folder: Path) -> Path:
    model.save_pretrained(folder)
    images = CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16})
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder
