"""What `emonet evaluate` does: finds the pictures and their labels, has them scored, and reports."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.arrays import Floats
from pipeline.evaluation.baselines import MAJORITY, RANDOM, majority_scores, random_scores
from pipeline.evaluation.evaluation import Evaluation, Subject, evaluate_sample
from pipeline.evaluation.people import evaluate_binary, evaluate_hq, voted_images
from pipeline.evaluation.report import Report
from pipeline.evaluation.sample import Groups, Sample, named_sample, rated_sample
from pipeline.evaluation.sources.classes import load_mapping, read_classes
from pipeline.evaluation.sources.dataset import Rows, open_dataset, read_labels, read_rows
from pipeline.evaluation.sources.opening import open_scorer
from pipeline.evaluation.sources.pictures import PictureFolder
from pipeline.evaluation.sources.scorer import Scored, Scorer, complete
from pipeline.labels.published import Ratings, Votes, read_published
from pipeline.store.folder import DatasetFolder

HQ, BINARY = "hq", "binary"
REQUESTED = "labels are what was requested of the generator, confirmed by nobody"


def evaluate(
    model: str,
    target: str,
    data: str = "",
    mapping: str = "",
    labels: str = "",
    split: str = "",
    baselines: Sequence[str] = (),
    encoder: str = "",
    device: str = "auto",
) -> Report:
    """Evaluates a model, and `baselines` beside it.

    Args:
        model: Folder or hub id of a trained model, "zero-shot:ID", or a file of predictions (.parquet, .json).
        target: A dataset's folder or URL; "hq" or "binary"; or, with `mapping`, a folder of classes or a CSV file.
        data: For hq and binary: the folder of hq.csv or binary.csv and the pictures.
        mapping: A bundled mapping to another set's classes (ferplus8, fer7), or a YAML file.
        labels: Labels annotations/NAME of the dataset instead of the requested emotion.
        split: Of the dataset; test where there is one, "all" for every picture.
        baselines: More models, named as `model` is; random and majority are always there.
        encoder: Where the trained model's encoder is now, if it has moved.
        device: auto, cpu, cuda, cuda:1 or mps.

    Raises:
        InputError: Where something is missing or wrong, in one line.
    """
    _check(target, data, mapping, labels, split)
    scorers = [open_scorer(model, encoder, device), *(open_scorer(name, device=device) for name in baselines)]
    if target in (HQ, BINARY):
        return _on_people(target, Path(data), scorers)
    if mapping:
        return Report(target, _on_classes(Path(target), mapping, scorers))
    return Report(target, _on_dataset(open_dataset(target), labels, split, scorers))


def _check(target: str, data: str, mapping: str, labels: str, split: str) -> None:
    """Refuses options that would do nothing."""
    published = target in (HQ, BINARY)
    if published and not data:
        raise InputError(f"{target}: where is it? add --data FOLDER, the folder of {target}.csv and its pictures")
    unused = {
        "--data": data and not published,
        "--mapping": mapping and published,
        "--labels": labels and (published or mapping),
        "--split": split and (published or mapping),
    }
    for option, wrong in unused.items():
        if wrong:
            raise InputError(
                f"{option} has no meaning for {target}{' with --mapping' if mapping else ''}; leave it out"
            )


def _on_dataset(folder: DatasetFolder, labels: str, split: str, scorers: Sequence[Scorer]) -> Evaluation:
    rows = read_rows(folder, split)
    models = [complete(one, one.score_dataset(folder, rows.ids, rows.split)) for one in scorers]
    main = models[0]
    if labels:
        ratings = read_labels(folder, labels, rows.ids)
        sample = rated_sample(main.emotions, main.values, ratings)
        truth = f"labels are annotations/{labels}, positive from 3.5 of 7"
    else:
        _check_known(rows, main, folder)
        sample, truth = named_sample(main.emotions, main.values, rows.requested), REQUESTED
    split_text = "every split" if rows.split == "all" else f"split {rows.split}"
    return _evaluated(Subject(main.name, truth, split_text), sample, models, rows.groups)


def _on_classes(data: Path, mapping: str, scorers: Sequence[Scorer]) -> Evaluation:
    classes = load_mapping(mapping)
    found = read_classes(data, classes)
    models = [complete(one, one.score_files(found.pictures)) for one in scorers]
    mapped = [
        replace(one, emotions=tuple(classes.classes), values=classes.scores(one.emotions, one.values)) for one in models
    ]
    sample = named_sample(mapped[0].emotions, mapped[0].values, found.classes)
    truth = f"labels are its classes, through mapping {classes.name}: the highest of a class's emotions"
    return _evaluated(Subject(mapped[0].name, truth), sample, mapped, {})


def _on_people(target: str, data: Path, scorers: Sequence[Scorer]) -> Report:
    file = data / f"{target}.csv" if data.is_dir() else data
    published = read_published(file)
    if isinstance(published, Ratings) != (target == HQ):
        held, other = ("votes", BINARY) if target == HQ else ("ratings", HQ)
        raise InputError(f"{file}: holds {held}; type {other} instead of {target}")
    ids = voted_images(published) if isinstance(published, Votes) else published.images
    pictures = PictureFolder(file.parent, ids)
    models = [complete(one, one.score_files(pictures)) for one in scorers]
    if isinstance(published, Votes):
        return Report(str(file), evaluate_binary(published, models))
    return Report(str(file), evaluate_hq(published, models))


def _evaluated(subject: Subject, sample: Sample, models: Sequence[Scored], groups: Groups) -> Evaluation:
    """The first of `models`, against the baselines that need none and the other models."""
    baselines: dict[str, Floats] = {
        RANDOM: random_scores(sample.scores.shape),
        MAJORITY: majority_scores(sample),
        **{one.name: one.values for one in models[1:]},
    }
    cautions = tuple(caution for one in models for caution in one.cautions)
    return evaluate_sample(Subject(subject.model, subject.truth, subject.split, cautions), sample, baselines, groups)


def _check_known(rows: Rows, model: Scored, folder: DatasetFolder) -> None:
    unknown = sorted(set(rows.requested) - set(model.emotions))
    if unknown:
        raise InputError(f"{folder.storage.url}: asks for {', '.join(unknown)}, which {model.name} does not score")
