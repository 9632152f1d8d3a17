"""Put the trained parts together as a diffusers pipeline, in half precision, with hashes and the model card.

Run: ``python -m models.assemble --work outputs/bundled-model --out models/bundled``. The folder is built aside and renamed, so a
reader sees the old pipeline or the new one. Load it with ``DiffusionPipeline.from_pretrained("models/bundled")``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
from torch import nn

from models import networks
from models.checksums import write_checksums
from models.latent import SIZE
from models.wording import build_tokenizer
from pipeline.generators.bundled import BUNDLED, with_bundled_defaults
from pipeline.planning.spec import GeneratorSpec


def pipeline(work: Path) -> tuple[StableDiffusionPipeline, dict[str, int]]:
    """The pipeline of the averaged checkpoints in ``work``, in float32, and the steps each part has been trained for."""
    tokenizer = build_tokenizer()
    text, denoiser, vae = networks.text_encoder(len(tokenizer)), networks.denoiser(), networks.autoencoder()
    parts = {
        "denoiser": (nn.ModuleList([denoiser, text]), "generator"),
        "decoder": (vae.decoder, "decoder"),
        "encoder": (vae.encoder, "encoder"),
    }
    steps = {}
    for name, (network, file) in parts.items():
        state = networks.restore(work / f"{file}.pt")
        if state is None:
            raise SystemExit(f"{work}/{file}.pt is missing: see the recipe in models/README.md")
        steps[name] = state["step"]
        with torch.no_grad():
            for parameter, value in zip(network.parameters(), state["average"], strict=True):
                parameter.copy_(value)
    scheduler = DPMSolverMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, solver_order=2, steps_offset=1
    )
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=denoiser,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return pipe, steps


def write(pipe: StableDiffusionPipeline, steps: dict[str, int], out: Path) -> None:
    """Save ``pipe`` in half precision at ``out``, replacing what is there."""
    aside = out.with_name(f".{out.name}.{os.getpid()}")
    pipe.to(torch.float16)
    pipe.text_encoder.float()  # transformers would load a half-precision encoder as such, next to a float32 denoiser
    pipe.save_pretrained(aside, safe_serialization=True)
    sampling = with_bundled_defaults(GeneratorSpec(model=BUNDLED))
    training = {"size": SIZE, "steps": sampling.steps, "guidance_scale": sampling.guidance, "trained_steps": steps}
    (aside / "training.json").write_text(json.dumps(training, indent=1) + "\n")
    for file in filter(Path.is_file, aside.rglob("*")):
        file.chmod(0o644)
    write_checksums(aside)
    old = out.with_name(f".{out.name}.old.{os.getpid()}")
    if out.exists():
        out.rename(old)
    aside.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    parser.add_argument("--out", type=Path, default=Path("models/bundled"))
    args = parser.parse_args()
    pipe, steps = pipeline(args.work)
    write(pipe, steps, args.out)
    size = sum(p.stat().st_size for p in args.out.rglob("*") if p.is_file())
    print(f"{args.out}: {size / 1e6:.1f} MB, steps {steps}")


if __name__ == "__main__":
    main()
