"""The commands about this machine: what it has, and the Prefect UI that it can serve."""

import json
from dataclasses import asdict

import click

from pipeline.cli.ending import Terminated
from pipeline.cli.options import as_json
from pipeline.cli.server import named_server, reach_loopback, require_answer
from pipeline.errors import RunError


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Say what this machine has and lacks.

    Devices, models, detectors, versions.

    \b
    Example:
      emonet doctor --json
    """
    from pipeline.doctor import examine

    findings = examine()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            click.echo(f"{'ok ' if finding.ok else 'no '} {finding.name:<{width}}  {finding.text}")
    missing = [finding.name for finding in findings if finding.needed and not finding.ok]
    if missing:
        raise RunError(f"missing: {', '.join(missing)}")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=4200, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the flows to the Prefect UI.

    Starts a Prefect server where neither PREFECT_API_URL nor Prefect's active profile names one.

    \b
    Example:
      emonet serve --port 4201
    """
    reach_loopback()
    if server := named_server():
        require_answer(server)
    from flows.serve import serve_flows

    serve_flows(host, port, server)
    raise Terminated  # nothing else makes it return: Prefect's runner takes SIGTERM for itself
