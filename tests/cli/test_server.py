"""A server that is named is used or told to be dead; where none is named, none is needed."""

import os
import socket
import subprocess
import sys
import time

import pytest

from pipeline.cli.server import named_server, reach_loopback
from pipeline.errors import InputError
from tests.commands import ROOT, emonet, environment
from tests.datasets_made import pictures

SMALL = ["demo", "--steps", "6", "--detector", "embedded", "--emotions", "anger", "--ethnicities", "white"]

NO_PREFECT = """
import sys
from pipeline.cli.main import main
main(["generate", *sys.argv[1:]], standalone_mode=False)
sys.exit("prefect" in sys.modules)
"""


@pytest.fixture
def profiles(tmp_path, monkeypatch):
    """Writes Prefect's profiles; no other setting is in the environment."""
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    return (tmp_path / "profiles.toml").write_text


TWO = """
active = "local"

[profiles.local]
PREFECT_API_URL = "http://127.0.0.1:4200/api"

[profiles.ephemeral]
PREFECT_SERVER_ALLOW_EPHEMERAL_MODE = "true"
"""


def test_the_active_profile_names_a_server(profiles, monkeypatch):
    assert named_server() == ""
    profiles(TWO)
    assert named_server() == "http://127.0.0.1:4200/api"
    monkeypatch.setenv("PREFECT_PROFILE", "ephemeral")
    assert named_server() == ""


def test_the_environment_overrules_the_profile_even_with_nothing(profiles, monkeypatch):
    profiles(TWO)
    monkeypatch.setenv("PREFECT_API_URL", "http://other/api")
    assert named_server() == "http://other/api"
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert named_server() == ""


def test_profiles_that_are_no_toml_are_named(profiles):
    profiles("active = ")
    with pytest.raises(InputError, match=r"profiles.toml: Prefect's profiles are not valid TOML"):
        named_server()


def test_no_home_is_no_server(monkeypatch):
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH", "PREFECT_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/dev/null")
    assert named_server() == ""


def test_loopback_joins_the_hosts_that_need_no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet,localhost")
    monkeypatch.setenv("no_proxy", "")
    reach_loopback()
    reach_loopback()
    assert os.environ["NO_PROXY"] == "intranet,localhost,127.0.0.1,::1"
    assert os.environ["no_proxy"] == "127.0.0.1,localhost,::1"


def test_a_dead_server_is_one_line_within_ten_seconds(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        api = f"http://127.0.0.1:{nobody.getsockname()[1]}/api"
        refused = emonet("generate", "--output", tmp_path / "out", PREFECT_API_URL=api)
        nobody.listen()  # takes the connection, and never says a word
        began = time.monotonic()
        mute = emonet("generate", "--output", tmp_path / "out", PREFECT_API_URL=api)
        seconds = time.monotonic() - began
    for told in (refused, mute):
        assert told.returncode == 1
        assert told.stderr.startswith(f"emonet: the Prefect server at {api} gives no answer (")
        assert told.stderr.count("\n") == 1
    assert seconds < 15  # the wait is eight
    assert not (tmp_path / "out").exists()


def test_without_a_server_prefect_is_not_even_imported(tmp_path):
    command = [sys.executable, "-c", NO_PREFECT, *SMALL, "--output", str(tmp_path / "out")]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment())
    assert told.returncode == 0, told.stderr
    assert "4 of 4 pictures" in told.stdout


def test_no_home_a_dead_proxy_and_an_empty_environment_do_no_harm(tmp_path):
    plain = emonet("generate", *SMALL, "--output", tmp_path / "plain")
    assert plain.returncode == 0, plain.stderr
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    odd = emonet("generate", *SMALL, "--output", tmp_path / "odd", HOME="/dev/null", **proxies)
    assert odd.returncode == 0, odd.stderr
    bare = subprocess.run(
        ["env", "-i", f"PATH={environment()['PATH']}", sys.executable, "-m", "pipeline.cli", "generate", *SMALL,
         "--output", str(tmp_path / "bare")],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert bare.returncode == 0, bare.stderr
    assert pictures(tmp_path / "plain") == pictures(tmp_path / "odd") == pictures(tmp_path / "bare")
