"""`emonet generate`, `plan`, `verify` and their like as a user types them."""

import json
from pathlib import Path

import pytest

from tests.commands import emonet
from tests.datasets_made import make, small_request
from tests.tiny_pipelines import save_tiny_stable_diffusion


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "made"
    make(small_request(folder))
    return folder


def test_every_command_shows_an_example():
    for command in ("generate", "plan", "verify", "doctor", "agreement", "serve"):
        told = emonet(command, "--help")
        assert told.returncode == 0
        assert "Example" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--emotions", "agner"], "unknown emotion 'agner'; did you mean 'Anger'"),
        (["--ages", "17"], "age 17 is refused"),
        (["--ages", "young"], "'young' is not a list of years"),
        (["--images-per-cell", "-1"], "images_per_cell: input should be greater than or equal to 1, not -1"),
        (["nospec"], "no spec 'nospec'"),
        (["--model", "./nowhere"], "nowhere"),
        (["--model", "nobody/no-such-model"], "no-such-model"),
        (["--output", "/proc/emonet"], "/proc/emonet"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(tmp_path, arguments, message):
    output = [] if "--output" in arguments else ["--output", tmp_path / "out"]
    told = emonet("generate", *arguments, *output)
    assert told.returncode == 2, told.stderr
    assert message in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nimages_per_cel: 3\n", "images_per_cel: unknown field; did you mean 'images_per_cell'"),
        ("name: x\nweights: {emotion: {awe: -1}}\n", "weights.emotion.awe: -1 cannot be met"),
        ("name: x\ngrid: {ages: [17]}\n", "age 17 is refused"),
        ("name: [", "not valid YAML"),
    ],
)
def test_a_bad_spec_file_gets_one_line_with_its_name(tmp_path, text, message):
    (tmp_path / "bad.yaml").write_text(text)
    told = emonet("generate", tmp_path / "bad.yaml", "--output", tmp_path / "out")
    assert told.returncode == 2
    assert message in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_folder_of_pickles_is_refused(tmp_path):
    model = save_tiny_stable_diffusion(tmp_path / "model")
    for weights in model.rglob("*.safetensors"):
        weights.rename(weights.with_suffix(".bin"))
    told = emonet("generate", "--model", model, "--output", tmp_path / "out")
    assert told.returncode == 2
    assert "safetensors" in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "out").exists()


def test_generate_makes_a_dataset_and_names_its_contact_sheet(tmp_path):
    grid = ["--emotions", "anger", "--ethnicities", "black,white", "--ages", "30", "--genders", "man"]
    told = emonet("generate", *grid, "--steps", "6", "--detector", "embedded", "--output", tmp_path / "out", "--json")
    assert told.returncode == 0, told.stderr
    outcome = json.loads(told.stdout)
    assert outcome["accepted"] == outcome["wanted"] == 2
    assert Path(outcome["sheet"]).is_file()


def test_generate_with_random_weights_ends_by_the_breaker(tmp_path):
    model = save_tiny_stable_diffusion(tmp_path / "model")
    told = emonet("generate", "--model", model, "--steps", "1", "--output", tmp_path / "out", "--detector", "embedded")
    assert told.returncode == 1
    assert "rejects.png" in told.stderr.splitlines()[-1]
    assert "Traceback" not in told.stderr


def test_plan_tells_cells_quotas_and_shards(tmp_path):
    told = emonet("plan", "emonet-big", "--output", tmp_path / "big", "--json")
    assert told.returncode == 0
    forecast = json.loads(told.stdout)
    assert (forecast["cells"], forecast["pictures"], forecast["there"]) == (7840, 203_840, 0)
    assert not (tmp_path / "big").exists()


def test_verify_says_what_is_wrong_and_how_to_mend_it(made):
    assert emonet("verify", made).returncode == 0
    shard = made / "data" / "train-00000.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:1000])
    verified, resumed = emonet("verify", made), emonet("generate", "demo", "--output", made)
    shard.write_bytes(whole)
    for told in (verified, resumed):
        assert told.returncode == 2
        assert "train-00000" in told.stderr
        assert "--repair" in told.stderr
        assert "Traceback" not in told.stderr


def test_verify_of_no_dataset_is_bad_input(tmp_path):
    told = emonet("verify", tmp_path)
    assert told.returncode == 2
    assert "no dataset here" in told.stderr


def test_doctor_finds_what_the_default_path_needs():
    told = emonet("doctor", "--json")
    assert told.returncode == 0, told.stderr
    findings = {finding["name"]: finding for finding in json.loads(told.stdout)}
    assert findings["bundled model"]["ok"]
    assert findings["embedded detector"]["ok"]


def test_agreement_reads_votes(tmp_path):
    votes = "".join(f"{image:03d}.png,{who},{image % 3 != who},Anger\n" for image in range(9) for who in range(2))
    (tmp_path / "binary.csv").write_text("path,annotator,value,emotion\n" + votes)
    told = emonet("agreement", tmp_path / "binary.csv")
    assert told.returncode == 0, told.stderr
    assert "18 votes, 9 images" in told.stdout
    refused = emonet("agreement", tmp_path / "none.csv")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
