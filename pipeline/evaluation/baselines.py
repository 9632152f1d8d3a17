"""Scores that need no model: what any model must beat."""

import numpy as np

from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.bootstrap import SEED
from pipeline.evaluation.sample import Sample
from pipeline.labels.published import HIGHEST

RANDOM, MAJORITY = "random", "majority"


def random_scores(shape: tuple[int, int]) -> Floats:
    """Uniform from 0 to 7, (pictures, emotions), the same every time."""
    return np.random.default_rng(SEED).uniform(0, HIGHEST, shape)


def majority_scores(sample: Sample) -> Floats:
    """Each label's mean over the very pictures that are scored, whatever the picture: (pictures, labels), 0 to 7.

    It names the commonest label each time, and where labels are equally common ties are broken at random. It has seen the
    answers, which only makes it harder to beat.
    """
    known = ~np.isnan(sample.truth)
    means = np.where(known, sample.truth, 0).sum(0) / np.maximum(known.sum(0), 1)
    return np.broadcast_to(means, sample.scores.shape)
