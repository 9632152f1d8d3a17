"""The shipped pipeline: whole, small, loadable without our code, and moved by the prompt."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import models

BUNDLED = Path(models.__file__).parent / "bundled"
pytestmark = pytest.mark.skipif(
    not (BUNDLED / "model_index.json").exists(), reason="models/bundled has not been trained yet"
)


@pytest.fixture(scope="module")
def pipe():
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(BUNDLED)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def picture(pipe, prompt: str, negative: str | None = None, seed: int = 1) -> np.ndarray:
    import torch

    generator = torch.Generator().manual_seed(seed)
    options = {"negative_prompt": negative, "num_inference_steps": 8, "guidance_scale": 3.5, "generator": generator}
    return np.asarray(pipe(prompt, **options).images[0], float)


def test_every_file_has_the_hash_that_sha256sums_says() -> None:
    lines = (BUNDLED / "SHA256SUMS").read_text().splitlines()
    said = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {p.relative_to(BUNDLED).as_posix(): p for p in BUNDLED.rglob("*") if p.is_file() and p.name != "SHA256SUMS"}
    assert set(said) == set(found)
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == said[name] for name, path in found.items())


def test_the_folder_stays_below_24_megabytes() -> None:
    assert sum(p.stat().st_size for p in BUNDLED.rglob("*") if p.is_file()) < 24e6


def test_it_makes_128_pixel_pictures_that_differ_with_the_words_and_not_with_the_day(pipe) -> None:
    first = picture(pipe, "a photo of a 40-year-old Black woman, amusement")
    assert first.shape == (128, 128, 3)
    assert np.array_equal(first, picture(pipe, "a photo of a 40-year-old Black woman, amusement"))
    for other in (
        "40-year-old White woman, amusement",
        "40-year-old Black woman, anger",
        "80-year-old Black man, amusement",
    ):
        assert np.abs(first - picture(pipe, f"a photo of a {other}")).mean() > 2, other


def test_skin_follows_the_words(pipe) -> None:
    dark, light = (
        picture(pipe, f"portrait of a 30-year-old {e} man, calmness")[56:72, 40:88] for e in ("Black", "White")
    )
    assert light.mean() > dark.mean() + 25


def test_the_products_negative_prompt_does_no_harm(pipe) -> None:
    from pipeline.planning.vocabulary import load_vocabulary

    negative = load_vocabulary().templates["portrait"].negative
    prompt = "Portrait photo of a 60-year-old East Asian woman, relief, full face, looking into the camera"
    assert np.abs(picture(pipe, prompt) - picture(pipe, prompt, negative)).mean() < 20


def test_the_tokenizer_knows_every_word_that_the_prompts_can_hold(pipe) -> None:
    from models.wording import words

    ids = pipe.tokenizer(words(), add_special_tokens=False).input_ids
    assert all(len(row) == 1 and row[0] != pipe.tokenizer.unk_token_id for row in ids)
