"""The forty emotions as models, label columns and published files call them. Aliases are the vocabulary's."""

from collections.abc import Sequence
from functools import cache

from pipeline.errors import InputError, did_you_mean
from pipeline.planning.vocabulary import Vocabulary, load_vocabulary


@cache
def _vocabulary() -> Vocabulary:
    return load_vocabulary()


@cache
def emotion_names() -> tuple[str, ...]:
    """The names in the taxonomy's order: the order of every score and label array."""
    return tuple(emotion.name for emotion in _vocabulary().emotions)


@cache
def position_of(label: str) -> int:
    """The place of an emotion by name, slug or alias (Hopelessness is Helplessness); InputError with the nearest name."""
    vocabulary = _vocabulary()
    return vocabulary.emotions.index(vocabulary.emotion(label))


def emotion_columns(found: Sequence[str], where: str) -> dict[str, str]:
    """Emotion -> the one of the columns `found` that has its name, slug or alias, for all 40 in the taxonomy's order.

    Other columns are passed over. InputError says `where` an emotion, or `id`, has no column, or an emotion has two.
    """
    if "id" not in found:
        raise InputError(f"{where}: no column 'id'{did_you_mean('id', found)}; it and one for each emotion are needed")
    columns: dict[int, str] = {}
    for label in filter(_is_emotion, found):
        place = position_of(label)
        if place in columns:
            raise InputError(f"{where}: columns {columns[place]!r} and {label!r} are the same emotion; keep one")
        columns[place] = label
    missing = [name for place, name in enumerate(emotion_names()) if place not in columns]
    if missing:
        hint = did_you_mean(missing[0], [label for label in found if not _is_emotion(label)])
        raise InputError(f"{where}: no column {missing[0]!r}{hint}; {len(missing)} of the emotions have none")
    return {name: columns[place] for place, name in enumerate(emotion_names())}


def _is_emotion(label: str) -> bool:
    try:
        position_of(label)
    except InputError:
        return False
    return True
