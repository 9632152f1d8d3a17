"""The `emonet` command. Thin: it reads options, calls the library or a flow, and turns errors into one line."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipeline.errors import InputError, RunError

FELL_SHORT, BAD_INPUT, INTERRUPTED = 1, 2, 130

Command = Callable[..., Any]


class _Emonet(click.Group):
    """Ends every command with one line and an exit code instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except InputError as error:
            click.echo(f"emonet: {error}", err=True)
            ctx.exit(BAD_INPUT)
        except RunError as error:
            click.echo(f"emonet: {error}", err=True)
            ctx.exit(FELL_SHORT)
        except (KeyboardInterrupt, click.Abort):
            click.echo("emonet: interrupted; the same command goes on where this one stopped", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Emonet, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="emonet-face-big")
def main() -> None:
    """Exact, balanced, audited sets of synthetic faces: demographics x 40 emotions."""


def _names(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _years(context: click.Context, option: click.Parameter, value: str) -> list[int]:
    try:
        return [int(name) for name in _names(context, option, value)]
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of years such as 20,40,60") from None


def request_options(command: Command) -> Command:
    """The spec and what may be changed of it; shared by `generate` and `plan`."""
    options = [
        click.argument("spec", default="demo"),
        click.option("--output", "-o", default="", metavar="DIR", help="Folder or fsspec URL. Default: outputs/NAME."),
        click.option(
            "--model", default="", help="'bundled', a Hugging Face hub id, or a folder of a diffusers pipeline."
        ),
        click.option("--images-per-cell", type=int, help="Accepted pictures asked of each cell."),
        click.option("--emotions", callback=_names, default="", metavar="A,B", help="Only these emotions."),
        click.option("--ethnicities", callback=_names, default="", metavar="A,B", help="Only these ethnicities."),
        click.option(
            "--ages", callback=_years, default="", metavar="20,40", help="Only these ages (years, 18 or more)."
        ),
        click.option("--genders", callback=_names, default="", metavar="A,B", help="Only these genders."),
        click.option("--seed", type=int, help="Seed of the whole dataset."),
        click.option("--steps", type=int, help="Denoising steps."),
        click.option("--guidance", type=float, help="Classifier-free guidance scale."),
        click.option("--batch-size", type=int, help="Pictures at once."),
        click.option("--detector", type=click.Choice(["auto", "insightface", "embedded"]), help="Face detector."),
        click.option("--max-attempts", type=int, help="Tries at one slot."),
        click.option("--prompts", default="", metavar="DIR", help="Another prompts/ folder than the bundled one."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and no progress.")


@main.command()
@request_options
@click.option("--engine", type=click.Choice(["inline"]), default="inline", show_default=True, help="Where workers run.")
@as_json
def generate(as_json: bool, **parameters: Any) -> None:  # noqa: ANN401 - the flow's parameters
    """Make a dataset, or go on with it.

    SPEC is a YAML file or a bundled spec: demo, emonet-big.

    \b
    Examples:
      emonet generate
      emonet generate my-spec.yaml --output s3://bucket/faces --model black-forest-labs/FLUX.1-schnell
    """
    from pipeline.request import make_request

    make_request(parameters["spec"], parameters["output"], parameters["prompts"], parameters)
    _quiet_prefect()
    from flows.generate import generate_dataset
    from pipeline.progress import silent

    silent.set(as_json)
    outcome = generate_dataset(**parameters)
    click.echo(json.dumps(outcome, indent=2) if as_json else outcome["summary"])


@main.command()
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
    from pipeline.forecast import forecast
    from pipeline.request import make_request

    request = make_request(parameters["spec"], parameters["output"], parameters["prompts"], parameters)
    result = forecast(request, measure)
    click.echo(json.dumps(asdict(result), indent=2) if as_json else result.as_text())


@main.command()
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
    from pipeline.run import existing_folder
    from pipeline.store.verify import verify as check

    report = check(existing_folder(folder))
    for problem in report.problems:
        click.echo(f"{problem.shard}: {problem.message}", err=True)
    if repair and report.problems:
        _quiet_prefect()
        from flows.generate import repair_dataset
        from pipeline.progress import silent

        silent.set(as_json)
        repair_dataset(folder)
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


@main.command()
@as_json
def doctor(as_json: bool) -> None:
    """Say what this machine has and lacks.

    Devices, models, detectors, versions.

    \b
    Example:
      emonet doctor --json
    """
    from pipeline.doctor import examine

    findings = examine()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            click.echo(f"{'ok ' if finding.ok else 'no '} {finding.name:<{width}}  {finding.text}")
    missing = [finding.name for finding in findings if finding.needed and not finding.ok]
    if missing:
        raise RunError(f"missing: {', '.join(missing)}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@as_json
def agreement(file: Path, as_json: bool) -> None:
    """Say how far annotators agree.

    FILE is EmoNet-Face's hq.csv (ratings) or binary.csv (votes), as published.

    \b
    Example:
      emonet agreement hq.csv --json
    """
    from pipeline.evaluation.agreement import agreement as measure

    report = measure(file)
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else report.as_text())


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=4200, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the flows to the Prefect UI.

    Starts a Prefect server where PREFECT_API_URL names none.

    \b
    Example:
      emonet serve --port 4201
    """
    _set_defaults()
    from flows.serve import serve_flows

    serve_flows(host, port)


def _set_defaults() -> None:
    """Settings of the libraries, unless the user has set them otherwise.

    No telemetry; patience with a slow machine's first start; and, on the CPU, torch's idle threads sleep instead of
    spinning, since detection needs the cores.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "300")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")


def _quiet_prefect() -> None:
    """A command line shows our own progress and errors; the flow's log goes to the server alone."""
    _set_defaults()
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")


if __name__ == "__main__":
    sys.exit(main())
