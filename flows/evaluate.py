"""Evaluation as a Prefect flow: the report in a folder, and its tables as an artifact."""

# No `from __future__ import annotations` here: Prefect reads the signature to make the form of its UI.
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from flows.artifacts import artifact_key
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.output.page import write_report
from pipeline.evaluation.report import Report


@flow(
    name="evaluate-model",
    flow_run_name="{model} on {target}",
    description="Score a model on labelled pictures: by emotion, by group of people, against people and baselines.",
    validate_parameters=True,
)
def evaluate_model(
    model: str,
    target: str,
    data: str = "",
    mapping: str = "",
    labels: str = "",
    split: str = "",
    baselines: list[str] = [],
    encoder: str = "",
    device: str = "auto",
    output: str = "",
) -> dict[str, Any]:
    """Evaluates a model; figures stand beside random and majority, and by group of people.

    Ends as failed, with one line that says why, where something is missing or wrong.

    Args:
        model: A folder that training made, a hub id, zero-shot:ID of a CLIP or SigLIP model, or a file of scores.
        target: Folder or URL of a dataset; hq or binary; or, with a mapping, a folder of classes or a CSV file.
        data: For hq and binary, the folder of the CSV file and its pictures.
        mapping: Classes of another set, ferplus8, fer7 or a YAML file.
        labels: Labels annotations/NAME of the dataset instead of the requested emotion.
        split: Of the dataset, or all; test where left out and there.
        baselines: More models beside it, named in the same ways.
        encoder: Where the model's encoder is now, if it has moved.
        device: auto, cpu, cuda, cuda:1 or mps.
        output: Folder of report.html, evaluation.json and the PNGs; none where left out.

    Returns:
        Every figure as plain data (pipeline.evaluation.report.Report).
    """
    options = {name: value for name, value in locals().items() if name != "output"}
    report = evaluate(**options)
    page = write_report(report, Path(output)) if output else None
    _publish(report, model, page)
    return report.as_dict()


def _publish(report: Report, model: str, page: Path | None) -> None:
    """The tables as an artifact of the flow run, and where the page is in its log."""
    key = artifact_key(Path(model).stem, "model")
    text = f"```\n{report.as_text()}\n```"
    create_markdown_artifact(text, key=f"{key}-evaluation", description=f"{model} on {report.file}")
    get_run_logger().info(f"report: {page}" if page else report.as_text())
