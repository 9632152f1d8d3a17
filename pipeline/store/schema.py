"""Columns of pictures, attempts and spool files, as Arrow types and as Hugging Face features."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from pipeline.attempts.verdict import Scores

# pyarrow has no types; the names are for the reader.
Schema = Any
Table = Any
Field = Any
DataType = Any

BOX = pa.list_(pa.float32(), 4)
LANDMARKS = pa.list_(pa.float32(), 10)
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_DATA_SCORES = ("det_score", "yaw", "pitch", "roll", "visibility", "sharpness")

REQUESTED = {"label": "requested"}
"""On the fields whose value was asked for. Nobody, and no model, has confirmed it."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Level names in ClassLabel order. An extension appends names, so that older files' numbers keep their meaning."""

    emotion: tuple[str, ...] = ()
    ethnicity: tuple[str, ...] = ()
    gender: tuple[str, ...] = ()

    def extended(self, emotions: Iterable[str], ethnicities: Iterable[str], genders: Iterable[str]) -> "Labels":
        """These labels, followed by the names that are new."""
        return Labels(
            tuple(dict.fromkeys((*self.emotion, *emotions))),
            tuple(dict.fromkeys((*self.ethnicity, *ethnicities))),
            tuple(dict.fromkeys((*self.gender, *genders))),
        )


def data_schema(labels: Labels) -> Schema:
    """The pa.Schema of data/*.parquet; `datasets` reads the features from its metadata."""
    schema = pa.schema(
        [
            pa.field("image", IMAGE),
            pa.field("id", pa.string()),
            pa.field("emotion", pa.int64(), metadata=REQUESTED),
            pa.field("ethnicity", pa.int64(), metadata=REQUESTED),
            pa.field("age", pa.int32(), metadata=REQUESTED),
            pa.field("gender", pa.int64(), metadata=REQUESTED),
            pa.field("intensity", pa.string(), metadata=REQUESTED),
            pa.field("prompt", pa.string()),
            pa.field("negative_prompt", pa.string()),
            pa.field("seed", pa.int64()),
            pa.field("attempt", pa.int32()),
            pa.field("model", pa.string()),
            pa.field("revision", pa.string()),
            pa.field("steps", pa.int32()),
            pa.field("guidance", pa.float32()),
            pa.field("width", pa.int32()),
            pa.field("height", pa.int32()),
            pa.field("face_box", BOX),
            pa.field("landmarks", LANDMARKS),
            *(pa.field(name, pa.float32()) for name in _DATA_SCORES),
            pa.field("sha256", pa.string()),
        ]
    )
    return _with_features(schema, labels)


def attempts_schema() -> Schema:
    """The pa.Schema of attempts/*.parquet: every try at a slot; `thumbnail` is null where it was accepted."""
    schema = pa.schema(
        [
            pa.field("id", pa.string()),
            pa.field("attempt", pa.int32()),
            pa.field("seed", pa.int64()),
            pa.field("accepted", pa.bool_()),
            pa.field("reason", pa.string()),
            *_score_fields(),
            pa.field("fingerprint", pa.uint64()),
            pa.field("width", pa.int32()),
            pa.field("height", pa.int32()),
            pa.field("milliseconds", pa.float64()),
            pa.field("thumbnail", pa.binary()),
        ]
    )
    return _with_features(schema, Labels())


def spool_schema() -> Schema:
    """The pa.Schema of a spool file: attempts, with what is needed to take them up again exactly."""
    own = [pa.field("prompt", pa.string()), pa.field("negative_prompt", pa.string()), pa.field("image", pa.binary())]
    kept = [field for field in attempts_schema() if field.name not in ("accepted", "thumbnail")]
    return pa.schema([*kept, *own])


def plan_schema(labels: Labels) -> Schema:
    """The pa.Schema of plan*.parquet: a row a slot. Its metadata holds the labels."""
    text = ("id", "split", "shard", "emotion", "ethnicity", "gender", "intensity", "prompt", "negative_prompt")
    schema = pa.schema(
        [*(pa.field(name, pa.string()) for name in text), pa.field("age", pa.int32()), pa.field("index", pa.int32())]
    )
    named = {field.name: list(getattr(labels, field.name)) for field in fields(Labels)}
    return schema.with_metadata({"labels": json.dumps(named)})


def labels_of(metadata: Mapping[bytes, bytes]) -> Labels:
    """The labels in a plan's schema metadata."""
    named = json.loads(metadata[b"labels"])
    return Labels(**{axis: tuple(names) for axis, names in named.items()})


def columns_to_table(schema: Schema, rows: Sequence[Mapping[str, Any]]) -> Table:
    """A pa.Table of `rows`, each with a value for every column."""
    return pa.Table.from_pylist(list(rows), schema=schema)


def leaf_columns(schema: Schema) -> list[str]:
    """Parquet's paths of the columns, as its writer's options want them."""
    paths: list[str] = []
    for field in schema:
        if pa.types.is_struct(field.type):
            paths += [f"{field.name}.{inner.name}" for inner in field.type]
        elif pa.types.is_fixed_size_list(field.type):
            paths.append(f"{field.name}.list.element")
        else:
            paths.append(field.name)
    return paths


def features_of(schema: Schema, labels: Labels) -> dict[str, Any]:
    """The Hugging Face features of `schema` by column, as `datasets` writes them into Parquet."""
    named = {axis.name: getattr(labels, axis.name) for axis in fields(Labels)}
    return {field.name: _feature(field, named.get(field.name, ())) for field in schema}


def _feature(field: Field, names: tuple[str, ...]) -> dict[str, Any]:
    if field.type == IMAGE or field.name == "thumbnail":
        return {"_type": "Image"}
    if names:
        return {"_type": "ClassLabel", "names": list(names)}
    if pa.types.is_fixed_size_list(field.type):
        value = {"_type": "Value", "dtype": _dtype(field.type.value_type)}
        return {"_type": "Sequence", "feature": value, "length": field.type.list_size}
    return {"_type": "Value", "dtype": _dtype(field.type)}


def _dtype(arrow_type: DataType) -> str:
    return {"float": "float32", "double": "float64"}.get(str(arrow_type), str(arrow_type))


def _with_features(schema: Schema, labels: Labels) -> Schema:
    described = {"info": {"features": features_of(schema, labels)}}
    return schema.with_metadata({"huggingface": json.dumps(described)})


def _score_fields() -> list[Field]:
    """A column for every field of Scores. 64 bits, so that the spool gives back what was put in."""
    special = {"faces": pa.int32(), "face_box": pa.list_(pa.float64(), 4), "landmarks": pa.list_(pa.float64(), 10)}
    return [pa.field(field.name, special.get(field.name, pa.float64())) for field in fields(Scores)]
