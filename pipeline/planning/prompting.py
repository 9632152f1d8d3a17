"""Slot -> prompt text. A slot's words follow from its id alone, so that no later slot changes an earlier one's."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import permutations
from math import gcd
from pathlib import Path
from typing import TypeVar

from pipeline.errors import InputError, did_you_mean
from pipeline.planning.grid import Cell
from pipeline.planning.vocabulary import Vocabulary

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a pipeline is asked for. `intensity` is a key of templates.yaml's intensities."""

    text: str
    negative: str
    intensity: str


class Prompter:
    """Puts slots into words. Intensities take turns over a cell's slots; descriptors and wording vary with them."""

    def __init__(self, vocabulary: Vocabulary, template: str, intensities: tuple[str, ...]) -> None:
        self._template = _known(vocabulary.templates, template, "template", vocabulary.folder)
        self._intensities = intensities
        self._words = {
            name: _known(vocabulary.intensities, name, "intensities", vocabulary.folder) for name in intensities
        }

    def prompt(self, cell: Cell, index: int) -> Prompt:
        """The prompt of slot `index` (0 up) of `cell`. The first slots of a cell never repeat a combination."""
        start = int.from_bytes(blake2b(cell.slug.encode(), digest_size=8).digest(), "big")
        turn, beat = divmod(index, len(self._intensities))
        intensity = self._intensities[(beat + start) % len(self._intensities)]
        pairs = list(permutations(cell.emotion.descriptors, 2)) or [(cell.emotion.descriptors[0],) * 2]
        place = start + (turn + beat * (len(pairs) // len(self._intensities) + 1)) * _coprime_step(len(pairs), start)
        first, second = pairs[place % len(pairs)]
        wording = self._template.variants[(index + turn + start // 7) % len(self._template.variants)]
        person = self._template.person.format(age=cell.age, ethnicity=cell.ethnicity.words, gender=cell.gender.words)
        words = {"first": first, "second": second, "intensity": self._words[intensity]}
        feeling = " ".join(self._template.feeling.format(**words).split())
        text = wording.format(person=person, feeling=feeling, **words)
        return Prompt(" ".join(text.split()), self._template.negative, intensity)


def _coprime_step(count: int, start: int) -> int:
    """A step that visits all `count` places before it repeats one, different from cell to cell."""
    step = 1 + start % max(count - 1, 1)
    while gcd(step, count) != 1:
        step += 1
    return step


def _known(entries: Mapping[str, T], name: str, field: str, where: Path) -> T:
    if name not in entries:
        raise InputError(f"prompt.{field}: {name!r} is not in {where / 'templates.yaml'}{did_you_mean(name, entries)}")
    return entries[name]
