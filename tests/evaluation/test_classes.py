from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.evaluation.sources.classes import load_mapping, read_classes
from pipeline.planning.vocabulary import load_vocabulary

NAMES = tuple(emotion.name for emotion in load_vocabulary().emotions)
TWO = "name: two\nclasses:\n  bad: {aliases: [evil], emotions: [anger, Fear]}\n  good: {emotions: [elation]}\n"


@pytest.fixture
def two(tmp_path: Path):
    (tmp_path / "two.yaml").write_text(TWO)
    return load_mapping(str(tmp_path / "two.yaml"))


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(("name", "classes"), [("ferplus8", 8), ("fer7", 7)])
def test_bundled_mappings_hold_the_classes_they_say(name: str, classes: int):
    mapping = load_mapping(name)
    assert (mapping.name, len(mapping.classes)) == (name, classes)
    assert {emotion for mapped in mapping.classes.values() for emotion in mapped.emotions} <= set(NAMES)


def test_a_class_scores_what_the_highest_of_its_emotions_scores(two):
    values = np.zeros((2, 40))
    values[0, [NAMES.index("Anger"), NAMES.index("Fear")]] = 2, 5
    values[1, [NAMES.index("Elation"), NAMES.index("Sadness")]] = 3, 7
    np.testing.assert_array_equal(two.scores(NAMES, values), [[5, 0], [0, 3]])


def test_a_folder_of_classes_is_read_by_name_or_alias(two, tmp_path: Path):
    found = read_classes(put(tmp_path / "set", "Evil/1.png", "evil/deep/2.jpg", "good/1.png", "good/notes.txt"), two)
    assert found.pictures.ids == ("Evil/1.png", "evil/deep/2.jpg", "good/1.png")
    assert found.classes == ("bad", "bad", "good")
    assert all(path.is_file() for path in found.pictures.paths())


def test_a_csv_of_classes_counts_paths_from_its_own_folder(two, tmp_path: Path):
    put(tmp_path, "faces/1.png", "faces/2.png")
    (tmp_path / "labels.csv").write_text("split,path,label\ntest,faces/2.png,GOOD\ntest,faces/1.png,evil\n")
    found = read_classes(tmp_path / "labels.csv", two)
    assert (found.pictures.ids, found.classes) == (("faces/2.png", "faces/1.png"), ("good", "bad"))
    assert found.pictures.paths() == [tmp_path / "faces/2.png", tmp_path / "faces/1.png"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("path,labels\n", "no column 'label'; did you mean 'labels'?"),
        ("path,label\n1.png,goood\n", "line 2: unknown class 'goood' in mapping two; did you mean 'good'?"),
        ("path,label\n1.png,\n", "line 2: has no label"),
        ("path,label\nnone.png,good\n", "line 2: no file"),
        ("path,label\n1.png,good\n1.png,bad\n", "line 3: 1.png is good above"),
        ("path,label\n1.png,good\n", "no pictures of bad; take a mapping without it"),
        ('path,label\n"1.png,good\n', "is not valid CSV"),
        ("path,label\n1.png\n", "line 2: has no label"),
        ("path,label\n", "no pictures of bad, good"),
    ],
)
def test_a_wrong_csv_is_one_line(two, tmp_path: Path, content: str, complaint: str):
    put(tmp_path, "1.png")
    file = tmp_path / "labels.csv"
    file.write_text(content)
    with pytest.raises(InputError) as error:
        read_classes(file, two)
    assert str(error.value).startswith(str(file))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_folder_is_one_line(two, tmp_path: Path):
    with pytest.raises(InputError, match="is not there"):
        read_classes(tmp_path / "none", two)
    with pytest.raises(InputError, match="holds no folders; each class needs one of its name: bad, good"):
        read_classes(put(tmp_path / "flat", "1.png"), two)
    with pytest.raises(InputError, match="unknown class 'ugly' in mapping two"):
        read_classes(put(tmp_path / "three", "good/1.png", "bad/1.png", "ugly/1.png"), two)
    with pytest.raises(InputError, match="no pictures of good; take a mapping without it"):
        read_classes(put(tmp_path / "empty", "good/notes.txt", "bad/1.png"), two)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("name: [", "not valid YAML"),
        ("", "the file: Input should be"),
        ("name: x\nclasses: {a: {emotions: [anger]}}\n", "classes: Dictionary should have at least 2 items"),
        (TWO.replace("anger", "rage"), "classes.bad.emotions: unknown emotion 'rage'"),
        (TWO.replace("elation", "fear"), "Fear is in bad and in good; keep one"),
        (TWO.replace("elation", ""), "classes.good.emotions"),
        (TWO.replace("aliases", "alias"), "classes.bad.alias: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_mapping_is_one_line(tmp_path: Path, content: str, complaint: str):
    file = tmp_path / "mapping.yaml"
    file.write_text(content)
    with pytest.raises(InputError) as error:
        load_mapping(str(file))
    assert str(error.value).startswith(str(file))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_mapping_that_is_not_there_is_suggested():
    with pytest.raises(InputError, match="mapping ferplus: cannot be read .*; did you mean 'ferplus8'"):
        load_mapping("ferplus")
