import shutil
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from pipeline.errors import InputError
from tests.generators.conftest import make_attempts
from tests.generators.test_diffusion import same


@pytest.fixture(scope="module")
def lora_folder(stable_diffusion, tmp_path_factory):
    """LoRA weights for the tiny UNet, strong enough to be seen."""
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import convert_state_dict_to_diffusers

    torch.manual_seed(1)
    unet = UNet2DConditionModel.from_pretrained(stable_diffusion, subfolder="unet")
    unet.add_adapter(LoraConfig(r=2, init_lora_weights=False, target_modules=["to_q", "to_k", "to_v", "to_out.0"]))
    layers = convert_state_dict_to_diffusers(get_peft_model_state_dict(unet))
    folder = tmp_path_factory.mktemp("lora")
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=layers, safe_serialization=True)
    return folder


def test_lora_weights_change_pictures_by_their_scale(stable_diffusion, lora_folder, load):
    attempts = make_attempts(1)
    plain = load(stable_diffusion).generate(attempts)
    full, again = (load(stable_diffusion, lora=str(lora_folder)) for _ in range(2))
    weak = load(stable_diffusion, lora=str(lora_folder / "pytorch_lora_weights.safetensors"), lora_scale=0.0)
    assert not same(plain, full.generate(attempts))
    assert same(full.generate(attempts), again.generate(attempts))
    assert same(plain, weak.generate(attempts))
    assert full.recipe["lora_revision"] == weak.recipe["lora_revision"] is not None


def test_lora_weights_of_another_family_are_refused(flux, lora_folder, load):
    with pytest.raises(InputError, match=r"generator\.lora: .* does not fit FluxPipeline"):
        load(flux, lora=str(lora_folder))


def test_lora_files_must_be_safetensors_and_unambiguous(stable_diffusion, lora_folder, tmp_path, load):
    (tmp_path / "style.bin").write_bytes(b"pickle")
    with pytest.raises(InputError, match=r"style\.bin' is no safetensors file"):
        load(stable_diffusion, lora=str(tmp_path / "style.bin"))
    with pytest.raises(InputError, match="holds no safetensors file"):
        load(stable_diffusion, lora=str(tmp_path))
    for name in ("one.safetensors", "two.safetensors"):
        shutil.copy(lora_folder / "pytorch_lora_weights.safetensors", tmp_path / name)
    with pytest.raises(InputError, match=r"name one: one\.safetensors, two\.safetensors"):
        load(stable_diffusion, lora=str(tmp_path))
    with pytest.raises(InputError, match=r"no file or folder .*; did you mean 'one\.safetensors'"):
        load(stable_diffusion, lora=str(tmp_path / "ons.safetensors"))


def test_a_scheduler_is_replaced_by_name(stable_diffusion, stable_diffusion_3, load):
    attempts = make_attempts(1)
    for model, name in (
        (stable_diffusion, "LCMScheduler"),
        (stable_diffusion, "UniPCMultistepScheduler"),
        (stable_diffusion_3, "DPMSolverMultistepScheduler"),
    ):
        generator = load(model, scheduler=name)
        assert type(generator.pipeline.scheduler).__name__ == name
        assert not same(generator.generate(attempts), load(model).generate(attempts))
    assert generator.pipeline.scheduler.config.use_flow_sigmas


def test_a_scheduler_that_cannot_sample_the_model_is_refused(stable_diffusion, stable_diffusion_3, load):
    with pytest.raises(InputError, match="no 'EulerDiscretScheduler'; did you mean 'EulerDiscreteScheduler'"):
        load(stable_diffusion, scheduler="EulerDiscretScheduler")
    with pytest.raises(InputError, match="FlowMatchEulerDiscreteScheduler does not fit a model made for DDIMScheduler"):
        load(stable_diffusion, scheduler="FlowMatchEulerDiscreteScheduler")
    with pytest.raises(InputError, match=r"EulerDiscreteScheduler does not fit .*choose of: DPMSolverMultistep"):
        load(stable_diffusion_3, scheduler="EulerDiscreteScheduler")


@pytest.mark.parametrize("family", ["stable_diffusion", "flux"])
def test_native_attention_makes_nearly_the_default_pictures(family, request, load):
    fields = {"width": 64, "height": 64}
    folder, attempts = request.getfixturevalue(family), make_attempts(2)
    native = load(folder, attention="native", **fields).generate(attempts)
    default = load(folder, **fields).generate(attempts)
    assert np.abs(np.stack(native).astype(int) - np.stack(default)).max() <= 2


@pytest.mark.parametrize("attention", ["xformers", "flash", "sage"])
def test_attention_kernels_for_gpus_are_refused_on_the_cpu(attention, stable_diffusion, load):
    with pytest.raises(InputError, match=rf"generator\.attention: '{attention}' runs on CUDA GPUs alone, not on cpu"):
        load(stable_diffusion, attention=attention)


@pytest.mark.parametrize("cache", ["taylorseer", "magcache"])
def test_cached_steps_change_pictures_without_mixing_neighbours(cache, flux, load):
    fields = {"width": 64, "height": 64, "steps": 8}
    attempts = make_attempts(4)
    generator = load(flux, cache=cache, **fields)
    pictures = generator.generate(attempts)
    assert not same(pictures, load(flux, **fields).generate(attempts))
    assert same(generator.generate(attempts[2:3]), pictures[2:3])


def test_the_first_block_cache_runs_one_picture_at_a_time(flux, load):
    fields = {"width": 64, "height": 64, "steps": 4, "cache": "first_block"}
    with pytest.raises(InputError, match=r"depend on its neighbours; set generator\.batch_size to 1"):
        load(flux, **fields)
    assert len(load(flux, batch_size=1, **fields).generate(make_attempts(2))) == 2


def test_caches_are_refused_where_they_do_not_fit(stable_diffusion, load):
    with pytest.raises(InputError, match="the denoiser of StableDiffusionPipeline cannot reuse steps"):
        load(stable_diffusion, cache="taylorseer")


def test_quantization_needs_torchao(flux, load):
    fields = {"width": 64, "height": 64, "quantization": "int8"}
    if find_spec("torchao") is None:
        with pytest.raises(InputError, match="pip install torchao"):
            load(flux, **fields)
    else:
        attempts = make_attempts(1)
        assert not same(load(flux, **fields).generate(attempts), load(flux, width=64, height=64).generate(attempts))


@pytest.mark.parametrize("offload", ["model", "group", "sequential"])
def test_offloading_is_refused_on_the_cpu(offload, stable_diffusion, load):
    with pytest.raises(InputError, match=rf"generator\.offload: '{offload}' is for accelerators"):
        load(stable_diffusion, offload=offload)


def test_devices_that_are_not_here_are_refused(stable_diffusion, load):
    with pytest.raises(InputError, match=r"generator\.device: 'gpu' is no device"):
        load(stable_diffusion, device="gpu")
    absent = "cuda:99" if torch.cuda.is_available() else "cuda"
    with pytest.raises(InputError, match=rf"generator\.device: '{absent}' is not here"):
        load(stable_diffusion, device=absent)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="compiling for the CPU takes half a minute")
def test_a_compiled_denoiser_makes_nearly_the_same_pictures(flux, load):
    fields = {"width": 64, "height": 64, "device": "cuda", "dtype": "float32"}
    attempts = make_attempts(2)
    compiled = load(flux, compile=True, **fields).generate(attempts)
    assert np.abs(np.stack(compiled).astype(int) - np.stack(load(flux, **fields).generate(attempts))).mean() < 2
