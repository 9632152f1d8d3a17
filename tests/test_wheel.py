"""An installed wheel works as the clone does: prompts and weights travel with it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    built, site = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(built), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    return site


def emonet(installed, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "pipeline.cli", *arguments]
    return subprocess.run(command, cwd=installed, env=environment, capture_output=True, text=True, check=True).stdout


def test_prompts_and_weights_travel_with_the_wheel(installed):
    findings = {finding["name"]: finding for finding in json.loads(emonet(installed, "doctor", "--json"))}
    for name in ("bundled model", "prompts"):
        assert findings[name]["ok"]
        assert str(installed) in findings[name]["text"]


def test_the_bundled_specs_plan_from_the_wheel(installed):
    assert json.loads(emonet(installed, "plan", "demo", "--json"))["pictures"] == 320


def test_the_bundled_model_of_the_wheel_makes_pictures(installed):
    assert json.loads(emonet(installed, "plan", "demo", "--time", "--json"))["seconds_an_attempt"] > 0
