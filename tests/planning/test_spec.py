import pytest
import yaml
from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.planning.spec import load_spec, parse_spec
from tests.conftest import make_spec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"grid": {"agess": [20]}}, "grid.agess: unknown field; did you mean 'ages'"),
        ({"nam": "x"}, "nam: unknown field; did you mean 'name'"),
        ({"grid": {"ages": [17]}}, "grid.ages: age 17 is refused: only adults"),
        ({"grid": {"emotions": []}}, "grid.emotions: an axis without levels"),
        ({"images_per_cell": -1}, "images_per_cell: .* not -1"),
        ({"images_per_cell": 0}, "images_per_cell: .* not 0"),
        ({"splits": {"train": 0.5}}, "splits: the shares must sum to 1"),
        ({"splits": {"train": 1.0, "test": 0.0}}, "splits: every split needs a share above 0"),
        ({"generator": {"width": 100}}, "generator.width: .*multiple of 8"),
        ({"name": "../up"}, "name: "),
    ],
)
def test_a_mistake_gets_one_line_that_names_the_field(fields, message):
    with pytest.raises(InputError, match=message) as caught:
        make_spec(**fields)
    assert "\n" not in str(caught.value)


def test_the_bundled_specs_are_valid():
    assert load_spec("demo").generator.model == "bundled"
    assert load_spec("emonet-big").images_per_cell == 26


def test_an_unknown_spec_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="no spec 'demmo'; did you mean 'demo'"):
        load_spec("demmo")


def test_changes_replace_fields_by_dotted_name():
    spec = load_spec("demo", {"images_per_cell": 3, "generator.steps": 5})
    assert (spec.images_per_cell, spec.generator.steps) == (3, 5)


def test_a_spec_survives_its_yaml():
    spec = load_spec("emonet-big", {"weights.age": {20: 2}})
    again = parse_spec(yaml.safe_load(spec.to_yaml()), "again")
    assert again == spec
    assert again.fingerprint() == spec.fingerprint()


def test_changes_are_told_field_by_field():
    spec = load_spec("demo")
    changed = load_spec("demo", {"generator.steps": 5, "seed": 1})
    assert changed.changes_from(spec) == ["seed: 0 -> 1", "generator.steps: None -> 5"]
    assert spec.changes_from(spec) == []
    assert changed.fingerprint() != spec.fingerprint()


def test_a_spec_cannot_be_changed_in_place():
    with pytest.raises(ValidationError):
        load_spec("demo").seed = 3


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    path = tmp_path / "list.yaml"
    path.write_text("- a\n- b\n")
    with pytest.raises(InputError, match="a spec is a mapping"):
        load_spec(str(path))
