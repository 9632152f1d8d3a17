"""Tables with a column for each emotion."""

from collections.abc import Sequence

from pipeline.errors import InputError, did_you_mean
from pipeline.vocabulary import load_vocabulary


def emotion_columns(found: Sequence[str], where: str) -> dict[str, str]:
    """Emotion -> the column of its name, slug or alias, for all 40 in the taxonomy's order.

    InputError where `id` or an emotion has no column; other columns are passed over.
    """
    if "id" not in found:
        raise InputError(f"{where}: no column 'id'{did_you_mean('id', found)}; it and one for each emotion are needed")
    columns: dict[str, str] = {}
    missing = []
    for emotion in load_vocabulary().emotions:
        spelt = [name for name in (emotion.name, emotion.slug, *emotion.aliases) if name in found]
        if len(spelt) > 1:
            raise InputError(f"{where}: columns {spelt[0]!r} and {spelt[1]!r} are the same emotion; keep one")
        if spelt:
            columns[emotion.name] = spelt[0]
        else:
            missing.append(emotion.name)
    if missing:
        hint = did_you_mean(missing[0], [name for name in found if name not in columns.values()])
        raise InputError(f"{where}: no column {missing[0]!r}{hint}; {len(missing)} of the emotions have none")
    return columns
