"""A report in a folder: one page that holds its plots, the plots, and every figure as JSON."""

import json
from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.errors import InputError
from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.output.plots import as_png, plots_of
from pipeline.evaluation.people import BinaryEvaluation, HqEvaluation
from pipeline.evaluation.report import Report

PAGE, FIGURES = "report.html", "evaluation.json"


def write_report(report: Report, folder: Path) -> Path:
    """Writes report.html, evaluation.json and the PNGs into `folder`; returns the page.

    Older ones of the same names are replaced. InputError where the folder cannot be written.
    """
    plots = _plots(report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in plots.items():
            (folder / f"{name}.png").write_bytes(picture)
        (folder / FIGURES).write_text(json.dumps(report.as_dict(), indent=1, allow_nan=False), encoding="utf-8")
        page = folder / PAGE
        page.write_text(page_text(report, plots), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); name another --output") from None
    return page


def page_text(report: Report, plots: dict[str, bytes]) -> str:
    """The page, whole in itself: plots (PNG by name) are embedded, and every value is escaped."""
    environment = Environment(
        loader=PackageLoader("pipeline.evaluation.output", "."), autoescape=True, undefined=StrictUndefined
    )
    lead, *blocks = report.blocks()
    return environment.get_template("page.html").render(
        file=report.file,
        lead=lead,
        blocks=blocks,
        cautions=report.figures.cautions,
        plots={name: b64encode(picture).decode() for name, picture in plots.items()},
    )


def _plots(report: Report) -> dict[str, bytes]:
    if not isinstance(report.figures, Evaluation | HqEvaluation | BinaryEvaluation):
        return {}
    return {name: as_png(figure) for name, figure in plots_of(report.figures).items()}
