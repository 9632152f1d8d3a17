"""Figures for people and for machines."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.evaluation.pairs import PairKappa
from pipeline.evaluation.protocol import AnnotatorScore, HqScores
from pipeline.evaluation.ratings import RatingAgreement
from pipeline.evaluation.votes import VoteAgreement

Figures = VoteAgreement | RatingAgreement | HqScores
_KIND = {VoteAgreement: "votes", RatingAgreement: "ratings", HqScores: "protocol"}


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one file."""

    file: str
    figures: Figures

    def as_dict(self) -> dict[str, Any]:
        """For JSON, in full precision: file, kind (votes, ratings or protocol), figures. Undefined figures are None."""
        figures = _without_nan(asdict(self.figures))
        return {"file": self.file, "kind": _KIND[type(self.figures)], "figures": figures}

    def as_text(self) -> str:
        """For a terminal; an undefined figure is a dash. What not to read into a figure stands below the figures."""
        match self.figures:
            case VoteAgreement():
                parts = _votes_text(self.figures)
            case RatingAgreement():
                parts = _ratings_text(self.figures)
            case HqScores():
                parts = _protocol_text(self.figures)
        cautions = "\n".join(f"! {caution}" for caution in self.figures.cautions)
        return f"{self.file}: " + "\n\n".join(filter(None, [*parts, cautions]))


def _votes_text(figures: VoteAgreement) -> list[str]:
    warning = " (not agreement: see !)" if figures.sequential else ""
    shares = [("pooled", figures.pooled, figures.alpha), ("mean of emotions", figures.averaged, figures.alpha_averaged)]
    return [
        f"{figures.rows:,} votes, {figures.images:,} images, {figures.units:,} units (image x emotion)",
        _table(
            ["yes:no", "units", "share"],
            [
                (f"{one.true}:{one.false}", f"{one.units:,}", _share(one.units / figures.units))
                for one in figures.patterns
            ],
        ),
        f"Agreement on the {figures.pooled.units:,} units with two or more answers\n"
        + _table(
            ["", "full", "partial", "split", "pairwise", f"alpha{warning}"],
            [
                (name, *map(_share, (one.full, one.partial, one.split, one.pairwise)), _number(alpha))
                for name, one, alpha in shares
            ],
        ),
        _pairs_table(figures.pairs, f"Cohen's kappa{warning}", "units"),
        _table(
            ["annotator", "answers", "true rate"],
            [(one.annotator, f"{one.answers:,}", _share(one.true_rate)) for one in figures.annotators],
        ),
        _table(
            ["emotion", "units", "true rate", "compared", "full", "partial", "split", "pairwise", "alpha"],
            [
                (
                    one.emotion,
                    f"{one.units:,}",
                    _share(one.true_rate),
                    f"{one.shares.units:,}",
                    *map(_share, (one.shares.full, one.shares.partial, one.shares.split, one.shares.pairwise)),
                    _number(one.alpha),
                )
                for one in figures.emotions
            ],
        ),
    ]


def _ratings_text(figures: RatingAgreement) -> list[str]:
    people = {one.annotator for one in figures.annotators if one.human}
    shares = [("pooled", figures.pooled, figures.alpha), ("mean of emotions", figures.averaged, figures.alpha_averaged)]
    return [
        f"{figures.rows:,} rows, {figures.images:,} images, {figures.units:,} units (image x emotion), "
        f"{len(people)} people, {len(figures.annotators) - len(people)} models",
        _table(["people", "images"], [(str(one.people), f"{one.images:,}") for one in figures.patterns]),
        f"Agreement of people on the {figures.pooled.units:,} units with two or more ratings\n"
        + _table(
            ["", "equal", "within 1", "apart", "pairwise", "all zero", "alpha"],
            [
                (name, *map(_share, (one.equal, one.near, one.apart, one.pairwise, one.zero)), _number(alpha))
                for name, one, alpha in shares
            ],
        ),
        _pairs_table(
            [pair for pair in figures.pairs if {pair.first, pair.second} <= people],
            "quadratic kappa, mean of emotions",
            "images",
        ),
        _table(
            ["annotator", "images", "mean", "above 0"],
            [
                (one.annotator, f"{one.images:,}", _number(one.mean), _share(one.true_rate))
                for one in figures.annotators
            ],
        ),
        _table(
            ["emotion", "mean", "above 0", "equal", "within 1", "apart", "pairwise", "alpha", "95 %"],
            [
                (
                    one.emotion,
                    _number(one.mean),
                    _share(one.true_rate),
                    *map(_share, (one.shares.equal, one.shares.near, one.shares.apart, one.shares.pairwise)),
                    _number(one.alpha.alpha),
                    _interval(one.alpha.low, one.alpha.high),
                )
                for one in figures.emotions
                if one.true_rate > 0
            ],
        ),
        _named("Nobody rated above 0", [one.emotion for one in figures.emotions if one.true_rate == 0]),
    ]


def _protocol_text(figures: HqScores) -> list[str]:
    def row(one: AnnotatorScore) -> tuple[str, ...]:
        rho = (_number(one.spearman.all), _number(one.spearman.reliable)) if one.spearman else ("", "")
        kappa = (_number(one.kappa.all), _number(one.kappa.reliable), str(one.kappa.defined))
        return one.annotator, "person" if one.human else "model", f"{one.images:,}", *kappa, *rho

    undefined = [name for name, one in zip(figures.emotions, figures.alphas, strict=True) if math.isnan(one.alpha)]
    return [
        f"people and models against people; 'reliable' is the mean of {', '.join(figures.reliable)}",
        _table(
            ["annotator", "", "images", "kappa, all", "reliable", "defined", "rho, all", "reliable"],
            [row(one) for one in sorted(figures.annotators, key=_best_first)],
        ),
        f"Alpha of the people: {_number(figures.alpha.all)} over {figures.alpha.defined} emotions, "
        f"{_number(figures.alpha.reliable)} over the reliable ones\n"
        + _table(
            ["emotion", "alpha", "95 %"],
            [
                (f"{name} *" if name in figures.reliable else name, _number(one.alpha), _interval(one.low, one.high))
                for name, one in zip(figures.emotions, figures.alphas, strict=True)
                if not math.isnan(one.alpha)
            ],
        ),
        _named("Undefined", undefined),
        *(
            f"{one.first} ({one.first_n}) - {one.second} ({one.second_n}): mean kappa differs by "
            f"{_number(one.difference)} {_interval(one.low, one.high)}, Mann-Whitney U {one.u:g}, p {_number(one.p)}"
            for one in figures.groups
        ),
    ]


def _best_first(one: AnnotatorScore) -> float:
    return -one.kappa.all if not math.isnan(one.kappa.all) else math.inf


def _pairs_table(pairs: Iterable[PairKappa], title: str, shared: str) -> str:
    rows = [(f"{one.first} - {one.second}", f"{one.n:,}", _number(one.kappa)) for one in pairs]
    return _table(["pair", shared, title], rows) if rows else ""


def _named(title: str, names: Sequence[str]) -> str:
    return f"{title}: {', '.join(names)}" if names else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns two spaces apart, the first to the left and the others to the right."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines
    )


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"


def _interval(low: float, high: float) -> str:
    return "-" if math.isnan(low) else f"[{low:.3f}, {high:.3f}]"


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - whatever asdict gives
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
