"""Tiny whole pipelines, written once a session."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline.attempts.attempt import Attempt
from pipeline.generators.diffusion import DiffusionGenerator, load_generator
from pipeline.planning.spec import GeneratorSpec
from tests import tiny_pipelines


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny tensors are slower on two threads than on one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def stable_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pipelines.save_tiny_stable_diffusion(tmp_path_factory.mktemp("pipelines") / "stable-diffusion")


@pytest.fixture(scope="session")
def stable_diffusion_xl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pipelines.save_tiny_stable_diffusion_xl(tmp_path_factory.mktemp("pipelines") / "xl")


@pytest.fixture(scope="session")
def stable_diffusion_3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pipelines.save_tiny_stable_diffusion_3(tmp_path_factory.mktemp("pipelines") / "sd3")


@pytest.fixture(scope="session")
def flux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pipelines.save_tiny_flux(tmp_path_factory.mktemp("pipelines") / "flux")


@pytest.fixture(scope="session")
def aura_flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pipelines.save_tiny_aura_flow(tmp_path_factory.mktemp("pipelines") / "aura-flow")


@pytest.fixture(scope="session")
def load() -> Callable[..., DiffusionGenerator]:
    """Loads a folder with two steps on the CPU, in batches of four, unless told otherwise."""

    def loader(model: Path | str, **fields: object) -> DiffusionGenerator:
        return load_generator(
            GeneratorSpec(**{"model": str(model), "device": "cpu", "steps": 2, "batch_size": 4, **fields})
        )

    return loader


def make_attempts(count: int, first_seed: int = 1) -> list[Attempt]:
    """Attempts of different prompts and seeds."""
    feelings = ("anger", "awe", "joy")
    return [
        Attempt(f"slot-{seed}", 0, 2**62 + seed, f"portrait of a woman {feelings[seed % 3]}", "old man")
        for seed in range(first_seed, first_seed + count)
    ]
