from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from pipeline.attempts.attempt import Attempt
from pipeline.errors import InputError, RunError
from pipeline.generators import bundled
from pipeline.generators.diffusion import DiffusionGenerator, load_generator
from pipeline.generators.generator import Generator
from pipeline.planning.spec import GeneratorSpec
from pipeline.resources import bundled_model_dir
from tests.generators.conftest import make_attempts

FAMILIES = ("stable_diffusion", "stable_diffusion_xl", "stable_diffusion_3", "flux", "aura_flow")


def run_out_of_memory_above(generator: DiffusionGenerator, most: int, rows: int = 2, after_steps: int = 0) -> list[int]:
    """Lets the real denoiser raise torch's own error above `most` pictures; returns the sizes it was asked for.

    `rows` is what one picture takes of a denoiser's batch: two with classifier-free guidance. The first `after_steps`
    steps find memory enough.
    """
    asked: list[int] = []

    def refuse(module: torch.nn.Module, args: tuple[torch.Tensor, ...], kwargs: dict[str, torch.Tensor]) -> None:
        sample = args[0] if args else kwargs["hidden_states"]
        asked.append(len(sample) // rows)
        if asked[-1] > most and len(asked) > after_steps:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    pipeline = generator.pipeline
    (getattr(pipeline, "unet", None) or pipeline.transformer).register_forward_pre_hook(refuse, with_kwargs=True)
    return asked


def same(left: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> bool:
    return len(left) == len(right) and all(np.array_equal(one, other) for one, other in zip(left, right, strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_makes_one_picture_an_attempt_that_follows_from_its_seed_whatever_its_neighbours(
    family, request, load
):
    generator: Generator = load(request.getfixturevalue(family), width=64, height=80)
    attempts = make_attempts(5)

    pictures = generator.generate(attempts)

    assert [picture.shape for picture in pictures] == [(80, 64, 3)] * 5
    assert {picture.dtype for picture in pictures} == {np.dtype(np.uint8)}
    assert len({picture.tobytes() for picture in pictures}) == 5
    assert same(generator.generate([attempts[4], attempts[1], attempts[2], attempts[3]]), [pictures[4], *pictures[1:4]])


def test_a_short_batch_has_the_bytes_of_a_full_one(stable_diffusion, load):
    generator = load(stable_diffusion)
    attempts = make_attempts(4)
    full = generator.generate(attempts)
    assert same(generator.generate(attempts[:1]), full[:1])
    assert same(generator.generate(attempts[1:3]), full[1:3])
    assert generator.generate([]) == []


def test_a_second_generator_makes_the_same_pictures(stable_diffusion, load):
    attempts = make_attempts(2)
    assert same(load(stable_diffusion).generate(attempts), load(stable_diffusion).generate(attempts))


def test_size_steps_and_guidance_left_out_are_the_pipelines_own(stable_diffusion, load):
    generator = load(stable_diffusion, steps=None)
    assert (generator.width, generator.height) == (64, 64)
    assert (generator.recipe["steps"], generator.recipe["guidance"]) == (50, 7.5)


def test_guidance_and_steps_change_pictures(stable_diffusion, load):
    attempts = make_attempts(1)
    plain = load(stable_diffusion).generate(attempts)
    assert not same(plain, load(stable_diffusion, guidance=1.5).generate(attempts))
    assert not same(plain, load(stable_diffusion, steps=3).generate(attempts))


def test_negative_prompts_are_passed_where_they_count(stable_diffusion, flux, load):
    one = Attempt("slot", 0, 7, "portrait of a woman", "old man")
    other = Attempt("slot", 0, 7, "portrait of a woman", "young face of joy")

    reads = load(stable_diffusion)
    assert reads.recipe["negative_prompt"] is True
    assert not same(reads.generate([one]), reads.generate([other]))

    ignored = load(stable_diffusion, negative_prompt=False)
    assert same(ignored.generate([one]), ignored.generate([other]))

    distilled = load(flux, width=64, height=64)
    assert distilled.recipe["negative_prompt"] is False
    assert same(distilled.generate([one]), distilled.generate([other]))


def test_the_recipe_says_what_pixels_depend_on(stable_diffusion, load):
    recipe = load(stable_diffusion, scheduler="EulerDiscreteScheduler").recipe
    assert recipe["model"] == str(stable_diffusion)
    assert recipe["pipeline"] == "StableDiffusionPipeline"
    assert recipe["scheduler"] == "EulerDiscreteScheduler"
    assert (recipe["dtype"], recipe["device"], recipe["batch_size"]) == ("float32", "cpu", 4)
    assert recipe["torch"] == torch.__version__
    assert recipe["threads"] == torch.get_num_threads()
    assert not recipe["watermark"]


def test_sdxl_is_not_watermarked_unless_asked(stable_diffusion_xl, load):
    generator = load(stable_diffusion_xl)
    assert generator.pipeline.watermark is None
    assert generator.recipe["watermark"] is False


def test_a_watermark_is_refused_where_it_cannot_be_made(stable_diffusion, stable_diffusion_xl, load):
    with pytest.raises(InputError, match=r"generator\.watermark: StableDiffusionPipeline has none"):
        load(stable_diffusion, watermark=True)
    if find_spec("imwatermark") is None:
        with pytest.raises(InputError, match="pip install invisible-watermark"):
            load(stable_diffusion_xl, watermark=True)


def test_memory_that_runs_out_halves_the_batch_for_good_and_loses_no_attempt(stable_diffusion, load):
    generator = load(stable_diffusion, batch_size=8)
    asked = run_out_of_memory_above(generator, most=2)
    attempts = make_attempts(7)

    pictures = generator.generate(attempts)

    assert asked[:2] == [8, 4]
    assert set(asked[2:]) == {2}
    assert generator.batch_size == 2
    assert generator.recipe["batch_size"] == 2
    assert same(pictures, load(stable_diffusion, batch_size=2).generate(attempts))


def test_memory_that_runs_out_leaves_no_cached_steps_behind(flux, load):
    fields = {"width": 64, "height": 64, "cache": "taylorseer", "steps": 6}
    attempts = make_attempts(3)
    generator = load(flux, **fields)
    run_out_of_memory_above(generator, most=2, rows=1, after_steps=4)
    assert same(generator.generate(attempts), load(flux, batch_size=2, **fields).generate(attempts))


def test_no_memory_for_one_picture_says_what_to_change(stable_diffusion, load):
    generator = load(stable_diffusion, batch_size=2)
    run_out_of_memory_above(generator, most=0)
    with pytest.raises(RunError, match=r"no memory for one picture of 64x64 .*generator\.offload"):
        generator.generate(make_attempts(2))


def test_other_errors_are_not_taken_for_memory(stable_diffusion, load):
    generator = load(stable_diffusion)

    def break_down(module, args):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    generator.pipeline.unet.register_forward_pre_hook(break_down)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        generator.generate(make_attempts(1))
    assert generator.batch_size == 4


def test_a_size_that_a_pipeline_rounds_is_refused(flux, load):
    with pytest.raises(InputError, match=r"generator\.width, height: 72x72 became 64x64"):
        load(flux, width=72, height=72).generate(make_attempts(1))


def test_the_bundled_model_has_its_own_defaults_and_a_spec_overrides_them():
    spec = bundled.with_bundled_defaults(GeneratorSpec(steps=3))
    assert (spec.width, spec.height, spec.steps) == (128, 128, 3)
    assert spec.guidance is not None


@pytest.mark.skipif(not (bundled_model_dir() / "model_index.json").is_file(), reason="the bundled model is not here")
def test_the_bundled_model_loads_by_name():
    generator = load_generator(GeneratorSpec(device="cpu", steps=2, batch_size=1))
    assert generator.generate(make_attempts(1))[0].shape == (128, 128, 3)
    assert generator.recipe["model"] == "bundled"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.accelerator.is_available(), reason="no accelerator")
@pytest.mark.parametrize("offload", ["none", "model", "group", "sequential"])
def test_an_accelerator_makes_the_same_pictures_with_and_without_offloading(stable_diffusion, offload):
    fields = {"model": str(stable_diffusion), "steps": 2, "batch_size": 2}
    attempts = make_attempts(2)
    generator = load_generator(GeneratorSpec(**fields, offload=offload))
    assert generator.recipe["device"] != "cpu"
    assert generator.recipe["dtype"] in ("bfloat16", "float16")
    assert same(generator.generate(attempts), load_generator(GeneratorSpec(**fields)).generate(attempts))
