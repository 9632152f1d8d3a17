"""How the bundled model wants to be sampled, where a spec says nothing."""

from typing import Final

from pipeline.planning.spec import GeneratorSpec

BUNDLED: Final = "bundled"
"""The `generator.model` that names the model which travels with the code."""

_SAMPLING: Final = {"width": 128, "height": 128, "steps": 14, "guidance": 2.5}


def with_bundled_defaults(spec: GeneratorSpec) -> GeneratorSpec:
    """The spec with the bundled model's size, steps and guidance filled in where it leaves them out."""
    return spec.model_copy(update={field: value for field, value in _SAMPLING.items() if getattr(spec, field) is None})
