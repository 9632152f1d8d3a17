"""Training as a Prefect flow: one task, a progress artifact, and the model's card and figures."""

# No `from __future__ import annotations` here: Prefect reads the signature to make the form of its UI.
from pathlib import Path
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
from pydantic import Field

from flows.artifacts import artifact_key
from pipeline.training.fit import Epoch
from pipeline.training.outcome import outcome_text
from pipeline.training.train import TrainRequest, make_train_request, train

Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


@flow(
    name="train-model",
    flow_run_name="{dataset}",
    description="Embed a dataset's faces with a frozen encoder and train forty emotion heads on its labels at once.",
    validate_parameters=True,
)
def train_model(
    dataset: str,
    labels: str = "requested",
    encoder: str = "",
    heads: Literal["small", "large"] | None = None,
    init: str = "",
    output: str = "",
    face_crop: bool = False,
    device: str = "auto",
    epochs: Positive | None = None,
    batch_size: Positive | None = None,
    learning_rate: Annotated[float, Field(gt=0)] | None = None,
    patience: Positive | None = None,
    validation: Share | None = None,
    seed: NotNegative | None = None,
) -> dict[str, Any]:
    """Trains or goes on with a model; the same parameters resume where an earlier run stopped.

    Ends as failed, with one line that says why, where the request cannot be met.

    Args:
        dataset: Folder or URL of a dataset, or a folder of picture files.
        labels: 'requested', a folder of the dataset's annotations, or EmoNet-Face's binary.csv or hq.csv.
        encoder: Hub id or folder of a vision model, or 'bundled'; SigLIP2 where left out.
        heads: Size of the heads, small (the default) or large.
        init: A model to fine-tune, such as one pre-trained on other labels or laion/Empathic-Insight-Face-Small.
        output: Folder of the model; outputs/models/NAME where left out.
        face_crop: Show the encoder the face alone.
        device: auto, cpu, cuda, cuda:1 or mps.
        epochs: Passes over the pictures at most.
        batch_size: Pictures a step.
        learning_rate: Of AdamW.
        patience: Epochs without improvement after which a head stops.
        validation: Share of the train split held out to stop on.
        seed: Of weights, order and dropout.

    Returns:
        The outcome as plain data (pipeline.training.outcome.TrainOutcome).
    """
    options = {name: value for name, value in locals().items() if name != "dataset"}
    outcome = _train(make_train_request(dataset, options))
    _report(outcome)
    return outcome


@task(name="train", cache_policy=NO_CACHE, persist_result=False)
def _train(request: TrainRequest) -> dict[str, Any]:
    progress = cast(UUID, create_progress_artifact(progress=0.0, description=f"{request.dataset}: epochs"))

    def after(epoch: Epoch, most: int) -> None:
        update_progress_artifact(progress, progress=100 * epoch.number / most)

    outcome = train(request, after)
    update_progress_artifact(progress, progress=100.0)
    assert outcome is not None  # a flow is one process
    return outcome


def _report(outcome: dict[str, Any]) -> None:
    """Figures and card as artifacts of the flow run, and the summary in its log."""
    folder = Path(outcome["output"])
    key = artifact_key(folder.name, "model")
    rows = [{"part": part["part"], **one} for part in outcome["measures"] for one in part["emotions"]]
    create_table_artifact(table=rows, key=f"{key}-measures", description=f"Scores against labels in {folder}")
    create_markdown_artifact((folder / "README.md").read_text(encoding="utf-8"), key=f"{key}-card")
    get_run_logger().info(outcome_text(outcome))
