"""The `emonet` command. Thin: it reads options, calls the library or a flow, and turns errors into one line."""

import json
import os
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
    from pipeline.planning.request import make_request

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
    from pipeline.planning.request import make_request
    from pipeline.run.forecast import forecast

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
    from pipeline.run.dataset_run import existing_folder
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
@click.argument("dataset", metavar="DIR")
@click.option("--labels", default="requested", show_default=True, help="Or annotations NAME, binary.csv, hq.csv.")
@click.option("--encoder", default="", help="Hub id or folder of a vision model, or 'bundled'. Default: SigLIP2.")
@click.option("--heads", type=click.Choice(["small", "large"]), help="Size of the heads. Default: small.")
@click.option("--init", default="", metavar="MODEL", help="Fine-tune this model: a folder or a hub id.")
@click.option("--output", "-o", default="", metavar="DIR", help="Folder of the model. Default: outputs/models/NAME.")
@click.option("--face-crop", is_flag=True, help="Show the encoder the face alone.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@click.option("--epochs", type=int, help="Passes over the pictures at most.")
@click.option("--batch-size", type=int, help="Pictures a step.")
@click.option("--learning-rate", type=float, help="Of AdamW.")
@click.option("--patience", type=int, help="Epochs without improvement after which a head stops.")
@click.option("--validation", type=float, help="Share of the train split held out to stop on.")
@click.option("--seed", type=int, help="Of weights, order and dropout.")
@as_json
def train(dataset: str, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - fields of TrainRequest and Settings
    """Train forty emotion heads, or go on with it.

    DIR is a dataset, or a folder of pictures with --labels FILE.csv. The same command resumes.

    \b
    Examples:
      emonet train outputs/demo --encoder bundled
      emonet train outputs/big --labels judged --heads large --output pretrained
      emonet train binary/images --labels binary.csv --init pretrained
    """
    from pipeline.progress import silent
    from pipeline.training.outcome import outcome_text
    from pipeline.training.train import make_train_request
    from pipeline.training.train import train as run

    silent.set(as_json)
    outcome = run(make_train_request(dataset, options))
    if outcome is not None:
        click.echo(json.dumps(outcome, indent=2) if as_json else outcome_text(outcome))


@main.command()
@click.argument("model")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURES...|DIR")
@click.option("--split", help="Of a dataset. Default: all.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write every score to FILE.json or FILE.parquet.")
@click.option("--charts", type=click.Path(path_type=Path), metavar="DIR", help="Draw a PNG chart for each picture.")
@click.option("--subtract-means", is_flag=True, help="Take the training pictures' mean score of each emotion away.")
@click.option("--encoder", default="", help="Where the model's encoder is, if not where it was.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@as_json
def predict(model: str, pictures: tuple[str, ...], as_json: bool, **options: Any) -> None:  # noqa: ANN401 - see Prediction
    """Score pictures, or a dataset.

    MODEL is a folder that `emonet train` made, or a hub id.

    \b
    Examples:
      emonet predict outputs/models/demo-requested-small me.jpg --charts charts
      emonet predict laion/Empathic-Insight-Face-Small outputs/demo --split test --output scores.parquet
    """
    from pipeline.progress import silent
    from pipeline.training.prediction import predict as run
    from pipeline.training.scorefile import scores_as_dict, scores_as_text

    silent.set(as_json)
    loaded, scores = run(model, pictures, **options)
    click.echo(json.dumps(scores_as_dict(loaded, scores), indent=2) if as_json else scores_as_text(loaded, scores))
    if missing := scores.missing:
        click.echo(f"emonet: no face found in {len(missing)} pictures: {', '.join(missing[:5])}", err=True)


@main.command()
@click.argument("model")
@click.argument("target", metavar="DIR|hq|binary")
@click.option("--baseline", "baselines", multiple=True, metavar="MODEL", help="Another model beside it; repeatable.")
@click.option("--split", default="", help="Of a dataset, or 'all'. Default: test where there is one.")
@click.option("--labels", default="", metavar="NAME", help="annotations/NAME instead of the requested emotion.")
@click.option("--data", default="", metavar="DIR", help="For hq and binary: the folder of the CSV and the pictures.")
@click.option(
    "--mapping", default="", metavar="NAME|FILE", help="Classes of another set: ferplus8, fer7, or a YAML file."
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="DIR", help="Write report.html, JSON and PNGs."
)
@click.option("--encoder", default="", help="Where the model's encoder is, if not where it was.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@as_json
def evaluate(output: Path | None, as_json: bool, **parameters: Any) -> None:  # noqa: ANN401 - see evaluate
    """Score a model on labelled pictures.

    MODEL is a folder that `emonet train` made, a hub id, zero-shot:ID of a CLIP or SigLIP model, or a file of scores
    (.parquet, .json). Figures stand beside random and majority, and by group of people.

    \b
    Examples:
      emonet evaluate outputs/models/demo-requested-small outputs/demo --output report
      emonet evaluate scores.parquet outputs/demo --baseline zero-shot:google/siglip2-base-patch16-224
      emonet evaluate laion/Empathic-Insight-Face-Small hq --data emonet-face-hq
      emonet evaluate outputs/models/demo-requested-small fer/test --mapping fer7
    """
    from pipeline.evaluation.evaluate import evaluate as run
    from pipeline.progress import silent

    silent.set(as_json)
    report = run(**parameters)
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else report.as_text())
    if output is not None:
        from pipeline.evaluation.output.page import write_report

        page = write_report(report, output)
        click.echo(f"report: {page}", err=as_json)


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
