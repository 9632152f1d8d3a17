"""What several tests use: the shipped vocabulary, small specs."""

import pytest

from pipeline.planning.spec import DatasetSpec, parse_spec
from pipeline.planning.vocabulary import Vocabulary, load_vocabulary


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


def make_spec(**fields: object) -> DatasetSpec:
    """A small valid spec, with `fields` on top."""
    return parse_spec({"name": "test", **fields}, "test spec")
