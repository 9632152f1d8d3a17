"""Serves the deployments; starts a Prefect server of its own where none is named."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import click

from pipeline.errors import RunError

SECONDS_TO_START = 90


def serve_flows(host: str, port: int, api: str = "") -> None:
    """Serves until interrupted, on the server at `api` or on one of its own. RunError where that does not come up."""
    if api:
        _serve(api)
        return
    with _server(host, port) as api:
        os.environ["PREFECT_API_URL"] = api
        _serve(api)


def _serve(api: str) -> None:
    from prefect import serve
    from prefect.deployments.runner import RunnerDeployment

    from flows.evaluate import evaluate_model
    from flows.generate import generate_dataset, repair_dataset
    from flows.train import train_model

    click.echo(f"Prefect UI: {api.removesuffix('/api')}/deployments  (Ctrl-C ends)")
    flows = (generate_dataset, repair_dataset, train_model, evaluate_model)
    deployments = [made.to_deployment("emonet", tags=["emonet"]) for made in flows]
    warnings.filterwarnings("ignore", "coroutine 'Runner.astop'")  # Prefect's runner says so when it is terminated
    serve(*cast(list[RunnerDeployment], deployments))


@contextmanager
def _server(host: str, port: int) -> Iterator[str]:
    api = f"http://{host}:{port}/api"
    environment = {**os.environ, "PREFECT_SERVER_UI_API_URL": api}
    start = ["prefect", "server", "start", "--host", host, "--port", str(port)]
    command = [sys.executable, "-m", "flows.with_parent", *start]
    with tempfile.TemporaryFile() as said:  # a pipe that nobody empties would stop the server once it is full
        server = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        try:
            _wait(server, api, said)
            yield api
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait(server: "subprocess.Popen[bytes]", api: str, errors: IO[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if server.poll() is not None:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise RunError(
                f"the Prefect server did not start: {said[-1] if said else 'no reason given'}; try another --port"
            )
        try:
            with urllib.request.urlopen(f"{api}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RunError(f"the Prefect server gave no answer at {api} within {SECONDS_TO_START} s")
