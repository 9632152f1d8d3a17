"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and no progress.")
device = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
encoder = click.option("--encoder", default="", help="Where the model's encoder is, if not where it was.")


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


def _names(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _years(context: click.Context, option: click.Parameter, value: str) -> list[int]:
    try:
        return [int(name) for name in _names(context, option, value)]
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of years such as 20,40,60") from None
