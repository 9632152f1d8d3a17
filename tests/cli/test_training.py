"""`emonet train` and `emonet predict` as a user types them: real processes, real exit codes."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.commands import ROOT, start
from tests.commands import emonet as command
from tests.tiny_encoders import save_tiny_encoder
from tests.training.making import colour_dataset


def emonet(*arguments):
    told = command(*arguments)
    return told.returncode, told.stdout, told.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli-train")
    colour_dataset(folder / "colours")
    save_tiny_encoder(folder / "tiny")
    return folder


def test_train_and_predict_show_an_example_without_loading_torch():
    for name in ("train", "predict"):
        code = f"import sys; from pipeline.cli.main import main; main(['{name}', '--help'], standalone_mode=False); "
        told = subprocess.run(
            [sys.executable, "-c", code + "sys.exit('torch' in sys.modules)"], capture_output=True, text=True, cwd=ROOT
        )
        assert told.returncode == 0, told.stderr
        assert f"emonet {name} " in told.stdout.partition("Example")[2]


def test_a_killed_training_goes_on_and_its_model_scores_pictures(made, tmp_path):
    train = ["train", made / "colours", "--encoder", made / "tiny", "--output", tmp_path / "model", "--batch-size", "8"]
    train += ["--epochs", "80", "--patience", "80"]
    process = start(*train)
    deadline = time.monotonic() + 120
    while not (tmp_path / "model" / "checkpoint.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (tmp_path / "model" / "checkpoint.pt").exists()
    assert not (tmp_path / "model" / "outcome.json").exists()
    code, out, err = emonet(*train, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["epochs"] == 80
    code, out, _ = emonet(*train)
    assert code == 0
    assert "was finished before" in out
    code, out, _ = emonet("predict", tmp_path / "model", made / "colours", "--split", "test", "--json")
    assert code == 0
    assert len(json.loads(out)["pictures"]) == 24


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "{made}/colours", "--encoder", "{made}/colours"], "no vision model"),
        (["predict", "{made}/nowhere", "{made}/colours"], "no such model"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(made, tmp_path, arguments, message):
    arguments = [argument.format(made=made) for argument in arguments]
    output = ["--output", tmp_path / "model"] if arguments[0] == "train" else []
    code, _, err = emonet(*arguments, *output)
    assert code == 2, err
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "model").exists()
