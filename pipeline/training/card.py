"""README.md of a trained model, in the form that the Hugging Face hub reads."""

import yaml

from pipeline.training.encoder import BUNDLED, BUNDLED_CAUTION
from pipeline.training.labels import INTENSITIES, REQUESTED
from pipeline.training.measures import Measures
from pipeline.training.outcome import TrainOutcome
from pipeline.training.recipe import Recipe

_LIMITS = """\
## Limits

- Scores say what a picture of a synthetic face looks like to this model. They say nothing about what a person feels.
- {labels}
{encoder}- Trained with present and absent pictures of an emotion counted alike: scores rank pictures, and are not frequencies.
- {untaught}
- Not for use at work or school, in hiring, surveillance, law enforcement, border control, credit or insurance.
"""


def model_card(recipe: Recipe, outcome: TrainOutcome) -> str:
    """The card of a finished run."""
    header = {
        "license": "cc-by-4.0",
        "library_name": "emonet-face-big",
        "pipeline_tag": "image-classification",
        "tags": ["emotion", "faces", "emonet-face", "pytorch_model_hub_mixin", f"{recipe.labels}-labels"],
    }
    parts = [
        f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n",
        _about(recipe, outcome),
        "## Measured\n",
        *(_measured(one) for one in outcome.measures if one.pictures),
        _LIMITS.format(
            labels=_about_labels(recipe),
            encoder=f"- {BUNDLED_CAUTION[0].upper()}{BUNDLED_CAUTION[1:]}\n" if recipe.encoder == BUNDLED else "",
            untaught=_about_untaught(recipe, outcome),
        ),
    ]
    return "\n".join(parts)


def _about(recipe: Recipe, outcome: TrainOutcome) -> str:
    width = " -> ".join(map(str, (*recipe.heads, 1)))
    settings = ", ".join(f"{name} {value}" for name, value in recipe.settings.model_dump().items())
    first = f" Fine-tuned from `{recipe.init}`." if recipe.init else ""
    return f"""\
# Forty emotions from a face

Forty heads (embedding -> {width}, ReLU) over the frozen encoder `{recipe.encoder}`, revision `{recipe.encoder_revision}`,
which sees {"the face alone" if recipe.face_crop else "the whole picture"}. Each head gives a score of about 0 to 7 for one
emotion of the EmoNet-Face taxonomy.{first}

```python
from pipeline.training.model import EmotionModel

model = EmotionModel.load("FOLDER-OR-HUB-ID")  # .push_to_hub("OWNER/NAME") publishes it with this card
scores = model(embeddings)  # (n, 40); subtract_means=True takes the training pictures' mean score away
```

`emonet predict FOLDER-OR-HUB-ID PICTURES` makes the embeddings as well.

## Data

- Pictures: `{recipe.dataset}` (digest {recipe.pictures}): {outcome.train} for training, {outcome.validation} of its train
  split held out to stop on, {outcome.test} of its other splits for testing. {_left_out(outcome)}
- Labels: `{recipe.labels}`. {_about_labels(recipe)}
- Training: {outcome.epochs} epochs, {outcome.seconds:.0f} s; {settings}.
"""


def _left_out(outcome: TrainOutcome) -> str:
    if not outcome.faceless and not outcome.unlabelled:
        return "None was left out."
    return f"Left out: {outcome.faceless} without a face, {outcome.unlabelled} without a label."


def _about_labels(recipe: Recipe) -> str:
    if recipe.labels != REQUESTED:
        return "Labels are given by others (people or models); see where they come from."
    scale = ", ".join(f"{name} {score:g}" for name, score in INTENSITIES.items())
    return (
        "Labels are **requested**, not judged: the emotion that the generator was asked for counts as present "
        f"({scale}), every other as 0, whether or not the picture shows it."
    )


def _about_untaught(recipe: Recipe, outcome: TrainOutcome) -> str:
    if not outcome.untaught:
        return "Every emotion was present in training pictures."
    state = f"are those of `{recipe.init}`, unchanged" if recipe.init else "always answer 0"
    return f"No training picture shows these emotions, so their heads {state}: {', '.join(outcome.untaught)}."


def _measured(measures: Measures) -> str:
    held = (
        "It decided when to stop, so its figures flatter."
        if measures.part == "validation"
        else "Never used in training."
    )
    rows = [
        f"| {one.emotion} | {one.pictures} | {one.present} | {_figure(one.error)} | {_figure(one.auc)} |"
        for one in measures.emotions
        if one.auc is not None
    ]
    undefined = len(measures.emotions) - len(rows)
    return "\n".join(
        [
            f"### {measures.part.capitalize()}: {measures.pictures} pictures\n",
            f"{held} Mean absolute error {_figure(measures.error)} on the scale of 0 to 7, mean AUC {_figure(measures.auc)} "
            f"(chance 0.5), highest score on the highest label {_figure(measures.first)} "
            f"(always the most frequent: {_figure(measures.chance)}).",
            f"Not in the table: {undefined} emotions that are present in no picture here, or in all.\n",
            "| emotion | labelled | present | mean absolute error | AUC |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
