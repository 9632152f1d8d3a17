"""Measure the bundled model against its gates and write the table into the model card.

Run: ``python -m models.gates --work outputs/gates --card models/README.md``. It makes ``every-cell`` (4,480 pictures) and a
second set with several pictures a cell with the product itself, renders people that no network has seen, collects photographs
from packages, and takes twenty to forty minutes on two cores; run again, it uses what is there. Needs what rendering needs.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from models import measures
from models.judge import Judge
from models.limit import measured_on
from models.measures import Refusals, share
from models.photographs import load_photographs
from models.samples import AXES, FirstTry, Labelled, accepted, first_tries, generate, renders_of, unseen
from pipeline.faces.embedded import EmbeddedDetector
from pipeline.faces.judge import FaceJudge
from pipeline.faces.probe import load_probe
from pipeline.planning.spec import FaceSpec

BEGIN, END = "<!-- gates: written by models/gates.py -->", "<!-- end of gates -->"
DEMOGRAPHIC = ("ethnicity", "age", "gender")
FOUR_FIFTHS = 0.8
REPEATED = {
    "emotions": ["elation", "anger", "sadness", "surprise"],
    "ages": [30, 60],
    "images_per_cell": 4,
    "seed": 1,
}
"""The second set: 128 cells of 4 pictures, for diversity."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One row of the table. ``reached`` is None where nothing was asked."""

    name: str
    asked: str
    measured: str
    reached: bool | None = None

    def row(self) -> str:
        mark = {True: "yes", False: "**no**", None: "reported"}[self.reached]
        return f"| {self.name} | {self.asked} | {self.measured} | {mark} |"


def acceptance_gates(tries: list[FirstTry]) -> list[Gate]:
    """One face, and accepted: over all first attempts, and by level."""
    one_face = share(one.faces == 1 for one in tries)
    by_ethnicity = measures.shares_by_level(tries, "ethnicity", lambda one: one.faces == 1)
    behind = max(by_ethnicity.values()) - min(by_ethnicity.values())
    accepted_share = share(one.reason is None for one in tries)
    ratios = {}
    for axis in AXES:
        by_level = measures.shares_by_level(tries, axis, lambda one: one.reason is None)
        worst = min(by_level, key=lambda level: by_level[level])
        ratios[axis] = by_level[worst] / max(by_level.values()), worst
    least = ", ".join(f"{axis} {ratio:.2f} ({worst})" for axis, (ratio, worst) in ratios.items())
    return [
        Gate(
            f"exactly one face, embedded detector ({len(tries):,} pictures)",
            "98 %",
            f"{one_face:.1%}",
            one_face >= 0.98,
        ),
        Gate("the same, worst ethnicity behind the best", "3 points", f"{100 * behind:.1f} points", behind <= 0.03),
        Gate(
            "accepted at the first attempt by the full verdict", "80 %", f"{accepted_share:.1%}", accepted_share >= 0.8
        ),
        Gate(
            "acceptance of the worst level against the best",
            "four fifths on every axis",
            least,
            all(ratio >= FOUR_FIFTHS for ratio, _ in ratios.values()),
        ),
    ]


def following_gates(judge: Judge, samples: Labelled, renders: Labelled) -> tuple[list[Gate], str]:
    """What the judge reads in samples against what it reads in renders; and the emotions that fall short."""
    seen, real = measures.right_answers(judge, samples), measures.right_answers(judge, renders)
    gates = []
    for axis in AXES:
        asked = 0.6 if axis == "emotion" else 0.95
        ratio = seen[axis].mean() / real[axis].mean()
        figures = f"{seen[axis].mean():.3f} / {real[axis].mean():.3f} = {ratio:.2f}"
        gates.append(Gate(f"{axis}, judge on samples / on renders", f"{asked}", figures, bool(ratio >= asked)))
    near = f"{measures.within_a_decade(judge, samples):.3f} / {measures.within_a_decade(judge, renders):.3f}"
    gates.append(Gate("age within one decade, samples / renders", "", near))
    emotion, shown = np.array(samples.levels["emotion"]), np.array(renders.levels["emotion"])
    short = []
    for name in dict.fromkeys(samples.levels["emotion"]):
        own, here = real["emotion"][shown == name].mean(), seen["emotion"][emotion == name].mean()
        if here < 0.6 * own:
            short.append(f"{name} ({here:.2f} against {own:.2f})")
    count = len(set(samples.levels["emotion"]))
    text = f"{count - len(short)} of {count} emotions reach 0.6 of the judge's own accuracy on renders"
    return gates, text + (f"; short of it: {', '.join(short)}." if short else ".")


def visibility_gates(face_judge: FaceJudge, renders: Labelled, work: Path) -> tuple[list[Gate], str]:
    """Covered and cut faces refused, whole faces kept: on renders, where it is asked, and on photographs."""
    detector = face_judge.detector
    found = measures.refusals(face_judge, detector, renders.pictures)
    photographs = measured_on(load_photographs(work))
    real = measures.refusals(face_judge, detector, [one.picture for one in photographs], each=10)
    gates = []
    for name, figures, asked in (("renders of unseen people", found, True), ("photographs from packages", real, False)):
        refused, kept = _covered(figures.verdict, figures.counts), 1 - figures.verdict[""]
        alone, kept_alone = _covered(figures.visibility, figures.counts), 1 - figures.visibility[""]
        count = figures.counts[""]
        gates += [
            Gate(
                f"{name} ({count:,}): covered or cut faces refused",
                "95 %" if asked else "",
                f"{refused:.1%}; by visibility alone {alone:.1%}",
                refused >= 0.95 if asked else None,
            ),
            Gate(
                f"{name} ({count:,}): whole faces kept",
                "95 %" if asked else "",
                f"{kept:.1%}; by visibility alone {kept_alone:.1%}",
                kept >= 0.95 if asked else None,
            ),
        ]
    return gates, _kinds(found, real)


def _covered(shares: dict[str, float], counts: dict[str, int]) -> float:
    """The mean share over covered and cut pictures."""
    kinds = [kind for kind in shares if kind]
    return float(np.average([shares[kind] for kind in kinds], weights=[counts[kind] for kind in kinds]))


def _kinds(renders: Refusals, photographs: Refusals) -> str:
    rows = [
        f"| {kind} | {renders.verdict[kind]:.0%} | {photographs.verdict.get(kind, float('nan')):.0%} |"
        for kind in renders.verdict
        if kind
    ]
    return "\n".join(["| refused of pictures with | renders | photographs |", "|---|---|---|", *rows])


def diversity_gates(judge: Judge, repeated: Labelled, work: Path) -> list[Gate]:
    """Distances between pictures of one cell against those between renders of the same cells."""
    cells = repeated.cells()
    renders = renders_of(work, cells, max(len(rows) for rows in cells.values()))
    here, there = measures.spread(judge, repeated), measures.spread(judge, renders)
    ratios = {way: here[way] / there[way] for way in here}
    figures = ", ".join(f"{way} {ratio:.2f}" for way, ratio in ratios.items())
    name = f"diversity within a cell, samples / renders ({len(cells)} cells)"
    return [Gate(name, "0.8", figures, min(ratios.values()) >= 0.8)]


def speed_gate() -> Gate:
    seconds = measures.seconds_a_picture()
    return Gate("seconds a picture, two cores", "0.5", f"{seconds:.2f}", seconds <= 0.5)


def age_sheet(renders: Labelled, samples: Labelled) -> Image.Image:
    """A row a decade, the youngest on top: a render of each ethnicity, women and men in turn, then a sample of the same."""
    people = list(zip(dict.fromkeys(renders.levels["ethnicity"]), cycle(("woman", "man"))))
    rows = []
    for age in sorted(set(renders.levels["age"]), key=int):
        row = []
        for shown in (renders, samples):
            who = list(zip(*(shown.levels[axis] for axis in DEMOGRAPHIC), strict=True))
            row += [shown.pictures[who.index((ethnicity, age, gender))] for ethnicity, gender in people]
        rows.append(np.concatenate(row, axis=1))
    return Image.fromarray(np.concatenate(rows))


def table(gates: list[Gate], notes: list[str]) -> str:
    head = "| gate | at least (at most) | measured | reached |\n|---|---|---|---|"
    return "\n\n".join(["\n".join([head, *(gate.row() for gate in gates)]), *notes])


def write_card(card: Path, text: str) -> None:
    """Replace what stands between the two marks of the card."""
    before, _, rest = card.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    card.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/gates"))
    parser.add_argument(
        "--card", type=Path, help="write the table into this file, between its two marks, and ages.jpg beside it"
    )
    parser.add_argument(
        "--unseen", type=int, default=12, help="files of 400 renders to measure the judge and visibility on"
    )
    args = parser.parse_args()
    every = generate(args.work / "every-cell", {})
    repeated = generate(args.work / "repeated", REPEATED)
    judge, renders = Judge(), unseen(args.work, args.unseen)
    samples = accepted(every)
    face_judge = FaceJudge(EmbeddedDetector(), load_probe(), FaceSpec())
    following, emotions = following_gates(judge, samples, renders)
    visibility, kinds = visibility_gates(face_judge, renders, args.work)
    gates = [
        *acceptance_gates(first_tries(every)),
        *following,
        *visibility,
        *diversity_gates(judge, accepted(repeated), args.work),
        speed_gate(),
    ]
    text = table(gates, [emotions, kinds])
    print(text)
    (args.work / "gates.json").write_text(json.dumps([asdict(gate) for gate in gates], indent=1) + "\n")
    if args.card:
        write_card(args.card, text)
        age_sheet(renders, samples).save(args.card.with_name("ages.jpg"), quality=85, optimize=True)


if __name__ == "__main__":
    main()
