"""The main job as a Prefect flow: a task a shard, a progress artifact and a table of what came of it."""

# No `from __future__ import annotations` here: Prefect reads the signature to make the form of its UI.
from dataclasses import asdict
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.artifacts import artifact_key
from pipeline.planning.request import CHANGES, make_request
from pipeline.run.completion import complete, whole
from pipeline.run.dataset_run import DatasetRun, open_run, resume_run
from pipeline.run.outcome import Outcome
from pipeline.store.planfile import PlannedShard

Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]

SHARDS_AT_ONCE = 64
"""Threads that wait for workers; more workers than this need more."""


@flow(
    name="generate-dataset",
    flow_run_name="{spec}",
    description="Expand a demographic grid into prompts, generate, keep whole faces, refill, write balanced Parquet.",
    task_runner=ThreadPoolTaskRunner(max_workers=SHARDS_AT_ONCE),  # type: ignore[arg-type]
    validate_parameters=True,
)
def generate_dataset(
    spec: str = "demo",
    output: str = "",
    engine: Literal["inline"] = "inline",
    model: str = "",
    images_per_cell: Positive | None = None,
    emotions: list[str] = [],
    ethnicities: list[str] = [],
    ages: list[int] = [],
    genders: list[str] = [],
    seed: NotNegative | None = None,
    steps: Positive | None = None,
    guidance: float | None = None,
    batch_size: Positive | None = None,
    detector: Literal["auto", "insightface", "embedded"] | None = None,
    max_attempts: Positive | None = None,
    prompts: str = "",
) -> dict[str, Any]:
    """Makes or goes on with a dataset; a parameter left out is as the spec says.

    Ends as failed, with one line that says why, where the request is wrong or the dataset falls short of its quotas.

    Args:
        spec: A bundled spec (demo, emonet-big) or a YAML file.
        output: Folder or fsspec URL; outputs/NAME where left out.
        engine: Where the workers run.
        model: 'bundled', a Hugging Face hub id, or the folder of a diffusers pipeline.
        images_per_cell: Accepted pictures asked of each cell.
        emotions: Emotions by slug or name.
        ethnicities: Ethnicities of the spec's preset, by slug or name.
        ages: Years, 18 or more.
        genders: Genders of the spec's preset, by slug or name.
        seed: Seed of the whole dataset.
        steps: Denoising steps.
        guidance: Classifier-free guidance scale.
        batch_size: Pictures at once; fixed, since it can change pixels.
        detector: Face detector; auto takes insightface where its model pack is at hand.
        max_attempts: Tries at one slot.
        prompts: Another prompts/ folder than the bundled one.

    Returns:
        The outcome as plain data (pipeline.run.outcome.Outcome).
    """
    options = {name: value for name, value in locals().items() if name in CHANGES}
    request = make_request(spec, output, prompts, options)
    with open_run(request, engine) as run:
        return _complete(run)


@flow(
    name="repair-dataset",
    flow_run_name="{folder}",
    description="Check a dataset against its plan and manifest, and make again exactly what is broken or missing.",
    task_runner=ThreadPoolTaskRunner(max_workers=SHARDS_AT_ONCE),  # type: ignore[arg-type]
)
def repair_dataset(folder: str, engine: Literal["inline"] = "inline") -> dict[str, Any]:
    """Discards the shards that `emonet verify` finds broken, then goes on with the dataset as it was planned.

    Args:
        folder: Folder or fsspec URL of the dataset.
        engine: Where the workers run.

    Returns:
        The outcome as plain data (pipeline.run.outcome.Outcome).
    """
    with resume_run(folder, engine, repair=True) as run:
        return _complete(run)


def _complete(run: DatasetRun) -> dict[str, Any]:
    outcome = _make_shards(run)
    _report(run.folder.name, outcome)
    return whole(outcome).as_dict()


def _make_shards(run: DatasetRun) -> Outcome:
    """A task for each pending shard, whose plan does not pass through Prefect."""
    plans: dict[str, PlannedShard] = {}

    @task(name="make-shard", task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False)
    def make_shard(name: str) -> str:
        record = run.make_shard(plans.pop(name))
        return f"{record.data.rows} pictures from {record.attempts.rows} attempts"

    def submit(shard: PlannedShard) -> PrefectFuture[str]:
        plans[shard.name] = shard
        return make_shard.submit(shard.name)

    artifact = create_progress_artifact(progress=run.percent_done, description=f"{run.folder.name}: pictures accepted")
    progress = cast(UUID, artifact)
    return complete(run, submit, lambda: update_progress_artifact(progress, progress=run.percent_done))


def _report(name: str, outcome: Outcome) -> None:
    """The outcome as artifacts of the flow run, and in its log."""
    key = artifact_key(name, "dataset")
    rows = [asdict(count) for count in outcome.balance]
    create_table_artifact(table=rows, key=f"{key}-balance", description=f"Pictures by level in {outcome.folder}")
    create_markdown_artifact(outcome.as_markdown(), key=f"{key}-outcome", description=f"What came of {outcome.folder}")
    get_run_logger().info(outcome.summary())
