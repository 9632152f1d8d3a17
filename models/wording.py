"""Put labels into words, in the product's own templates and many shorter ways, and build the tokenizer for all of them.

The generator must understand what ``prompts/`` can ask for: both demographic presets (the 14 ``emonet`` labels fold into the 8
``balanced`` groups, which are what the renderer can show), every descriptor, intensity and wording. Shorter and looser prompts
are mixed in so that it does not hang on one phrase.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from models.people import Labels
from models.tables import OLDEST, YOUNGEST
from pipeline.planning.vocabulary import Template, Vocabulary, load_vocabulary

LENGTH = 48  # tokens of a prompt, both ends included; longer prompts are cut
START, END, UNKNOWN = "<s>", "</s>", "<unk>"
NEUTRAL = ("neutral", "no emotion", "neutral expression", "calm")
SHORT = (
    "a photo of a {person}, {first}",
    "photo of a {person} with {feeling}",
    "{person}, {feeling}",
    "portrait of a {person} showing {first}",
    "face of a {person}, {first}, {second}",
    "a {person} feeling {feeling}",
    "{feeling}, {person}, full face",
    "{first} expression, {person}",
)
PEOPLE = (
    "{age}-year-old {ethnicity} {gender}",
    "{ethnicity} {gender} of {age}",
    "{ethnicity} {gender}, {age} years old",
)
EXACT_AGE = 0.2  # share of prompts that say the age to the year; the others say the decade, as the grids do
EXTRA_WORDS = (
    "face portrait photo picture person male female years old adult emotion expression smiling the and with in is"
)


@cache
def vocabulary() -> Vocabulary:
    """The product's own prompt data."""
    return load_vocabulary()


@cache
def ethnicity_words() -> dict[str, tuple[str, ...]]:
    """Slug of a balanced level -> every way in which either preset says it."""
    words: dict[str, list[str]] = {level.slug: [level.words] for level in vocabulary().presets["balanced"].ethnicities}
    for level in vocabulary().presets["emonet"].ethnicities:
        words[level.group].append(level.words)
    return {slug: tuple(dict.fromkeys(names)) for slug, names in words.items()}


@cache
def descriptors() -> dict[str, tuple[str, ...]]:
    """Slug of an emotion -> the words a prompt may use for it; the resting face included."""
    return {emotion.slug: emotion.descriptors for emotion in vocabulary().emotions} | {"neutral": NEUTRAL}


@cache
def emotion_names() -> dict[str, str]:
    """Slug of an emotion -> its label."""
    return {emotion.slug: emotion.name.replace("/", " ") for emotion in vocabulary().emotions} | {"neutral": "neutral"}


def negatives() -> list[str]:
    """What the product may pass as the unconditional branch: nothing, or a template's negative prompt."""
    return ["", *dict.fromkeys(template.negative for template in vocabulary().templates.values())]


def describe(labels: Labels, rng: np.random.Generator) -> str:
    """One prompt for ``labels``: two thirds in the product's templates, one third shorter, sometimes with a part left out."""
    templates = list(vocabulary().templates.values())
    if rng.random() < 0.67:
        template = templates[0 if rng.random() < 0.75 else int(rng.integers(len(templates)))]
        wording = str(rng.choice(template.variants))
        return _fill(wording, template.person, template.feeling, labels, rng)
    person = str(rng.choice(PEOPLE))
    if rng.random() < 0.15:
        person = person.replace("{age}-year-old ", "").replace(" of {age}", "").replace(", {age} years old", "")
    return _fill(str(rng.choice(SHORT)), person, "{intensity} {first}", labels, rng)


def _fill(wording: str, person: str, feeling: str, labels: Labels, rng: np.random.Generator) -> str:
    words = list(descriptors()[labels.emotion])
    if rng.random() < 0.15:
        words = [emotion_names()[labels.emotion], *words]
        first, second = words[0], str(rng.choice(words))
    else:
        first, second = (str(w) for w in rng.choice(words, 2, replace=len(words) < 2))
    intensity = vocabulary().intensities.get(labels.intensity, "")
    fields = {"first": first, "second": second, "intensity": intensity}
    age = labels.age if rng.random() < EXACT_AGE else round(labels.age / 10) * 10
    people = {
        "age": age,
        "gender": labels.gender,
        "ethnicity": str(rng.choice(ethnicity_words()[labels.ethnicity])),
    }
    text = wording.format(person=person.format(**people), feeling=feeling.format(**fields), **fields)
    return " ".join(text.split())


def split(text: str) -> list[str]:
    """The words of a text as the tokenizer sees them: lower case, split at everything but letters and digits."""
    return re.findall(r"[a-z0-9]+", text.lower())


def words() -> list[str]:
    """Every word that the prompts can hold, sorted."""
    said = vocabulary()
    texts = [EXTRA_WORDS, *SHORT, *PEOPLE, *negatives(), *said.intensities.values(), *said.intensities]
    texts += [t for template in said.templates.values() for t in _texts(template)]
    texts += [w for group in (*ethnicity_words().values(), *descriptors().values()) for w in group]
    texts += [*emotion_names().values(), *emotion_names(), *(level.words for level in said.presets["balanced"].genders)]
    plain = [re.sub(r"\{\w+\}", " ", text) for text in texts]
    return sorted({w for text in plain for w in split(text)} | {str(n) for n in range(YOUNGEST, OLDEST + 1)})


def _texts(template: Template) -> list[str]:
    return [template.person, template.feeling, *template.variants]


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A word-level tokenizer over ``words()``; anything else becomes ``<unk>``."""
    table = {w: i for i, w in enumerate([UNKNOWN, START, END, *words()])}
    tokenizer = Tokenizer(models.WordLevel(table, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Lowercase(), normalizers.Replace(Regex("[^a-z0-9]+"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, table[START]), (END, table[END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        unk_token=UNKNOWN,
        model_max_length=LENGTH,
    )


def encode(texts: list[str], tokenizer: PreTrainedTokenizerFast) -> np.ndarray:
    """(n, LENGTH) int64 token numbers, padded as diffusers pads them."""
    ids = tokenizer(texts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="np").input_ids
    return np.asarray(ids, np.int64)
