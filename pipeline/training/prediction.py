"""What `emonet predict` does: scores of whatever pictures a user names, with files and charts where asked."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import InputError
from pipeline.imaging import PICTURE_SUFFIXES
from pipeline.training.model import EmotionModel
from pipeline.training.pictures import DatasetPictures, PictureFiles, open_pictures, require_files
from pipeline.training.predict import Scores, encoder_of, score_dataset, score_pictures
from pipeline.training.scorefile import check_format, write_scores


def predict(
    model: str,
    pictures: Sequence[str],
    split: str | None = None,
    output: Path | None = None,
    charts: Path | None = None,
    subtract_means: bool = False,
    encoder: str = "",
    device: str = "auto",
) -> tuple[EmotionModel, Scores]:
    """Scores pictures, and writes scores and charts where asked.

    Args:
        model: See `EmotionModel.load`.
        pictures: One dataset, or picture files and folders of them.
        split: Of the dataset; all where None.
        output: A .json or .parquet file for the scores.
        charts: A folder for one chart a picture.
        subtract_means: See `EmotionModel.forward`.
        encoder: Where the model's encoder is now.
        device: Of the encoder.

    Raises InputError for what is not there or cannot be written.
    """
    if output is not None:
        check_format(output)
    source = _source(pictures, split)
    loaded = EmotionModel.load(model)
    chosen = encoder_of(loaded, encoder, device)
    if isinstance(source, DatasetPictures):
        scores = score_dataset(loaded, source.folder, split, encoder=chosen, subtract_means=subtract_means)
    else:
        scores = score_pictures(loaded, source, encoder=chosen, subtract_means=subtract_means)
    if output is not None:
        write_scores(output, loaded, scores)
    if charts is not None:
        from pipeline.training.chart import draw_charts

        draw_charts(
            charts, loaded, scores, (batch for piece in source.pieces(split) for batch in source.read(piece, False))
        )
    return loaded, scores


def _source(pictures: Sequence[str], split: str | None) -> DatasetPictures | PictureFiles:
    first = Path(pictures[0])
    if len(pictures) == 1 and not first.is_file() and first.suffix.lower() not in PICTURE_SUFFIXES:
        source = open_pictures(pictures[0])
        if isinstance(source, DatasetPictures):
            return source
    if split is not None:
        raise InputError(f"--split {split}: picture files have no splits; leave it out or name a dataset")
    paths = [Path(name) for name in pictures]
    return PictureFiles(Path(), [file for path in paths for file in (require_files(path) if path.is_dir() else [path])])
