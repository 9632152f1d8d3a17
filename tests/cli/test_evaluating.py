"""`emonet evaluate` as a user types it: real processes, real exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.evaluation.sources.dataset import open_dataset, read_rows
from pipeline.planning.vocabulary import load_vocabulary
from tests.commands import ROOT
from tests.commands import emonet as command
from tests.store.making import make_dataset

LOADED = """
import sys
from pipeline.cli.main import main
try:
    main(["evaluate", "--help"])
except SystemExit as end:
    heavy = {"torch", "sklearn", "matplotlib", "prefect", "transformers", "scipy"} & set(sys.modules)
    sys.exit(f"imported {heavy}" if heavy or end.code else 0)
"""


def emonet(*arguments: object) -> subprocess.CompletedProcess:
    return command("evaluate", *arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[str, str]:
    """A dataset, and a file of scores that are right on every picture."""
    folder = tmp_path_factory.mktemp("made")
    dataset = make_dataset(str(folder / "data")).storage.url
    rows = read_rows(open_dataset(dataset), "all")
    names = [emotion.name for emotion in load_vocabulary().emotions]
    values = 7 * (np.array(rows.requested)[:, None] == names)
    pq.write_table(pa.table({"id": rows.ids, **dict(zip(names, values.T, strict=True))}), folder / "ours.parquet")
    return dataset, str(folder / "ours.parquet")


def test_help_shows_examples_and_loads_nothing_heavy():
    answer = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    assert "emonet evaluate outputs/models/demo-requested-small outputs/demo --output report" in answer.stdout


def test_the_table_is_printed_and_the_page_written(made: tuple[str, str], tmp_path: Path):
    dataset, scores = made
    answer = emonet(scores, dataset, "--split", "all", "--output", tmp_path / "report")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(f"{dataset}: ours on 16 pictures of every split; labels are what was requested")
    assert answer.stdout.endswith(f"report: {tmp_path / 'report' / 'report.html'}\n")
    assert (tmp_path / "report" / "report.html").is_file()
    assert answer.stderr == ""


def test_json_is_all_that_is_printed(made: tuple[str, str], tmp_path: Path):
    dataset, scores = made
    answer = emonet(scores, dataset, "--baseline", scores, "--json", "--output", tmp_path / "report")
    figures = json.loads(answer.stdout)["figures"]
    assert figures["overall"]["top1"]["value"] == 1
    assert [one["name"] for one in figures["baselines"]] == ["random", "majority", "ours"]


def test_bad_input_is_one_line_and_exit_code_2(made: tuple[str, str], tmp_path: Path):
    dataset, scores = made
    for arguments, complaint in [
        ((tmp_path / "none", dataset), "no such model"),
        ((scores, tmp_path), "no dataset here"),
    ]:
        answer = emonet(*arguments)
        assert answer.returncode == 2
        assert complaint in answer.stderr
        assert answer.stderr.count("\n") == 1
        assert answer.stdout == ""
