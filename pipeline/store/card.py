"""README.md: what a dataset says about itself, in the form that `datasets` and the Hugging Face hub read."""

from collections.abc import Sequence
from typing import Any

import yaml

from pipeline.store.schema import Labels, data_schema, features_of

_TEXT = """
# {name}

Synthetic faces, made by diffusion models. No picture shows a real person.

`emotion`, `ethnicity`, `age`, `gender` and `intensity` say what was **requested** of the generator. They are not
perceived, self-reported or verified; see `annotations/` for judgements, where there are any.

    from datasets import load_dataset
    load_dataset("{name}")  # this folder
"""


def card_text(name: str, splits: Sequence[str], labels: Labels, size: int) -> str:
    """The README.md of a dataset whose pictures are in data/SPLIT-*.parquet, `size` bytes together.

    It states the features, since an older file's metadata does not know the levels that an extension added; and the
    size, since `datasets` takes a folder from its cache for as long as this header stays the same.
    """
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
    features = features_of(data_schema(labels), labels)
    header = {
        "license": "cc-by-4.0",
        "pretty_name": name,
        "tags": ["synthetic", "faces", "emotion", "requested-labels"],
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {
            "config_name": "default",
            "download_size": size,
            "features": [_yaml_feature(column, feature) for column, feature in features.items()],
        },
    }
    front = yaml.safe_dump(header, sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n{_TEXT.format(name=name)}"


def _yaml_feature(column: str, feature: dict[str, Any]) -> dict[str, Any]:
    """A feature as dataset cards write it, which is not how Parquet metadata does."""
    kind = feature["_type"]
    if kind == "ClassLabel":
        names = {str(number): name for number, name in enumerate(feature["names"])}
        return {"name": column, "dtype": {"class_label": {"names": names}}}
    if kind == "Sequence":
        return {"name": column, "sequence": feature["feature"]["dtype"], "length": feature["length"]}
    return {"name": column, "dtype": "image" if kind == "Image" else feature["dtype"]}
