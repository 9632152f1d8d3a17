"""The `emonet` command itself."""

import os

import click

from pipeline.cli.datasets import generate, plan, verify
from pipeline.cli.ending import Emonet
from pipeline.cli.machine import doctor, serve
from pipeline.cli.models import agreement, evaluate, predict, train


@click.group(cls=Emonet, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="emonet-face-big")
def main() -> None:
    """Exact, balanced, audited sets of synthetic faces: demographics x 40 emotions."""
    # On the CPU, torch's idle threads sleep instead of spinning, since detection needs the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


for command in (generate, plan, verify, doctor, serve, train, predict, evaluate, agreement):
    main.add_command(command)
