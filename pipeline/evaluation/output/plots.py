"""The plots of a report. Colours are Okabe and Ito's (2008), which colour-blind people tell apart."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.bootstrap import Estimate
from pipeline.evaluation.evaluation import Confusion, Evaluation
from pipeline.evaluation.groups import Group
from pipeline.evaluation.output.evaluation import TITLES
from pipeline.evaluation.output.people import mean_person
from pipeline.evaluation.people import BinaryEvaluation, HqEvaluation

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"
_DPI = 110
_NUMBERED = 12
"""Confusions of at most this many rows have their numbers in the cells."""


def plots_of(figures: Evaluation | HqEvaluation | BinaryEvaluation) -> dict[str, Figure]:
    """The plots that fit the figures, by file name without ending."""
    match figures:
        case HqEvaluation():
            return {"emotions": hq_bars(figures)}
        case BinaryEvaluation():
            return {"emotions": binary_bars(figures)} if figures.models[0].emotions else {}
        case Evaluation():
            made = {
                "emotions": label_bars(figures),
                "confusion": confusion_map(figures.confusion),
                "calibration": calibration_plot(figures),
            }
            return {**made, "groups": group_plot(figures)} if figures.axes else made


def as_png(figure: Figure) -> bytes:
    """The figure as a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()


def label_bars(figures: Evaluation) -> Figure:
    """AUC, average precision and rho of every label with their intervals, best AUC on top; a line where chance is."""
    labels = sorted(figures.labels, key=lambda one: (one.auc.defined, one.auc.value))
    names = [f"{one.label} ({one.positives:,})" for one in labels]
    figure, panels = _rows(names, 3, "Figures by label (pictures), 95 % intervals")
    chance = [one.positives / figures.pictures for one in labels]
    lines = (np.full(len(labels), 0.5), np.array(chance), np.zeros(len(labels)))
    for panel, name, line in zip(panels, ("auc", "average_precision", "spearman"), lines, strict=True):
        _bars(panel, [getattr(one, name) for one in labels])
        panel.step(
            np.append(line, line[-1]), np.arange(len(labels) + 1) - 0.5, color="black", linestyle=":", linewidth=1
        )
        panel.set_title(f"{TITLES[name]} (dotted: chance)", fontsize=10)
    return figure


def binary_bars(figures: BinaryEvaluation) -> Figure:
    """AUC of the model against votes by emotion, best on top."""
    emotions = sorted(figures.models[0].emotions, key=lambda one: one.auc.value)
    names = [f"{one.emotion} ({one.yes:,} yes, {one.no:,} no)" for one in emotions]
    figure, (panel,) = _rows(names, 1, f"{figures.models[0].model}: ROC-AUC against every answer, 95 % intervals")
    _bars(panel, [one.auc for one in emotions])
    panel.axvline(0.5, color="black", linestyle=":", linewidth=1)
    return figure


def hq_bars(figures: HqEvaluation) -> Figure:
    """Kappa with the people by emotion: the model's bar, the mean person, and the file's models; best person on top."""
    scores = figures.protocol
    people = np.array(mean_person(scores))
    order = np.argsort(np.nan_to_num(people, nan=-2.0))
    by_name = {one.annotator: np.array(one.kappa.by_emotion)[order] for one in scores.annotators if not one.human}
    names = [f"{scores.emotions[row]}{' *' if scores.emotions[row] in scores.reliable else ''}" for row in order]
    figure, (panel,) = _rows(names, 1, "Quadratic weighted kappa with the people (* reliable emotions)")
    places = np.arange(len(names))
    main = by_name.pop(figures.models[0])
    panel.barh(places, np.nan_to_num(main), color=BLUE, alpha=0.75, label=figures.models[0])
    for number, values in enumerate(by_name.values()):
        label = None if number else "other models"
        panel.plot(values, places, "o", color="black", markerfacecolor="white", markersize=4.5, label=label)
    panel.plot(people[order], places, "D", color=ORANGE, markersize=5, label="mean person")
    panel.axvline(0, color="black", linewidth=0.8)
    panel.legend(loc="lower right", fontsize=9, frameon=True)
    return figure


def confusion_map(confusion: Confusion) -> Figure:
    """Which label scores highest, as shares of each target's pictures; what is no target is one column, "another"."""
    targets = confusion.targets
    columns = [confusion.answers.index(name) for name in targets]
    counts = np.array(confusion.counts)
    shares = counts[:, columns] / counts.sum(axis=1, keepdims=True)
    names = list(targets)
    if len(targets) < len(confusion.answers):
        shares = np.column_stack([shares, 1 - shares.sum(axis=1)])
        names.append("another")
    side = 2.4 + 0.27 * len(targets) if len(targets) > _NUMBERED else 2.4 + 0.5 * len(targets)
    figure = Figure(figsize=(side + 2.6, side + 1.6), layout="constrained")
    panel = figure.subplots()
    image = panel.imshow(shares, cmap="cividis", vmin=0, vmax=shares.max())
    panel.set_xticks(range(len(names)), names, rotation=90, fontsize=9)
    panel.set_yticks(range(len(targets)), targets, fontsize=9)
    panel.set_xlabel("highest score")
    panel.set_ylabel("label")
    if len(targets) <= _NUMBERED:
        _write_shares(panel, shares)
    figure.colorbar(image, ax=panel, shrink=0.6, label="share of the label's pictures")
    panel.set_title("Confusion", fontsize=11)
    return figure


def calibration_plot(figures: Evaluation) -> Figure:
    """Mean label over mean score of each bin, and below how many scores each bin holds."""
    figure = Figure(figsize=(5.6, 6.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    scores = [one.score for one in figures.calibration]
    upper.plot([0, 1], [0, 1], color="black", linestyle=":", linewidth=1, label="perfect")
    labels = [one.label for one in figures.calibration]
    upper.plot(scores, labels, "o-", color=BLUE, label=figures.model, clip_on=False)
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="mean label / 7")
    upper.legend(loc="upper left", fontsize=9, frameon=False)
    error = figures.overall.calibration_error.value
    upper.set_title(f"Calibration over all labels with positives (mean error {error:.3f})", fontsize=11)
    lower.bar(scores, [one.count for one in figures.calibration], width=0.06, color=GREY)
    lower.set_yscale("log")
    lower.set(xlabel="mean score / 7", ylabel="scores")
    _plain(upper, lower)
    return figure


def group_plot(figures: Evaluation) -> Figure:
    """Top-1 and AUC of every group of the single axes; hollow where the group is small; a line for all pictures."""
    rows: list[tuple[str, Group | None]] = []
    for axis in reversed([axis for axis in figures.axes if " x " not in axis.axis]):
        rows += [(f"{group.level} ({group.pictures:,})", group) for group in reversed(axis.groups)]
        rows.append((axis.axis.upper(), None))
    figure, panels = _rows([name for name, _ in rows], 2, "By group (pictures), 95 % intervals; hollow: few pictures")
    for panel, name in zip(panels, ("top1", "auc"), strict=True):
        for place, (_, group) in enumerate(rows):
            if group is not None:
                _point(panel, place, getattr(group.overall, name), hollow=group.small)
        panel.axvline(getattr(figures.overall, name).value, color="black", linestyle=":", linewidth=1)
        panel.set_title(f"{TITLES[name]} (dotted: all pictures)", fontsize=10)
        panel.set_xlim(right=min(panel.get_xlim()[1], 1.01))
    return figure


def _rows(names: Sequence[str], panels: int, title: str) -> tuple[Figure, list[Axes]]:
    """Panels side by side that share a row a name."""
    width = 3.4 + 3.3 * panels if panels > 1 else 9.0
    figure = Figure(figsize=(width, 1.4 + 0.25 * len(names)), layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, panels, sharey=True)))
    axes[0].set_yticks(range(len(names)), names, fontsize=9)
    axes[0].set_ylim(-0.6, len(names) - 0.4)
    figure.suptitle(title, fontsize=11)
    _plain(*axes)
    return figure, axes


def _bars(panel: Axes, figures: Sequence[Estimate]) -> None:
    for place, one in enumerate(figures):
        if one.defined:
            panel.barh(place, one.value, color=BLUE, alpha=0.75, height=0.7)
            panel.plot([one.low, one.high], [place, place], color="black", linewidth=1.4)


def _point(panel: Axes, place: int, figure: Estimate, hollow: bool) -> None:
    if figure.defined:
        panel.plot([figure.low, figure.high], [place, place], color=GREY, linewidth=1.4)
        panel.plot(figure.value, place, "o", color=BLUE, markerfacecolor="white" if hollow else BLUE, markersize=6)


def _plain(*axes: Axes) -> None:
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="x", color="#DDDDDD", linewidth=0.7)
        panel.set_axisbelow(True)


def _write_shares(panel: Axes, shares: Floats) -> None:
    for (row, column), value in np.ndenumerate(shares):
        if value >= 0.005:
            colour = "white" if value < shares.max() / 2 else "black"
            panel.text(column, row, f"{value:.0%}", ha="center", va="center", fontsize=8, color=colour)
