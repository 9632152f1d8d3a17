"""The shipped judge, and what it says of the shipped generator: that a prompt's words change the picture as they should."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import models
from models.judge import Judge

READERS = Path(models.__file__).parent / "readers"
PEOPLE = {"black": "Black", "east-asian": "East Asian", "white": "White", "south-asian": "South Asian"}
EMOTIONS = ("amusement", "anger", "sadness", "fear", "surprise", "pain")
SEEDS = 2


@pytest.fixture(scope="module")
def read():
    """The judge's reading of 48 pictures, and their prompts' labels: ethnicity, gender, emotion, age."""
    import torch
    from diffusers import DiffusionPipeline

    from models.wording import descriptors

    pipe = DiffusionPipeline.from_pretrained(READERS.parent / "bundled")
    pipe.set_progress_bar_config(disable=True)
    asked = [
        (level, "woman" if number % 2 else "man", emotion, 30 if number % 3 else 80)
        for number, (level, emotion) in enumerate([(a, b) for a in PEOPLE for b in EMOTIONS] * SEEDS)
    ]
    prompts = [f"portrait of a {age}-year-old {PEOPLE[level]} {gender}, {descriptors()[emotion][0]}"
               for level, gender, emotion, age in asked]  # fmt: skip
    generators = [torch.Generator().manual_seed(number) for number in range(len(prompts))]
    pictures = pipe(prompts, num_inference_steps=10, guidance_scale=2.5, generator=generators).images
    judge = Judge()
    levels, _ = judge.read([np.asarray(picture) for picture in pictures])
    chosen = {axis: np.array(judge.levels[axis])[levels[axis].argmax(1)] for axis in judge.levels}
    return chosen, np.array(asked)


def test_every_file_has_the_hash_that_sha256sums_says() -> None:
    said = dict(reversed(line.split("  ")) for line in (READERS / "SHA256SUMS").read_text().splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in READERS.glob("*.onnx")}
    assert said == found
    assert set(found) == {"judge.onnx", "probe.onnx"}


def test_generator_and_readers_stay_below_30_megabytes() -> None:
    folders = (READERS, READERS.parent / "bundled")
    assert sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()) < 30e6


@pytest.mark.parametrize(("axis", "column", "least"), [("ethnicity", 0, 0.8), ("gender", 1, 0.9), ("emotion", 2, 0.7)])
def test_pictures_show_what_the_words_say(read, axis, column, least) -> None:
    chosen, asked = read
    assert (chosen[axis] == asked[:, column]).mean() >= least


def test_the_old_look_older(read) -> None:
    chosen, asked = read
    ages, old = chosen["age"].astype(int), asked[:, 3] == "80"
    assert ages[old].mean() > ages[~old].mean() + 25
