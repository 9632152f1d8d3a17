"""Find the limit of visibility: below which answer of the probe a face counts as covered.

The probe learns from renders and must serve for photographs, of which it is less sure. So its limit is set on photographs from
packages, every other one (the gates report on the others): where as many covered faces are refused as whole ones are kept.

Run: ``python -m models.limit --work outputs/bundled-model`` after training the probe. Writes ``limit.json``; export_readers.py
then moves the probe's answers so that the limit lies at 0.5.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from models import reader
from models.export_readers import LIMIT
from models.faces import best_face
from models.occluders import HARMLESS, OCCLUDERS
from models.photographs import Photograph, load_photographs
from pipeline.faces.embedded import EmbeddedDetector
from pipeline.faces.probe import face_square

Pictures = npt.NDArray[np.uint8]
COVERED, ADORNED = 10, 2  # drawings on each photograph


def set_on(photographs: list[Photograph]) -> list[Photograph]:
    """The whole faces that the limit is set on."""
    return [one for one in photographs if one.whole][0::2]


def measured_on(photographs: list[Photograph]) -> list[Photograph]:
    """The whole faces that it is not set on."""
    return [one for one in photographs if one.whole][1::2]


def squares(photographs: list[Photograph], rng: np.random.Generator) -> tuple[Pictures, npt.NDArray[np.bool_]]:
    """Faces as the probe sees them, plain, adorned and covered, and which of them are whole."""
    detector, found = EmbeddedDetector(), []
    for number, photograph in enumerate(photographs):
        face = best_face(detector, photograph.picture)
        if face is None:
            continue
        found.append((face_square(photograph.picture, face), True))
        kinds = [list(OCCLUDERS)[(number * COVERED + i) % len(OCCLUDERS)] for i in range(COVERED)]
        drawings = [(OCCLUDERS[kind], False) for kind in kinds]
        drawings += [(HARMLESS[kind], True) for kind in rng.choice(list(HARMLESS), ADORNED, replace=False)]
        for draw, whole in drawings:
            drawn = draw(photograph.picture, face, rng)
            again = best_face(detector, drawn)
            if again is not None:
                found.append((face_square(drawn, again), whole))
    return np.stack([square for square, _ in found]), np.array([whole for _, whole in found])


def balanced_limit(logits: npt.NDArray[np.float64], whole: npt.NDArray[np.bool_]) -> float:
    """Where the share of whole faces at or above is nearest to the share of covered ones below."""
    candidates = np.sort(logits)
    kept = 1 - np.searchsorted(np.sort(logits[whole]), candidates) / whole.sum()
    refused = np.searchsorted(np.sort(logits[~whole]), candidates) / (~whole).sum()
    return float(candidates[np.abs(kept - refused).argmin()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("outputs/bundled-model"))
    args = parser.parse_args()
    pictures, whole = squares(set_on(load_photographs(args.work)), np.random.default_rng(0))
    with torch.inference_mode():
        answers, _ = reader.trained("probe", args.work).eval()(reader.as_input(torch.from_numpy(pictures)))
    logits = answers[reader.VISIBILITY][:, 0].double().numpy()
    limit = balanced_limit(logits, whole)
    (args.work / LIMIT).write_text(json.dumps({"logit": limit}) + "\n")
    kept, refused = (logits[whole] >= limit).mean(), (logits[~whole] < limit).mean()
    print(
        f"{len(whole)} faces: at a logit of {limit:.2f}, {kept:.1%} of the whole are kept, {refused:.1%} of the covered refused"
    )


if __name__ == "__main__":
    main()
