"""`emonet serve` with a real Prefect server, and a run launched through its API as the UI does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def wait_for(what, seconds=240):
    """What comes of a call, tried again while the server is not up, or busy (503, which Prefect's own client repeats too)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if (found := what()) is not None:
                return found
        except OSError:
            pass
        time.sleep(1)
    pytest.fail(f"nothing within {seconds} s")


@pytest.fixture
def served(tmp_path):
    port = free_port()
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipeline.cli", "serve", "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    yield f"http://127.0.0.1:{port}/api"
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)


def test_a_dataset_can_be_launched_from_the_served_deployment(served, tmp_path):
    deployment = wait_for(lambda: call(f"{served}/deployments/name/generate-dataset/emonet"))
    grid = {"emotions": ["anger"], "ethnicities": ["white"], "ages": [30], "genders": ["man"]}
    parameters = {"spec": "demo", "output": str(tmp_path / "out"), "steps": 6, "detector": "embedded", **grid}
    asked = {"parameters": parameters, "idempotency_key": "once"}
    run = wait_for(lambda: call(f"{served}/deployments/{deployment['id']}/create_flow_run", asked))

    def ended():
        state = call(f"{served}/flow_runs/{run['id']}")["state"]
        return state if state["type"] in {"COMPLETED", "FAILED", "CRASHED"} else None

    assert wait_for(ended)["type"] == "COMPLETED"
    assert (tmp_path / "out" / "sheet.png").is_file()
