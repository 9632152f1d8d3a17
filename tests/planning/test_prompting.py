from dataclasses import replace

import pytest

from pipeline.errors import InputError
from pipeline.planning.grid import make_grid
from pipeline.planning.prompting import Prompter
from pipeline.planning.vocabulary import Template
from tests.conftest import make_spec


@pytest.fixture
def prompter(vocabulary):
    return Prompter(vocabulary, "portrait", ("subtle", "plain", "intense"))


@pytest.fixture
def cell(vocabulary):
    return make_grid(make_spec(grid={"emotions": ["awe"]}), vocabulary).cell(0)


def test_a_prompt_says_age_ethnicity_gender_two_descriptors_and_full_face(prompter, cell):
    text = prompter.prompt(cell, 0).text
    assert "20-year-old Black woman" in text
    assert "full face" in text or "face fully" in text or "whole face" in text
    assert sum(word in text for word in cell.emotion.descriptors) >= 2


def test_a_prompt_depends_on_the_slot_alone(vocabulary, prompter, cell):
    again = Prompter(vocabulary, "portrait", ("subtle", "plain", "intense"))
    assert [again.prompt(cell, index) for index in (5, 3)] == [prompter.prompt(cell, index) for index in (5, 3)]


def test_intensity_descriptors_and_wording_vary_over_a_cell(prompter, cell):
    prompts = [prompter.prompt(cell, index) for index in range(18)]
    assert {prompt.intensity for prompt in prompts[:3]} == {"subtle", "plain", "intense"}
    assert len({prompt.text for prompt in prompts}) == 18
    assert len({prompt.text.split()[0] for prompt in prompts}) == 3


def test_every_pair_of_descriptors_meets_every_intensity_before_one_repeats(vocabulary):
    grid = make_grid(make_spec(), vocabulary)
    bare = Template("bare", person="", feeling="{first}/{second}", variants=("{feeling}",))
    prompter = Prompter(replace(vocabulary, templates={"bare": bare}), "bare", ("subtle", "plain", "intense"))
    for number in range(0, len(grid.quotas), 112):
        cell = grid.cell(number)
        combinations = 3 * len(cell.emotion.descriptors) * (len(cell.emotion.descriptors) - 1)
        prompts = [prompter.prompt(cell, index) for index in range(combinations)]
        assert len({(prompt.intensity, prompt.text) for prompt in prompts}) == combinations


def test_an_unknown_template_or_intensity_is_answered_with_the_nearest(vocabulary):
    with pytest.raises(InputError, match="'portrat' is not in .*templates.yaml; did you mean 'portrait'"):
        Prompter(vocabulary, "portrat", ("plain",))
    with pytest.raises(InputError, match="'intens' is not in .*templates.yaml; did you mean 'intense'"):
        Prompter(vocabulary, "portrait", ("intens",))
