"""Another scheduler than the one a pipeline ships with."""

import inspect
from pathlib import Path
from typing import Any

import diffusers

from pipeline.errors import InputError, brief, did_you_mean
from pipeline.generators.source import DiffusersClass, ModelSource

_FLOW_MATCH = "FlowMatch"
_ALSO_FIT = {"LCMScheduler", "TCDScheduler"}
"""Made for distilled Stable Diffusions, though diffusers lists them as compatible with nothing."""


def check_scheduler(name: str, source: ModelSource) -> None:
    """InputError for a class that diffusers does not have, or that samples another kind of model than this one."""
    new_class, shipped = _scheduler_class(name), source.class_of("scheduler")
    if shipped is None:
        raise InputError(f"generator.scheduler: {source.pipeline_class.__name__} has none to replace; leave it out")
    if _is_flow_match(shipped):
        fits = _is_flow_match(new_class) or _knows_flow(new_class)
        choices = {known for known in _names() if known.startswith(_FLOW_MATCH)}
        choices |= {"DPMSolverMultistepScheduler", "UniPCMultistepScheduler"}
    else:
        choices = {shipped.__name__, *shipped._compatibles, *_ALSO_FIT}
        fits = not shipped._compatibles or not choices.isdisjoint({name, *new_class._compatibles})
    if not fits:
        raise InputError(
            f"generator.scheduler: {name} does not fit a model made for {shipped.__name__}; "
            f"choose of: {', '.join(sorted(choices))}"
        )


def make_scheduler(name: str, source: ModelSource, folder: Path) -> Any:  # noqa: ANN401 - a diffusers scheduler
    """A scheduler of class `name` that follows the noise or flow of the model in `folder`.

    InputError where the class cannot follow it.
    """
    new_class, shipped = _scheduler_class(name), source.class_of("scheduler")
    assert shipped is not None
    try:
        config = shipped.load_config(folder, subfolder="scheduler")
        if config.get("prediction_type") == "flow_prediction" and not _knows_flow(new_class):
            raise ValueError(f"it does not know flow prediction, as {shipped.__name__} does")
        if _is_flow_match(shipped) and not _is_flow_match(new_class):
            config |= {
                "prediction_type": "flow_prediction",
                "use_flow_sigmas": True,
                "flow_shift": config.get("shift", 1.0),
            }
        return new_class.from_config(config)
    except (OSError, ImportError, ValueError, TypeError) as error:
        raise InputError(f"generator.scheduler: {name} does not fit {source.name!r} ({brief(error)})") from error


def _names() -> list[str]:
    return [name for name in dir(diffusers) if name.endswith("Scheduler") and not name.startswith("Flax")]


def _scheduler_class(name: str) -> DiffusersClass:
    if name not in _names():
        raise InputError(
            f"generator.scheduler: diffusers {diffusers.__version__} has no {name!r}"
            f"{did_you_mean(name, _names())} (a class such as EulerDiscreteScheduler)"
        )
    found = getattr(diffusers, name)
    if not issubclass(found, diffusers.SchedulerMixin):
        needs = ", ".join(getattr(found, "_backends", ())) or "another library"
        raise InputError(f"generator.scheduler: {name} needs {needs}; install it, or choose another")
    return found


def _is_flow_match(scheduler_class: DiffusersClass) -> bool:
    return str(scheduler_class.__name__).startswith(_FLOW_MATCH)


def _knows_flow(scheduler_class: DiffusersClass) -> bool:
    return "use_flow_sigmas" in inspect.signature(scheduler_class.__init__).parameters
