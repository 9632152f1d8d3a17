"""Opens whatever gives scores by its name: a trained model, a text-image model, a file of predictions."""

from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.sources.scorer import ZERO_SHOT, Scorer


def open_scorer(model: str, encoder: str = "", device: str = "auto") -> Scorer:
    """A model by name: "zero-shot:ID", a .parquet or .json file of predictions, a folder or hub id of a trained model.

    `encoder` says where a trained model's encoder is now, if it has moved; `device` is auto, cpu, cuda, cuda:1 or mps.
    Raises InputError where it is not there or not whole. torch is imported for models alone.
    """
    if not model:
        raise InputError("no model named; name a folder that `emonet train` made, a hub id, or a file of predictions")
    if model.startswith(ZERO_SHOT):
        from pipeline.evaluation.sources.zero_shot import ZeroShot

        return ZeroShot.load(model.removeprefix(ZERO_SHOT), device)
    if Path(model).suffix in (".parquet", ".json"):
        from pipeline.evaluation.sources.predictions import read_predictions

        return read_predictions(Path(model))
    from pipeline.evaluation.sources.trained import Trained

    return Trained.load(model, encoder, device)
