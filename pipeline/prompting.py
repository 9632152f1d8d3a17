"""Slot -> prompt text. A slot's words follow from its id alone, so that no later slot changes an earlier one's."""

from dataclasses import dataclass
from hashlib import blake2b
from itertools import permutations
from math import gcd

from pipeline.errors import InputError, did_you_mean
from pipeline.grid import Cell
from pipeline.vocabulary import Template, Vocabulary


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a pipeline is asked for. `intensity` is a key of templates.yaml's intensities."""

    text: str
    negative: str
    intensity: str


class Prompter:
    """Words a slot. Intensities take turns over a cell's slots; the pair of descriptors and the wording vary with them."""

    def __init__(self, vocabulary: Vocabulary, template: str, intensities: tuple[str, ...]) -> None:
        self._template = _known_template(vocabulary, template)
        self._intensities = intensities
        self._words = {name: _known_intensity(vocabulary, name) for name in intensities}

    def prompt(self, cell: Cell, index: int) -> Prompt:
        """The prompt of slot `index` (0 up) of `cell`. The first slots of a cell never repeat a combination."""
        start = int.from_bytes(blake2b(cell.slug.encode(), digest_size=8).digest(), "big")
        turn, beat = divmod(index, len(self._intensities))
        intensity = self._intensities[(beat + start) % len(self._intensities)]
        pairs = list(permutations(cell.emotion.descriptors, 2)) or [cell.emotion.descriptors * 2]
        place = start + (turn + beat * (len(pairs) // len(self._intensities) + 1)) * _coprime_step(len(pairs), start)
        first, second = pairs[place % len(pairs)]
        wording = self._template.variants[(index + turn + start // 7) % len(self._template.variants)]
        person = self._template.person.format(
            age=cell.age, ethnicity=cell.ethnicity.words, gender=cell.gender.words
        )
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


def _known_template(vocabulary: Vocabulary, name: str) -> Template:
    try:
        return vocabulary.templates[name]
    except KeyError:
        near = did_you_mean(name, vocabulary.templates)
        raise InputError(f"prompt.template: unknown template {name!r}{near} ({vocabulary.folder / 'templates.yaml'})") from None


def _known_intensity(vocabulary: Vocabulary, name: str) -> str:
    try:
        return vocabulary.intensities[name]
    except KeyError:
        near = did_you_mean(name, vocabulary.intensities)
        raise InputError(f"prompt.intensities: unknown intensity {name!r}{near} ({vocabulary.folder / 'templates.yaml'})") from None
