import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.evaluation.agreement import agreement, protocol
from tests.evaluation.making import sequential_votes, write_ratings, write_votes


@pytest.fixture
def votes_file(tmp_path: Path) -> Path:
    return write_votes(tmp_path / "binary.csv", sequential_votes(60))


@pytest.fixture
def ratings_file(tmp_path: Path) -> Path:
    rows = [
        (f"{image}.png", name, name.startswith("human"), {"G|Anger": (image * step) % 8, "G|Fear": image % 3})
        for image in range(12)
        for step, name in ((1, "human-1"), (3, "human-2"), (1, "gpt"))
    ]
    return write_ratings(tmp_path / "hq.csv", rows)


def test_votes_print_their_figures_and_say_why_they_are_not_agreement(votes_file: Path):
    text = agreement(votes_file).as_text()
    assert text.startswith(f"{votes_file}: 117 votes, 60 images, 60 units")
    for expected in (
        "yes:no",
        "mean of emotions",
        "human-1 - human-4",
        "Cohen's kappa (not agreement: see !)",
        "Helplessness",
    ):
        assert expected in text
    assert "! Voting looks sequential" in text


def test_ratings_print_people_and_name_what_nobody_saw(ratings_file: Path):
    text = agreement(ratings_file).as_text()
    assert "36 rows, 12 images, 480 units (image x emotion), 2 people, 1 models" in text
    assert "human-1 - human-2" in text
    assert "human-1 - gpt" not in text
    assert "Nobody rated above 0: Amusement, Elation" in text
    assert "nan" not in text


def test_the_protocol_ranks_models_beside_people(ratings_file: Path):
    text = protocol(ratings_file).as_text()
    assert "people (2) - models (1)" in text
    assert "Anger *" in text
    assert "nan" not in text


@pytest.mark.parametrize("report", [agreement, protocol])
def test_json_has_full_precision_and_null_for_what_is_undefined(ratings_file: Path, report):
    made = report(ratings_file)
    read = json.loads(json.dumps(made.as_dict(), allow_nan=False))
    assert read["file"] == str(ratings_file)
    if read["kind"] == "ratings":
        by_name = {emotion["emotion"]: emotion for emotion in read["figures"]["emotions"]}
        assert by_name["Elation"]["alpha"]["alpha"] is None
        assert by_name["Fear"]["alpha"]["alpha"] == 1
        assert read["figures"]["alpha"] == made.figures.alpha
    else:
        assert read["kind"] == "protocol"
        assert read["figures"]["annotators"][2]["kappa"]["all"] == made.figures.annotators[2].kappa.all


def test_the_protocol_refuses_votes(votes_file: Path):
    with pytest.raises(InputError, match="holds votes; the HQ protocol needs ratings"):
        protocol(votes_file)
