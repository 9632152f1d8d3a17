"""Bootstrap draws of every emotion's figures against scikit-learn and scipy, one draw after the other.

`python benchmarks/bootstraps.py [--pictures 2500] [--draws 1000]`: ROC-AUC, average precision and Spearman's rho of 40
emotions. The baseline is timed on a few of the same draws, `--compared`, and told as seconds for all of them; what it finds
on these is held against ours.
"""

import argparse
import time

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.bootstrap import RESAMPLES, SEED, draw_times
from pipeline.evaluation.metrics import ranked, ranking, spearman
from pipeline.labels.emotions import emotion_names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2500)
    parser.add_argument("--draws", type=int, default=RESAMPLES)
    parser.add_argument("--compared", type=int, default=5, help="draws that the baseline computes")
    arguments = parser.parse_args()
    scores, truth = random_sample(arguments.pictures)
    start = time.perf_counter()
    found = all_draws(scores, truth, arguments.draws)
    ours = time.perf_counter() - start
    times = next(iter(draw_times(arguments.pictures, arguments.draws, SEED)))[:, : arguments.compared]
    start = time.perf_counter()
    expected = one_by_one(scores, truth, times)
    theirs = (time.perf_counter() - start) / arguments.compared * found.shape[-1]
    apart = np.abs(found[..., : arguments.compared] - expected).max()
    print(f"{found.shape[-1]} draws of {arguments.pictures} pictures, {scores.shape[1]} emotions, 3 figures each")
    print(f"all draws at once        {ours:8.1f} s   1.0")
    print(f"scikit-learn and scipy   {theirs:8.1f} s   {theirs / ours:.1f}   (from {arguments.compared} draws)")
    print(f"largest difference between the two: {apart:.0e}")


def random_sample(pictures: int) -> tuple[Floats, Floats]:
    """Scores, and labels from 0 to 7 in whole numbers, most of them 0, that follow them loosely."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(pictures, len(emotion_names())))
    return scores, np.clip(np.round(3 * (scores + rng.normal(size=scores.shape)) - 3), 0, 7)


def all_draws(scores: Floats, truth: Floats, draws: int) -> Floats:
    """(emotions, 3, 1 + draws): the sample itself comes first."""
    blocks = []
    for times in draw_times(len(scores), draws, SEED):
        figures = []
        for column, labels in zip(scores.T, truth.T, strict=True):
            pictures = ranked(column, times)
            figures.append([*ranking(pictures, labels >= 3.5), spearman(pictures, labels)])
        blocks.append(np.array(figures))
    return np.concatenate(blocks, axis=-1)


def one_by_one(scores: Floats, truth: Floats, times: Floats) -> Floats:
    """The same for the draws (columns) of `times`, as a loop over the libraries' functions."""
    figures = np.empty((scores.shape[1], 3, times.shape[1]))
    for draw, counts in enumerate(times.T):
        rows = np.repeat(np.arange(len(scores)), counts.astype(int))
        for emotion, (column, labels) in enumerate(zip(scores[rows].T, truth[rows].T, strict=True)):
            positive = labels >= 3.5
            area, precision = roc_auc_score(positive, column), average_precision_score(positive, column)
            figures[emotion, :, draw] = area, precision, spearmanr(column, labels).statistic
    return figures


if __name__ == "__main__":
    main()
