"""The commands that make and check datasets."""

import json
from dataclasses import asdict
from typing import Any

import click

from pipeline.cli.options import as_json, request_options
from pipeline.cli.server import named_server, use_server
from pipeline.errors import InputError, RunError


@click.command()
@request_options
@click.option("--engine", type=click.Choice(["inline"]), default="inline", show_default=True, help="Where workers run.")
@as_json
def generate(as_json: bool, **parameters: Any) -> None:  # noqa: ANN401 - the flow's parameters
    """Make a dataset, or go on with it.

    SPEC is a YAML file or a bundled spec: demo, every-cell, emonet-big. A flow run where PREFECT_API_URL or Prefect's
    active profile names a server; else no Prefect at all.

    \b
    Examples:
      emonet generate
      emonet generate my-spec.yaml --output s3://bucket/faces --model black-forest-labs/FLUX.1-schnell
    """
    from pipeline.planning.request import make_request
    from pipeline.progress import silent

    request = make_request(parameters["spec"], parameters["output"], parameters["prompts"], parameters)
    silent.set(as_json)
    if server := named_server():
        use_server(server)
        from flows.generate import generate_dataset

        outcome = generate_dataset(**parameters)
    else:
        from pipeline.run.completion import complete_here, whole
        from pipeline.run.dataset_run import open_run

        with open_run(request, parameters["engine"]) as run:
            outcome = whole(complete_here(run)).as_dict()
    click.echo(json.dumps(outcome, indent=2) if as_json else outcome["summary"])


@click.command()
@request_options
@click.option("--time", "measure", is_flag=True, help="Load the model and time one batch for the estimate.")
@as_json
def plan(as_json: bool, measure: bool, **parameters: Any) -> None:  # noqa: ANN401 - as for generate
    """Show what would be made, and the time it takes.

    Cells, quotas, shards, and what is there already.

    \b
    Example:
      emonet plan emonet-big --ages 20,40,60
    """
    from pipeline.planning.request import make_request
    from pipeline.run.forecast import forecast

    request = make_request(parameters["spec"], parameters["output"], parameters["prompts"], parameters)
    result = forecast(request, measure)
    click.echo(json.dumps(asdict(result), indent=2) if as_json else result.as_text())


@click.command()
@click.argument("folder", metavar="DIR")
@click.option("--repair", is_flag=True, help="Make broken shards anew, and nothing else.")
@as_json
def verify(folder: str, repair: bool, as_json: bool) -> None:
    """Check a dataset, and repair it.

    Hashes, rows and labels are held against the plan and the manifest, and quotas against the plan.

    \b
    Example:
      emonet verify outputs/demo --repair
    """
    from pipeline.run.dataset_run import existing_folder
    from pipeline.store.verify import verify as check

    report = check(existing_folder(folder))
    for problem in report.problems:
        click.echo(f"{problem.shard}: {problem.message}", err=True)
    if repair and report.problems:
        _repair(folder, as_json)
        report = check(existing_folder(folder))
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    if report.broken:
        raise InputError(
            f"{folder}: {len(report.broken)} broken shards; `emonet verify {folder} --repair` makes them again"
        )
    if not report.complete:
        missing = report.planned - report.accepted
        raise RunError(
            f"{folder}: whole, and {missing} of {report.planned} pictures short in {len(report.short)} cells; "
            "`emonet generate` goes on with what is planned"
        )
    if not as_json:
        click.echo(f"{folder}: {report.accepted} pictures in {report.shards} shards, complete and as written")


def _repair(folder: str, as_json: bool) -> None:
    """Discards what is broken and makes what is missing."""
    from pipeline.progress import silent

    silent.set(as_json)
    if server := named_server():
        use_server(server)
        from flows.generate import repair_dataset

        repair_dataset(folder)
    else:
        from pipeline.run.completion import complete_here, whole
        from pipeline.run.dataset_run import resume_run

        with resume_run(folder, repair=True) as run:
            whole(complete_here(run))
