"""Imports run one way, and the light rooms stay light (ARCHITECTURE.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ASKED = {
    "errors",
    "resources",
    "vocabulary",
    "spec",
    "grid",
    "plan",
    "prompting",
    "request",
    "verdict",
    "attempt",
    "emotions",
}
MADE = {"generators", "faces", "checks", "store", "imaging", "tally", "hub", "digest"}
WORKED = {"ledger", "worker"}
RUN = {"engine", "run", "outcome", "sheet", "progress", "forecast", "doctor"}
MAY_IMPORT = {
    **dict.fromkeys(ASKED, ASKED),
    **dict.fromkeys(MADE, ASKED | MADE),
    **dict.fromkeys(WORKED, ASKED | MADE | WORKED),
    **dict.fromkeys(RUN, ASKED | MADE | WORKED | RUN),
    "published": ASKED | {"published"},
    "annotations": ASKED | {"store", "published", "annotations"},
    "evaluation": ASKED | MADE | {"published", "annotations", "training", "evaluation"},
    "training": ASKED | MADE | {"published", "annotations", "progress", "training"},
    "cli": ASKED | MADE | WORKED | RUN | {"evaluation", "training"},
}
LIGHT = [
    "cli",
    "request",
    "plan",
    "verdict",
    "attempt",
    "store.folder",
    "store.verify",
    "ledger",
    "outcome",
    "forecast",
    "evaluation.agreement",
    "evaluation.evaluate",
]


def modules():
    return sorted(path for path in (ROOT / "pipeline").rglob("*.py") if path.name != "__init__.py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_rooms_before_it(path):
    room = path.relative_to(ROOT / "pipeline").parts[0].removesuffix(".py")
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("pipeline.")}
    assert rooms <= MAY_IMPORT[room]
    if room != "cli":
        assert not any(name.split(".")[0] in {"prefect", "flows"} for name in imported(path))


@pytest.mark.parametrize("module", LIGHT)
def test_light_rooms_need_neither_torch_nor_prefect(module):
    code = f"import sys, pipeline.{module}; sys.exit(' '.join({{'torch', 'prefect', 'diffusers'}} & set(sys.modules)) or 0)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).returncode == 0
