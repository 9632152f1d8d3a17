import re

import pytest

from pipeline.errors import InputError
from pipeline.planning.vocabulary import Vocabulary, find_level, load_vocabulary
from pipeline.resources import prompts_dir


def test_the_taxonomy_holds_the_40_emotions_in_7_groups(vocabulary: Vocabulary):
    assert len(vocabulary.emotions) == 40
    assert len({emotion.group for emotion in vocabulary.emotions}) == 7
    assert len({emotion.slug for emotion in vocabulary.emotions}) == 40
    assert all(len(emotion.descriptors) >= 2 for emotion in vocabulary.emotions)


def test_slugs_are_lower_case_words_that_can_stand_in_an_id(vocabulary: Vocabulary):
    levels = [level for preset in vocabulary.presets.values() for level in (*preset.ethnicities, *preset.genders)]
    for slug in [entry.slug for entry in (*vocabulary.emotions, *levels)]:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)


def test_hopelessness_is_an_alias_of_helplessness(vocabulary: Vocabulary):
    assert vocabulary.emotion("Hopelessness") is vocabulary.emotion("Helplessness")


def test_the_14_labels_of_the_paper_fold_into_the_8_groups_of_the_balanced_preset(vocabulary: Vocabulary):
    emonet, balanced = vocabulary.presets["emonet"], vocabulary.presets["balanced"]
    assert (len(emonet.ethnicities), len(emonet.ages), len(emonet.genders)) == (14, 7, 2)
    assert {label.group for label in emonet.ethnicities} == {level.slug for level in balanced.ethnicities}


def test_nobody_under_20_is_in_a_preset(vocabulary: Vocabulary):
    assert min(age for preset in vocabulary.presets.values() for age in preset.ages) >= 20


def test_a_misspelt_name_is_answered_with_the_nearest(vocabulary: Vocabulary):
    with pytest.raises(InputError, match="unknown emotion 'agner'; did you mean 'Anger'"):
        vocabulary.emotion("agner")
    with pytest.raises(InputError, match="unknown ethnicity 'blak'; did you mean 'Black'"):
        find_level("blak", vocabulary.presets["balanced"].ethnicities, "ethnicity", vocabulary.folder)


def test_a_new_emotion_is_a_line_of_yaml(tmp_path):
    for name in ("taxonomy.yaml", "demographics.yaml", "templates.yaml"):
        (tmp_path / name).write_text((prompts_dir() / name).read_text())
    with (tmp_path / "taxonomy.yaml").open("a") as file:
        file.write("  - {slug: boredom, name: Boredom, group: Added, descriptors: [boredom, tedium]}\n")
    assert load_vocabulary(tmp_path).emotion("boredom").descriptors == ("boredom", "tedium")


def test_a_broken_file_is_named(tmp_path):
    with pytest.raises(InputError, match="taxonomy.yaml: cannot be read"):
        load_vocabulary(tmp_path)
    (tmp_path / "taxonomy.yaml").write_text("emotions: [")
    with pytest.raises(InputError, match="taxonomy.yaml: not valid YAML"):
        load_vocabulary(tmp_path)
