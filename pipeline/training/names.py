"""The forty emotions as models, label columns and published files call them. Aliases are the vocabulary's."""

from collections.abc import Iterable
from functools import cache

from pipeline.errors import InputError
from pipeline.vocabulary import Vocabulary, load_vocabulary


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


def positions_of(labels: Iterable[str], where: str) -> dict[int, str]:
    """Place -> label as spelt; InputError says `where` an unknown or repeated emotion stands."""
    found: dict[int, str] = {}
    for label in labels:
        try:
            place = position_of(label)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if place in found:
            raise InputError(f"{where}: {found[place]!r} and {label!r} are the same emotion; keep one")
        found[place] = label
    return found


def published_file(name: str) -> str:
    """The file of an Empathic-Insight-Face head: "Jealousy & Envy" is in model_jealousy_&_envy_best.pth."""
    return f"model_{name.lower().replace('/', '_').replace(' ', '_')}_best.pth"
