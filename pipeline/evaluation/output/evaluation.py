"""A model's figures on labelled pictures, in tables."""

from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.figures import OVERALL
from pipeline.evaluation.groups import AxisFigures, Group
from pipeline.evaluation.output.tables import Block, Table, estimate, named, number

TITLES = {
    "top1": "top-1",
    "top3": "top-3",
    "top5": "top-5",
    "balanced": "balanced accuracy",
    "auc": "ROC-AUC",
    "average_precision": "average precision",
    "spearman": "Spearman's rho",
    "calibration_error": "calibration error",
}
"""What a reader calls the overall figures."""
_GROUP_COLUMNS = {"top1": "top-1", "auc": "ROC-AUC", "calibration_error": "error"}


def evaluation_blocks(figures: Evaluation) -> list[Block]:
    """Overall, against the baselines, by label, by group; groups of pairs of axes and confusion for the page alone."""
    split = f" of {figures.split}" if figures.split else ""
    return [
        f"{figures.model} on {figures.pictures:,} pictures{split}; {figures.truth}",
        _overall(figures),
        _leads(figures),
        _labels(figures),
        named("Without positives, so without figures", figures.without),
        _gaps(figures),
        *(_groups(axis) for axis in figures.axes),
        _confusion(figures),
    ]


def figures_shown(figures: Evaluation) -> list[str]:
    """The overall figures, without top-3 and top-5 where few labels compete: among 8, 5 guesses are generous."""
    few = len(figures.confusion.answers) < 2 * 5
    return [name for name in OVERALL if not (few and name in ("top3", "top5"))]


def _overall(figures: Evaluation) -> Table:
    rows = []
    for name in figures_shown(figures):
        others = (getattr(one.overall, name) for one in figures.baselines)
        rows.append(
            (TITLES[name], estimate(getattr(figures.overall, name)), *(number(other.value) for other in others))
        )
    header = ["", "model", *(one.name for one in figures.baselines)]
    return Table(
        header, rows, title="All pictures; per-emotion figures as the mean over emotions, 95 % intervals", longest=24
    )


def _leads(figures: Evaluation) -> Table:
    rows = [
        (TITLES[name], *(estimate(getattr(one.lead, name), sign=True) for one in figures.baselines))
        for name in figures_shown(figures)
    ]
    header = ["", *(one.name for one in figures.baselines)]
    return Table(header, rows if figures.baselines else [], title="Model less baseline, on the same draws", longest=24)


def _labels(figures: Evaluation) -> Table:
    rows = [
        (
            one.label,
            f"{one.positives:,}",
            estimate(one.auc),
            estimate(one.average_precision),
            number(one.spearman.value),
            number(one.calibration_error.value),
        )
        for one in sorted(figures.labels, key=lambda one: -one.auc.value if one.auc.defined else 0)
    ]
    header = ["label", "pictures", "ROC-AUC", "average precision", "rho", "error"]
    return Table(header, rows, title="By label, best first", longest=30)


def _gaps(figures: Evaluation) -> Table:
    rows = [
        (axis.axis, _GROUP_COLUMNS[gap.figure], gap.worst, gap.best, estimate(gap.difference, sign=True))
        for axis in figures.axes
        for gap in axis.gaps
        if gap.figure in _GROUP_COLUMNS
    ]
    return Table(
        ["axis", "figure", "worst group", "best group", "worst less best"], rows, title="Largest gaps", longest=24
    )


def _groups(axis: AxisFigures) -> Table:
    def row(group: Group) -> tuple[str, ...]:
        top1, auc, error = (getattr(group.overall, name) for name in _GROUP_COLUMNS)
        best = group.behind.auc.value == 0 == group.behind.auc.high
        behind = "best" if best else estimate(group.behind.auc, sign=True)
        pictures = f"{group.pictures:,}{' ~' if group.small else ''}"
        return group.level, pictures, estimate(top1), estimate(auc), number(error.value), behind

    header = [axis.axis, "n", *_GROUP_COLUMNS.values(), "AUC less best"]
    rows = [row(group) for group in axis.groups]
    return Table(header, rows, title=f"By {axis.axis}", longest=24, brief=" x " not in axis.axis)


def _confusion(figures: Evaluation) -> Table:
    """Of each target, the share of its pictures that each answer got; answers nobody got are left out."""
    matrix = figures.confusion
    used = [column for column in range(len(matrix.answers)) if any(row[column] for row in matrix.counts)]
    rows = [
        (target, *(f"{row[column] / sum(row):.0%}" for column in used))
        for target, row in zip(matrix.targets, matrix.counts, strict=True)
    ]
    header = ["label", *(matrix.answers[column] for column in used)]
    return Table(header, rows, title="Highest score (columns) by label (rows)", brief=False)
