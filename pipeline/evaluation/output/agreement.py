"""Agreement of annotators, and the HQ protocol, in tables."""

import math
from collections.abc import Iterable

from pipeline.evaluation.output.tables import Block, Table, interval, named, number, share
from pipeline.evaluation.pairs import PairKappa
from pipeline.evaluation.protocol import AnnotatorScore, HqScores
from pipeline.evaluation.ratings import RatingAgreement
from pipeline.evaluation.votes import VoteAgreement


def vote_blocks(figures: VoteAgreement) -> list[Block]:
    """Shares, kappa and alpha of votes."""
    warning = " (not agreement: see !)" if figures.sequential else ""
    shares = [("pooled", figures.pooled, figures.alpha), ("mean of emotions", figures.averaged, figures.alpha_averaged)]
    return [
        f"{figures.rows:,} votes, {figures.images:,} images, {figures.units:,} units (image x emotion)",
        Table(
            ["yes:no", "units", "share"],
            [
                (f"{one.true}:{one.false}", f"{one.units:,}", share(one.units / figures.units))
                for one in figures.patterns
            ],
        ),
        Table(
            title=f"Agreement on the {figures.pooled.units:,} units with two or more answers",
            header=["", "full", "partial", "split", "pairwise", f"alpha{warning}"],
            rows=[
                (name, *map(share, (one.full, one.partial, one.split, one.pairwise)), number(alpha))
                for name, one, alpha in shares
            ],
        ),
        _pairs(figures.pairs, f"Cohen's kappa{warning}", "units"),
        Table(
            ["annotator", "answers", "true rate"],
            [(one.annotator, f"{one.answers:,}", share(one.true_rate)) for one in figures.annotators],
        ),
        Table(
            ["emotion", "units", "true rate", "compared", "full", "partial", "split", "pairwise", "alpha"],
            [
                (
                    one.emotion,
                    f"{one.units:,}",
                    share(one.true_rate),
                    f"{one.shares.units:,}",
                    *map(share, (one.shares.full, one.shares.partial, one.shares.split, one.shares.pairwise)),
                    number(one.alpha),
                )
                for one in figures.emotions
            ],
        ),
    ]


def rating_blocks(figures: RatingAgreement) -> list[Block]:
    """Shares, kappa and alpha of ratings."""
    people = {one.annotator for one in figures.annotators if one.human}
    shares = [("pooled", figures.pooled, figures.alpha), ("mean of emotions", figures.averaged, figures.alpha_averaged)]
    return [
        f"{figures.rows:,} rows, {figures.images:,} images, {figures.units:,} units (image x emotion), "
        f"{len(people)} people, {len(figures.annotators) - len(people)} models",
        Table(["people", "images"], [(str(one.people), f"{one.images:,}") for one in figures.patterns]),
        Table(
            title=f"Agreement of people on the {figures.pooled.units:,} units with two or more ratings",
            header=["", "equal", "within 1", "apart", "pairwise", "all zero", "alpha"],
            rows=[
                (name, *map(share, (one.equal, one.near, one.apart, one.pairwise, one.zero)), number(alpha))
                for name, one, alpha in shares
            ],
        ),
        _pairs(
            [pair for pair in figures.pairs if {pair.first, pair.second} <= people],
            "quadratic kappa, mean of emotions",
            "images",
        ),
        Table(
            ["annotator", "images", "mean", "above 0"],
            [(one.annotator, f"{one.images:,}", number(one.mean), share(one.true_rate)) for one in figures.annotators],
        ),
        Table(
            ["emotion", "mean", "above 0", "equal", "within 1", "apart", "pairwise", "alpha", "95 %"],
            [
                (
                    one.emotion,
                    number(one.mean),
                    share(one.true_rate),
                    *map(share, (one.shares.equal, one.shares.near, one.shares.apart, one.shares.pairwise)),
                    number(one.alpha.alpha),
                    interval(one.alpha.low, one.alpha.high),
                )
                for one in figures.emotions
                if one.true_rate > 0
            ],
        ),
        named("Nobody rated above 0", [one.emotion for one in figures.emotions if one.true_rate == 0]),
    ]


def protocol_blocks(figures: HqScores) -> list[Block]:
    """People and models against people, best first."""

    def row(one: AnnotatorScore) -> tuple[str, ...]:
        rho = (number(one.spearman.all), number(one.spearman.reliable)) if one.spearman else ("", "")
        kappa = (number(one.kappa.all), number(one.kappa.reliable), str(one.kappa.defined))
        return one.annotator, "person" if one.human else "model", f"{one.images:,}", *kappa, *rho

    undefined = [name for name, one in zip(figures.emotions, figures.alphas, strict=True) if math.isnan(one.alpha)]
    return [
        f"people and models against people; 'reliable' is the mean of {', '.join(figures.reliable)}",
        Table(
            ["annotator", "", "images", "kappa, all", "reliable", "defined", "rho, all", "reliable"],
            [row(one) for one in sorted(figures.annotators, key=_best_first)],
        ),
        Table(
            title=f"Alpha of the people: {number(figures.alpha.all)} over {figures.alpha.defined} emotions, "
            f"{number(figures.alpha.reliable)} over the reliable ones",
            header=["emotion", "alpha", "95 %"],
            rows=[
                (f"{name} *" if name in figures.reliable else name, number(one.alpha), interval(one.low, one.high))
                for name, one in zip(figures.emotions, figures.alphas, strict=True)
                if not math.isnan(one.alpha)
            ],
        ),
        named("Undefined", undefined),
        *(
            f"{one.first} ({one.first_n}) - {one.second} ({one.second_n}): mean kappa differs by "
            f"{number(one.difference)} {interval(one.low, one.high)}, Mann-Whitney U {one.u:g}, p {number(one.p)}"
            for one in figures.groups
        ),
    ]


def _best_first(one: AnnotatorScore) -> float:
    return -one.kappa.all if not math.isnan(one.kappa.all) else math.inf


def _pairs(pairs: Iterable[PairKappa], title: str, shared: str) -> Table:
    rows = [(f"{one.first} - {one.second}", f"{one.n:,}", number(one.kappa)) for one in pairs]
    return Table(["pair", shared, title], rows)
