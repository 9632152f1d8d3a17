"""The measures behind the gates: shares, the judge's accuracy, visibility, diversity, speed."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from models.faces import CUT, cut
from models.judge import Judge
from models.occluders import OCCLUDERS
from models.samples import AXES, FirstTry, Labelled, Pictures
from pipeline.faces.face import FaceDetector
from pipeline.faces.judge import FaceJudge
from pipeline.generators.bundled import BUNDLED, with_bundled_defaults
from pipeline.planning.spec import GeneratorSpec
from pipeline.resources import bundled_model_dir

PROMPTS = ["Portrait photo of a 40-year-old Latino woman, elation, full face"] * 16


def share(answers: Iterable[bool]) -> float:
    """Of true answers; nan of none."""
    return float(np.mean(list(answers) or [np.nan]))


def shares_by_level(tries: Sequence[FirstTry], axis: str, good: Callable[[FirstTry], bool]) -> dict[str, float]:
    """Level of ``axis`` -> share of good first attempts."""
    found = defaultdict(list)
    for one in tries:
        found[one.cell[axis]].append(good(one))
    return {level: share(answers) for level, answers in found.items()}


def right_answers(judge: Judge, shown: Labelled) -> dict[str, npt.NDArray[np.bool_]]:
    """Axis -> whether the judge's first choice is the level, picture by picture."""
    read, _ = judge.read(shown.pictures)
    found = {}
    for axis in AXES:
        chosen = np.array(judge.levels[axis])[read[axis].argmax(1)]
        found[axis] = chosen == np.array(shown.levels[axis])
    return found


def within_a_decade(judge: Judge, shown: Labelled) -> float:
    """Share of pictures whose age the judge puts at most one decade off."""
    read, _ = judge.read(shown.pictures)
    chosen = np.array(judge.levels["age"])[read["age"].argmax(1)].astype(int)
    return share(np.abs(chosen - np.array(shown.levels["age"]).astype(int)) <= 10)


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often the full verdict, and the visibility threshold alone, refuse each kind of picture; ``""`` is untouched."""

    verdict: dict[str, float]
    visibility: dict[str, float]
    counts: dict[str, int]


def refusals(face_judge: FaceJudge, detector: FaceDetector, pictures: Pictures, each: int = 1) -> Refusals:
    """Untouched pictures, and the same with every kind of occluder in front of the face or cut by the frame.

    ``each`` kinds are drawn on one picture, in turn. Where no face is found, visibility counts as refused.
    """
    rng, kinds = np.random.default_rng(0), [*OCCLUDERS, CUT]
    verdicts, visibilities = defaultdict(list), defaultdict(list)
    for number, picture in enumerate(pictures):
        shown = {"": picture}
        faces = detector.detect(picture)
        for kind in (kinds[(number * each + i) % len(kinds)] for i in range(each if faces else 0)):
            shown[kind] = cut(picture, faces[0], rng) if kind == CUT else OCCLUDERS[kind](picture, faces[0], rng)
        for kind, seen in shown.items():
            verdict = face_judge.judge(seen)
            verdicts[kind].append(not verdict.accepted)
            visibilities[kind].append((verdict.scores.visibility or 0.0) < face_judge.spec.min_visibility)
    return Refusals(
        {kind: share(answers) for kind, answers in verdicts.items()},
        {kind: share(answers) for kind, answers in visibilities.items()},
        {kind: len(answers) for kind, answers in verdicts.items()},
    )


def spread(judge: Judge, shown: Labelled) -> dict[str, float]:
    """Mean distance between two pictures of one cell, over all cells, in three ways of seeing.

    colour: root mean square difference of 16 x 16 thumbnails (0 to 255). form: of 48 x 48 grey pictures, each shifted and scaled
    to mean 0 and deviation 1. judge: of the judge's embeddings.
    """
    small = np.stack(
        [np.asarray(Image.fromarray(p).resize((16, 16), Image.Resampling.BOX), float) for p in shown.pictures]
    )
    grey = np.stack([np.asarray(Image.fromarray(p).convert("L").resize((48, 48)), float) for p in shown.pictures])
    grey = (grey - grey.mean((1, 2), keepdims=True)) / (grey.std((1, 2), keepdims=True) + 1e-6)
    _, embedding = judge.read(shown.pictures)
    seen = {"colour": small, "form": grey, "judge": embedding}
    return {name: _within_cells(values.reshape(len(values), -1), shown) for name, values in seen.items()}


def _within_cells(values: npt.NDArray, shown: Labelled) -> float:
    distances = []
    for rows in shown.cells().values():
        own = values[rows]
        apart = np.sqrt(((own[:, None] - own[None]) ** 2).mean(-1))
        distances.append(apart[np.triu_indices(len(rows), 1)].mean())
    return float(np.mean(distances))


def seconds_a_picture(threads: int = 2) -> float:
    """Wall-clock seconds for one picture in batches of 16 on ``threads`` cores: the best of three batches."""
    torch.set_num_threads(threads)
    pipe = DiffusionPipeline.from_pretrained(bundled_model_dir())
    pipe.set_progress_bar_config(disable=True)
    sampling = with_bundled_defaults(GeneratorSpec(model=BUNDLED))
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        pipe(PROMPTS, num_inference_steps=sampling.steps, guidance_scale=sampling.guidance)
        taken.append((time.perf_counter() - start) / len(PROMPTS))
    return min(taken)
