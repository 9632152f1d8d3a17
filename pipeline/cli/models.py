"""The commands that make, use and score emotion models."""

import json
from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import as_json, device, encoder


@click.command()
@click.argument("dataset", metavar="DIR")
@click.option("--labels", default="requested", show_default=True, help="Or annotations NAME, binary.csv, hq.csv.")
@click.option("--encoder", default="", help="Hub id or folder of a vision model, or 'bundled'. Default: SigLIP2.")
@click.option("--heads", type=click.Choice(["small", "large"]), help="Size of the heads. Default: small.")
@click.option("--init", default="", metavar="MODEL", help="Fine-tune this model: a folder or a hub id.")
@click.option("--output", "-o", default="", metavar="DIR", help="Folder of the model. Default: outputs/models/NAME.")
@click.option("--face-crop", is_flag=True, help="Show the encoder the face alone.")
@device
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


@click.command()
@click.argument("model")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURES...|DIR")
@click.option("--split", help="Of a dataset. Default: all.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write every score to FILE.json or FILE.parquet.")
@click.option("--charts", type=click.Path(path_type=Path), metavar="DIR", help="Draw a PNG chart for each picture.")
@click.option("--subtract-means", is_flag=True, help="Take the training pictures' mean score of each emotion away.")
@encoder
@device
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


@click.command()
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
@encoder
@device
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


@click.command()
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
