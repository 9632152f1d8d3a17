"""A request: the spec a user named, with the changes made on the command line or in the Prefect form."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.planning.grid import Grid, make_grid
from pipeline.planning.prompting import Prompter
from pipeline.planning.spec import DatasetSpec, load_spec
from pipeline.planning.vocabulary import Vocabulary, load_vocabulary

CHANGES = {
    "model": "generator.model",
    "images_per_cell": "images_per_cell",
    "emotions": "grid.emotions",
    "ethnicities": "grid.ethnicities",
    "ages": "grid.ages",
    "genders": "grid.genders",
    "seed": "seed",
    "steps": "generator.steps",
    "guidance": "generator.guidance",
    "batch_size": "generator.batch_size",
    "detector": "face.detector",
    "max_attempts": "face.max_attempts",
}
"""Options of the command line and parameters of the flow, and the field of the spec that each of them sets."""


@dataclass(frozen=True)
class Request:
    """What is asked for, checked against prompts/: nothing was loaded or written yet."""

    spec: DatasetSpec
    vocabulary: Vocabulary
    grid: Grid
    prompter: Prompter
    output: str
    """Folder or fsspec URL of the dataset."""


def make_request(spec: str, output: str = "", prompts: str = "", options: Mapping[str, Any] | None = None) -> Request:
    """Reads and checks a request.

    Args:
        spec: A YAML file, or the name of a bundled spec.
        output: Folder or fsspec URL; outputs/NAME where left out.
        prompts: Another prompts/ folder than the bundled one.
        options: Values by the names in CHANGES; None, an empty text or list, and other names leave the spec as it is.

    Raises:
        InputError: With one line that says what is wrong, where, and what to do.
    """
    vocabulary = load_vocabulary(Path(prompts) if prompts else None)
    given = {name: value for name, value in (options or {}).items() if value not in (None, "", [])}
    wanted = {field: given[name] for name, field in CHANGES.items() if name in given}
    loaded = load_spec(spec, wanted, vocabulary.folder)
    return check_request(loaded, vocabulary, output or f"outputs/{loaded.name}")


def check_request(spec: DatasetSpec, vocabulary: Vocabulary, output: str) -> Request:
    """A request for `spec` in the words of `vocabulary`; InputError where the one names what the other lacks."""
    prompter = Prompter(vocabulary, spec.prompt.template, spec.prompt.intensities)
    return Request(spec, vocabulary, make_grid(spec, vocabulary), prompter, output)
