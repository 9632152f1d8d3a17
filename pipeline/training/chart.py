"""A picture beside its highest scores, as PNG."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pipeline.store.storage import explained
from pipeline.training.model import EmotionModel
from pipeline.training.pictures import Picture, Pictures
from pipeline.training.predict import Floats, Scores

BARS = 12


def draw_charts(folder: Path, model: EmotionModel, scores: Scores, pictures: Iterable[Pictures]) -> list[Path]:
    """A chart for each picture that has scores, named by its id; returns the files.

    `pictures` come in the order of `scores`. InputError where the folder cannot be written.
    """
    files = []
    rows = iter(zip(scores.ids, scores.values, strict=True))
    with explained(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        for batch in pictures:
            for picture in batch.pictures:
                name, row = next(rows)
                if not np.isnan(row).any():
                    files.append(folder / f"{name.strip('./').replace('/', '_')}.png")
                    _draw(files[-1], name, picture, row, model.emotions)
    return files


def _draw(file: Path, name: str, picture: Picture, scores: Floats, emotions: tuple[str, ...]) -> None:
    highest = np.argsort(-scores)[:BARS][::-1]
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(8, 4), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.2))
        left.imshow(picture)
        left.set_axis_off()
        bars = right.barh([emotions[place] for place in highest], scores[highest], color="#4c72b0")
        right.bar_label(bars, fmt="%.1f", padding=2)
        right.set_xlim(min(0.0, float(scores[highest].min())), max(7.0, float(scores.max())) * 1.08)
        right.set_xlabel("score (0 to 7)")
        right.spines[["top", "right"]].set_visible(False)
        figure.suptitle(name, fontsize=9)
        figure.savefig(file, dpi=120)
