"""The `emonet` command as a user types it: real processes, real exit codes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def environment(**more: str) -> dict[str, str]:
    """The environment of a command of this tree, offline and with no Prefect server named, and `more`."""
    ours = {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "PREFECT_API_URL": ""}
    return {**os.environ, **ours, **more}


def start(*arguments: object, cwd: Path = ROOT, **more: str) -> "subprocess.Popen[str]":
    """A command at work."""
    command = [sys.executable, "-m", "pipeline.cli", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=cwd, env=environment(**more))


def emonet(*arguments: object, cwd: Path = ROOT, **more: str) -> "subprocess.CompletedProcess[str]":
    """A command that has ended."""
    process = start(*arguments, cwd=cwd, **more)
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
