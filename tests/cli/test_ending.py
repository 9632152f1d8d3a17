"""However a command ends, it ends with one line and the right exit code."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import ROOT, environment, start

SMALL = ["generate", "demo", "--steps", "6", "--detector", "embedded", "--emotions", "anger,fear"]

SLOW = """
import time
from pipeline.cli.main import main

@main.command()
def slow():
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        time.sleep({saving})
        print("saved", flush=True)

main(["slow"])
"""

WRONG = """
from pipeline.cli.main import main

@main.command()
def wrong():
    raise KeyError("no such\\nthing")

main(["wrong"])
"""


def script(text: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", text], stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=environment()
    )


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_a_signal_ends_a_run_in_seconds_with_its_work_spooled(tmp_path, number, code, word):
    process = start(*SMALL, "--output", tmp_path / "out")
    spooled = wait_for_spool(tmp_path / "out")
    began = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err.splitlines()[-1] == f"emonet: {word}; the same command goes on where this one stopped"
    assert "Traceback" not in err
    assert time.monotonic() - began < 30
    assert all(path.is_file() for path in spooled)
    again = start(*SMALL, "--output", tmp_path / "out")
    out, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    assert "64 of 64 pictures from 64 attempts" in out


def wait_for_spool(folder: Path) -> list[Path]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := sorted(folder.glob(".spool/*/*.parquet")):
            return found
        time.sleep(0.05)
    pytest.fail("nothing was spooled within two minutes")


def test_a_second_signal_later_ends_at_once():
    process = script(SLOW.format(saving=60))
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err == "emonet: stopped at once; the same command goes on where this one stopped\n"


def test_the_same_signal_told_twice_lets_the_work_be_saved():
    process = script(SLOW.format(saving=2))
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (143, "saved\n")
    assert err == "emonet: terminated; the same command goes on where this one stopped\n"


def test_an_error_that_nobody_foresaw_is_one_line_and_a_log():
    process = script(WRONG)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert err.startswith("emonet: unexpected KeyError: ")
    log = Path(err.rpartition("all of it: ")[2].strip().rstrip(")"))
    assert log.read_text().startswith("Traceback")
    assert "in wrong\nKeyError" in log.read_text()
    log.unlink()


def test_a_reader_that_goes_away_is_no_error():
    process = start("--help")
    process.stdout.close()
    assert process.wait(timeout=60) in (0, 1)
    assert "Traceback" not in process.stderr.read()


def test_a_background_job_that_ignores_ctrl_c_goes_on_ignoring_it():
    text = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + SLOW.format(saving=0)
    process = script(text)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=20) == 143
