"""Imports run one way, and the light rooms stay light (ARCHITECTURE.md)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = [
    {"errors", "resources", "digest"},
    {"hub"},
    {"planning"},
    {"attempts"},
    {"imaging", "progress"},
    {"generators", "faces", "store"},
    {"run", "labels", "doctor"},
    {"training"},
    {"evaluation"},
    {"cli"},
]
"""Rooms of pipeline/, the ground first: a room imports from lower floors and from itself."""

LIGHT = [
    "cli.main",
    "planning.request",
    "planning.plan",
    "attempts.verdict",
    "attempts.ledger",
    "store.folder",
    "store.verify",
    "run.dataset_run",
    "run.outcome",
    "run.forecast",
    "evaluation.agreement",
    "evaluation.evaluate",
]


def modules() -> dict[str, Path]:
    """Every file of pipeline/ by its module's name."""
    files = sorted((ROOT / "pipeline").rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imported(path: Path) -> Iterator[str]:
    """What a file imports, lazily or not: `from a import b` may name the module a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    return module.split(".")[1]


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


NAMED = [name for name in modules() if name != "pipeline"]


@pytest.mark.parametrize("module", NAMED)
def test_a_room_imports_only_from_lower_floors(module):
    room = room_of(module)
    others = {room_of(name) for name in imported(modules()[module]) if name in modules() and name != "pipeline"} - {
        room
    }
    allowed = {other for rooms in FLOORS[: floor_of(room)] for other in rooms}
    assert others <= allowed


@pytest.mark.parametrize("module", NAMED)
def test_only_the_command_line_knows_prefect(module):
    if room_of(module) != "cli":
        assert not {name.split(".")[0] for name in imported(modules()[module])} & {"prefect", "flows"}


def test_no_two_files_import_each_other_lazily_or_not():
    graph = {name: {other for other in imported(path) if other in modules()} for name, path in modules().items()}
    list(TopologicalSorter(graph).static_order())  # raises CycleError with the circle


@pytest.mark.parametrize("module", LIGHT)
def test_light_rooms_need_neither_torch_nor_prefect(module):
    code = f"import sys, pipeline.{module}; sys.exit(' '.join({{'torch', 'prefect', 'diffusers'}} & set(sys.modules)) or 0)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).returncode == 0
